import { StringDecoder } from 'node:string_decoder';
import { createCommandDecoder } from '../../src/runtimes/command.ts';
import type { Row } from './row.ts';

/** As much as a pipe hands over at once. */
const CHUNK_BYTES = 64 * 1024;

/** So many chunks are prepared and go round: more than a processor's second cache holds, and quick to make. */
const CHUNKS = 16;

/** One stream of output to measure with: chunks that are pushed in a circle, cut anywhere, the last one ending with a line. */
type Output = readonly Buffer[];

/** Prepares the output of a busy agent: log lines, JSON, stack traces, prose, some of it not ASCII, and words that are almost signatures. */
function prepareLogOutput(): Output {
  return prepareOutput([
    (n) =>
      `2026-11-22T07:${two(n)}:${two(n * 7)}.${100 + (n % 900)}Z INFO scout: fetched ${n % 61} items from https://news.example/feed/${n} in ${n % 977} ms`,
    (n) =>
      `{"level":30,"time":${1_795_330_000_000 + n * 401},"pid":${4000 + (n % 900)},"name":"outbound","msg":"queued","to":"user-${n}","size":${n * 13}}`,
    (n) => `[${n}/9000] ok`,
    () => '',
    (n) => `  at run (/app/node_modules/worker/dist/index.js:${n % 4000}:13)`,
    (n) => `${two(n)}:${two(n * 3)} │ Prüfe Antwort № ${n} … „schön“, 第${n}条 ✓`,
    (n) =>
      `The draft about item ${n} reads well; I will look for two more sources before it goes to the desk, since the first one is a press release and the second only repeats what it says.`,
    (n) => `\u001b[32m✔\u001b[39m step ${n % 12} of 12 \u001b[2m(${n % 300} ms)\u001b[22m`,
    (n) =>
      `{"type":"message","id":"msg_${(n * 7919).toString(36)}","content":[{"type":"text","text":"${'Here is the summary you asked for, with each claim beside its source. '.repeat(1 + (n % 9))}"}],"usage":{"input_tokens":${n % 9000},"output_tokens":${n % 700}}}`,
    (n) =>
      n % 10 === 0
        ? `logged in as scout, ${n} messages, 12 unread`
        : `GET /v1/items/${n}?page=${n % 50} 200 ${n % 90}ms`,
    (n) => `token count ${140_000 + n}, cached ${n % 4010}, batch ${(n * 2_654_435_761).toString(16)}`,
    (n) => (n % 50 === 0 ? `try ${n}: HTTP 401 from the search api` : `DEBUG cache hit for key feed:${n}:${n % 17}`),
  ]);
}

/** Prepares output that is nothing but numbers and words which are almost signatures, and never one. */
function prepareNearMisses(): Output {
  return prepareOutput([
    (n) => `token ${140_123 + n * 10_000_000} tokens 401${n % 10} of ${n}4017`,
    (n) => `status 4012, error 4010, code 54013, author ${n} of 53501`,
    (n) => `authors invali expire logi revoke credentia 4${n}01`,
  ]);
}

/** Prepares one line with a real sign, over and over. */
function prepareSameSign(): Output {
  return prepareOutput([() => 'GET https://api.example/v2/users/me: HTTP/1.1 401 Unauthorized, will try again']);
}

/** Prepares lines with a real sign each, no two alike. */
function prepareEverNewSigns(): Output {
  return prepareOutput([(n) => `try ${n}: GET https://api.example/v2/users/me: HTTP/1.1 401 Unauthorized`]);
}

/** Pushes at least so many bytes of it through a decoder of plain output, and tells the megabytes (10^6 bytes) per second. */
function measureDecoder(output: Output, totalBytes: number): number {
  const decoder = createCommandDecoder();
  return megabytesPerSecond(output, totalBytes, (chunk) => decoder.push(chunk, 'stdout'));
}

/** The same for the least that any reader of lines does: UTF-8 becomes text, and is cut at its newlines. */
function measureBareLines(output: Output, totalBytes: number): number {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  return megabytesPerSecond(output, totalBytes, (chunk) => {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() ?? '';
  });
}

/** How fast the plain output of an agent is taken in, beside a bare reader of lines; the worst kinds of it with a part of the bytes. */
export function measureOutputIntake(totalBytes: number): readonly Row[] {
  const output = prepareLogOutput();
  const bare = measureBareLines(output, totalBytes);
  const decoder = measureDecoder(output, totalBytes);
  const nearMisses = measureDecoder(prepareNearMisses(), totalBytes / 4);
  const sameSign = measureDecoder(prepareSameSign(), totalBytes / 8);
  const newSigns = measureDecoder(prepareEverNewSigns(), totalBytes / 32);
  return [
    {
      what: 'output taken in and looked through for dead credentials',
      measured: `${decoder.toFixed(0)} MB/s, ${(decoder / bare).toFixed(1)} × bare; near misses ${nearMisses.toFixed(0)} MB/s`,
      toReach: '≥ 400 MB/s, near misses ≥ 100 MB/s',
      met: decoder >= 400 && nearMisses >= 100,
      others: `a bare reader of lines in Node ${bare.toFixed(0)} MB/s`,
      how: `chunks of 64 KiB of log lines, JSON, prose and UTF-8 → the decoder of a command agent has returned; one stream, without the log; one failing line over and over ${sameSign.toFixed(0)} MB/s, failing lines that are all different ${newSigns.toFixed(0)} MB/s`,
      numbers: { decoder, bare, nearMisses, sameSign, newSigns, totalBytes },
    },
  ];
}

function megabytesPerSecond(output: Output, totalBytes: number, take: (chunk: Buffer) => void): number {
  // Once round beforehand, so that the code is compiled.
  for (const chunk of output) take(chunk);
  const startedAt = performance.now();
  let bytes = 0;
  while (bytes < totalBytes) {
    for (const chunk of output) {
      take(chunk);
      bytes += chunk.length;
    }
  }
  return bytes / 1_000 / (performance.now() - startedAt);
}

function prepareOutput(kinds: readonly ((n: number) => string)[]): Output {
  const bytes = Buffer.alloc(CHUNKS * CHUNK_BYTES, 'x');
  for (let n = 0, at = 0; at < bytes.length; n += 1) {
    // The kinds follow each other without a period that a branch predictor could learn.
    const line = kinds[((n * 2_654_435_761) >>> 9) % kinds.length]?.(n) ?? '';
    at += bytes.write(`${line}\n`, at);
    if (bytes.length - at < 2_000) break;
  }
  bytes[bytes.length - 1] = 0x0a;
  return Array.from({ length: CHUNKS }, (_, index) => bytes.subarray(index * CHUNK_BYTES, (index + 1) * CHUNK_BYTES));
}

function two(n: number): string {
  return String(n % 60).padStart(2, '0');
}
