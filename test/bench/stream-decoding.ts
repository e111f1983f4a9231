import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Agent } from '../../src/config/fleet.ts';
import { claudeRuntime } from '../../src/runtimes/claude/claude.ts';
import { codexRuntime } from '../../src/runtimes/codex/codex.ts';
import { geminiRuntime } from '../../src/runtimes/gemini/gemini.ts';
import type { Runtime } from '../../src/runtimes/runtime.ts';
import { agentOf, runOf } from '../runtimes/agent-for-tests.ts';
import type { Row } from './row.ts';
import { compareThroughput, cutIntoChunks, type Intake, type Output } from './throughput.ts';

const RECORDED = join(import.meta.dirname, '..', 'fixtures', 'agent-clis');
/** More than a processor's second cache holds. */
const POOL_BYTES = 4_000_000;
const LEAST_SHARE = 0.6;

/** What each runtime is measured with: all that was recorded of its protocol. */
const STREAMS: readonly { readonly runtime: Runtime; readonly folders: readonly string[] }[] = [
  { runtime: claudeRuntime, folders: ['claude'] },
  { runtime: codexRuntime, folders: ['codex-app-server', 'codex-led'] },
  { runtime: geminiRuntime, folders: ['gemini-acp'] },
];

/** How fast the decoders of the agent CLIs take in what those were recorded to say, beside JSON.parse on each line. */
export function measureStreamDecoding(totalBytes: number): readonly Row[] {
  return STREAMS.map(({ runtime, folders }) => {
    const stream = prepareStream(folders);
    const { decoder, reader, bare } = compareThroughput(stream, totalBytes, {
      decoder: () => openDecoder(runtime),
      reader: openReadingParser,
      bare: () => openBareParser(stream),
    });
    const share = decoder / bare;
    return {
      what: `decoding the stream of ${runtime.name}`,
      measured: `${decoder.toFixed(0)} MB/s, ${(share * 100).toFixed(0)} % of a bare JSON.parse per line`,
      toReach: `≥ ${LEAST_SHARE * 100} %`,
      met: share >= LEAST_SHARE,
      others: `bare ${bare.toFixed(0)} MB/s; with the reading of lines ${reader.toFixed(0)} MB/s`,
      how: 'chunks of 64 KiB of its recorded runs, over and over → its decoder has returned the events; bare: nothing but JSON.parse, on strings that are lines already; with the reading: the same chunks cut into lines first',
      numbers: { decoder, reader, bare, share, totalBytes },
    };
  });
}

/** The recorded runs one after another, again and again; ids differ each time round, as they do in one long session. */
function prepareStream(folders: readonly string[]): Output {
  const recorded = folders
    .flatMap((folder) =>
      readdirSync(join(RECORDED, folder))
        .filter((file) => file.endsWith('.jsonl'))
        .sort()
        .map((file) => readFileSync(join(RECORDED, folder, file), 'utf8')),
    )
    .join('');
  const times = Math.ceil(POOL_BYTES / recorded.length);
  const rounds = Array.from({ length: times }, (_, round) =>
    recorded.replaceAll(/\b(msg|toolu|item|call)_/g, `$1_${round}x`),
  );
  return cutIntoChunks(Buffer.from(rounds.join('')));
}

function openDecoder(runtime: Runtime): Intake {
  const agent: Agent = agentOf(runtime.name);
  const { decoder } = runtime.prepare(agent, runOf());
  return {
    take: (chunk) => void decoder.push(chunk, 'stdout'),
    end: () => void decoder.end({ kind: 'exited', code: 0 }),
  };
}

/** The least that a reader of such a stream does. */
function openReadingParser(): Intake {
  let rest: Buffer = Buffer.alloc(0);
  return {
    take(chunk) {
      const bytes = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
      let start = 0;
      for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
        JSON.parse(bytes.toString('utf8', start, end));
        start = end + 1;
      }
      rest = bytes.subarray(start);
    },
  };
}

/** Parses as many lines as stand in a chunk, from strings that are there already. */
function openBareParser(stream: Output): Intake {
  const lines = Buffer.concat(stream).toString('utf8').trimEnd().split('\n');
  const total = stream.reduce((sum, { length }) => sum + length, 0);
  let next = 0;
  let owed = 0;
  return {
    take({ length }) {
      owed += (length / total) * lines.length;
      for (; owed >= 1; owed -= 1) {
        JSON.parse(lines[next] ?? '');
        next = (next + 1) % lines.length;
      }
    },
  };
}
