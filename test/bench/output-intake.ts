import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import { openLogFile } from '../../src/adapters/log-file.ts';
import { createSystemClock } from '../../src/adapters/system-clock.ts';
import { createScrubbedSpool } from '../../src/runs/scrubbed-spool.ts';
import { createSpool, decideSpoolLimits } from '../../src/runs/spool.ts';
import { createCommandDecoder } from '../../src/runtimes/command.ts';
import { createScrubber } from '../../src/secrets.ts';
import type { Row } from './row.ts';
import { compareThroughput, cutIntoChunks, type Intake, type Output } from './throughput.ts';

/** So much is prepared and goes round: more than a processor's second cache holds, and quick to make. */
const PREPARED_BYTES = 1024 * 1024;

/** The defaults of fleet.yaml. */
const LOGS_TOTAL_BYTES = 2_000_000_000;
const CONCURRENCY = 4;

/** What a fleet with a dozen logins keeps out of its logs: tokens as vendors make them, and a short password. */
const SECRETS: readonly string[] = [
  ...Array.from({ length: 11 }, (_, n) => `sk-ant-oat01-TEST-${(n * 7_919 + 1_299_709).toString(36).repeat(18)}`),
  'TESTpass',
];
const RUN_TOKEN = 'TEST-token-of-this-run-'.padEnd(43, 'q7');

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

/** How fast the plain output of an agent is taken in, beside a bare reader of lines; the worst kinds of it with a part of the bytes. */
export function measureOutputIntake(totalBytes: number): readonly Row[] {
  const folder = mkdtempSync(join(tmpdir(), 'nightdesk-bench-'));
  const { bare, decoder, spooled } = compareThroughput(prepareLogOutput(), totalBytes, {
    bare: openBareLines,
    decoder: openDecoder,
    spooled: () => openSpooled(folder),
  });
  rmSync(folder, { recursive: true, force: true });
  const worst = (output: Output, part: number): number =>
    compareThroughput(output, totalBytes / part, { worst: openDecoder }).worst;
  const nearMisses = worst(prepareNearMisses(), 4);
  const sameSign = worst(prepareSameSign(), 8);
  const newSigns = worst(prepareEverNewSigns(), 32);
  return [
    {
      what: 'plain output taken in, looked through for dead credentials, freed of a dozen secrets, spooled',
      measured: `${spooled.toFixed(0)} MB/s, ${(spooled / bare).toFixed(1)} × a bare reader of lines; near misses ${nearMisses.toFixed(0)} MB/s`,
      toReach: '≥ 400 MB/s, near misses ≥ 100 MB/s',
      met: spooled >= 400 && nearMisses >= 100,
      others: `bare ${bare.toFixed(0)} MB/s; facts: PM2 225, a bare Node line reader 451, systemd 25`,
      how: `chunks of 64 KiB of log lines, JSON, prose and UTF-8 → the decoder of a command agent and the spool on this disk, behind the search for secrets, have returned; one stream; without the spool ${decoder.toFixed(0)} MB/s; of the decoder alone: one failing line over and over ${sameSign.toFixed(0)} MB/s, failing lines that are all different ${newSigns.toFixed(0)} MB/s`,
      numbers: { spooled, decoder, bare, nearMisses, sameSign, newSigns, totalBytes },
    },
  ];
}

function openDecoder(): Intake {
  const decoder = createCommandDecoder();
  return { take: (chunk) => void decoder.push(chunk, 'stdout') };
}

/** The decoder and the log of a run, as a fleet with the defaults has them. */
function openSpooled(folder: string): Intake {
  const { take } = openDecoder();
  const clock = createSystemClock();
  const plain = createSpool(openLogFile(join(folder, randomUUID())), {
    ...decideSpoolLimits(LOGS_TOTAL_BYTES, CONCURRENCY),
    clock,
    mayWrite: () => true,
  });
  const { openStream } = createScrubber(SECRETS);
  const spool = createScrubbedSpool(plain, { clock, openStream: () => openStream([RUN_TOKEN]) });
  return {
    take(chunk) {
      take(chunk);
      spool.append(chunk);
    },
    end: spool.close,
  };
}

/** The least that any reader of lines does: UTF-8 becomes text, and is cut at its newlines. */
function openBareLines(): Intake {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  return {
    take(chunk) {
      const lines = (rest + decoder.write(chunk)).split('\n');
      rest = lines.pop() ?? '';
    },
  };
}

function prepareOutput(kinds: readonly ((n: number) => string)[]): Output {
  const bytes = Buffer.alloc(PREPARED_BYTES, 'x');
  for (let n = 0, at = 0; at < bytes.length; n += 1) {
    // The kinds follow each other without a period that a branch predictor could learn.
    const line = kinds[((n * 2_654_435_761) >>> 9) % kinds.length]?.(n) ?? '';
    at += bytes.write(`${line}\n`, at);
    if (bytes.length - at < 2_000) break;
  }
  bytes[bytes.length - 1] = 0x0a;
  return cutIntoChunks(bytes);
}

function two(n: number): string {
  return String(n % 60).padStart(2, '0');
}
