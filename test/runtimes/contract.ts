import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ProcessExit } from '../../src/ports.ts';
import type { PreparedRun, RunEvent, RunOutcome } from '../../src/runtimes/runtime.ts';
import { heapBytes } from './heap.ts';
import type { Transcript } from './transcripts.ts';

type Stream = 'stdout' | 'stderr';
type Piece = readonly [Stream, Uint8Array];

/** One seed for all: a failure is the same in each run, and fast-check prints how to repeat it. */
const SEED = 20_261_122;

/** Events that open or tell something: each costs its owner attention, so a run has a bounded number of them. */
const TELLING: readonly RunEvent['kind'][] = ['auth-sign', 'session', 'compacted', 'retrying', 'permission', 'warning'];
const MOST_TOLD = 500;

const CLASSES = 'auth rate-limit overloaded context budget not-found config timeout stuck crash lost unknown'.split(
  ' ',
);

const EXITS: readonly ProcessExit[] = [
  { kind: 'exited', code: 0 },
  { kind: 'exited', code: 1 },
  { kind: 'exited', code: 143 },
  { kind: 'signalled', signal: 'SIGKILL' },
  { kind: 'not-started', reason: 'there is no such program' },
];

const GARBAGE: readonly string[] = [
  'hello, I am no JSON',
  '',
  '   ',
  '{',
  '{"type":',
  '}{',
  '[]',
  '[1,2',
  'null',
  '42',
  '"text"',
  '\u001b[31mred\u001b[0m',
  '{"a":1}{"b":2}',
];

const UNKNOWN: readonly string[] = [
  '{}',
  '{"type":"a_kind_of_tomorrow","subtype":"x","payload":{"deep":[1,2,{"x":null}]}}',
  '{"type":null}',
  '{"type":{"type":"result"}}',
  '{"type":["result"]}',
  '{"type":"system","subtype":"a_subtype_of_tomorrow","error":"nothing"}',
  '{"__proto__":{"type":"result"},"constructor":1}',
];

/** Values of a type that nobody expects where they stand. */
// biome-ignore format: one family of values per line
const WEIRD: readonly unknown[] = [
  null, true, false, 0, -1, 0.5, 1e300, -1e300, 2 ** 53, 401,
  '', 'text', 'toString', '__proto__', 'x'.repeat(5000), '\ud800', '401',
  [], [[]], [null], {}, { type: 'x' }, { text: 401 }, ['text'], [{ type: 'tool_use' }],
];

/**
 * What every runtime has to keep to: each ending yields its class and exactly one outcome, however the output is cut, mixed or damaged.
 *
 * `makePrepared` gives a fresh run each time.
 */
export function describeContract(
  name: string,
  makePrepared: () => PreparedRun,
  transcripts: readonly Transcript[],
): void {
  const index = fc.nat({ max: transcripts.length - 1 });
  const at = (number: number): Transcript => transcripts[number % transcripts.length] as Transcript;

  /** Sends pieces through a fresh decoder, and looks at all that comes back. */
  function run(pieces: Iterable<Piece>, exit: ProcessExit): { events: RunEvent[]; outcome: RunOutcome } {
    const { decoder } = makePrepared();
    const events: RunEvent[] = [];
    for (const [stream, bytes] of pieces) {
      const pushed = decoder.push(bytes, stream);
      expect(pushed.filter(({ kind }) => kind === 'output')).toEqual([{ kind: 'output', bytes: bytes.length }]);
      for (const event of pushed) if (event.kind !== 'output') events.push(event);
      decoder.patience();
    }
    events.push(...decoder.idle());
    for (const event of events) {
      checkEvent(event);
      if (event.kind === 'permission') decoder.decide(event.request, 'run', 'because');
    }
    decoder.decide('no such request', 'once', '');
    const outcome = decoder.end(exit);
    checkOutcome(outcome);
    return { events, outcome };
  }

  const whole = (transcript: Transcript): readonly Piece[] => [
    ['stdout', transcript.stdout],
    ['stderr', transcript.stderr],
  ];
  const classOf = (outcome: RunOutcome): string => (outcome.kind === 'done' ? 'done' : outcome.failure);

  describe(`the contract of a runtime: ${name}`, () => {
    it.each(transcripts.map((transcript) => [transcript.ends, transcript.name, transcript] as const))(
      'ends %s: %s',
      (ends, _, transcript) => {
        expect(classOf(run(whole(transcript), transcript.exit).outcome)).toBe(ends);
      },
    );

    it('says the same however its output is cut', () => {
      const expected = transcripts.map((transcript) => run(whole(transcript), transcript.exit));
      fc.assert(
        fc.property(index, fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 40 }), (which, cuts) => {
          const transcript = at(which);
          const pieces = (['stdout', 'stderr'] as const).flatMap((stream) =>
            cutAt(transcript[stream], cuts).map((piece): Piece => [stream, piece]),
          );
          expect(run(pieces, transcript.exit)).toEqual(expected[which]);
        }),
        { seed: SEED, numRuns: 150 },
      );
    });

    it('says the same byte by byte', () => {
      const small = transcripts.filter(({ stdout }) => stdout.length < 12_000).slice(0, 5);
      for (const transcript of small) {
        const pieces = [...transcript.stdout].map((byte): Piece => ['stdout', Uint8Array.of(byte)]);
        const { decoder } = makePrepared();
        for (const [stream, bytes] of [...pieces, ['stderr', transcript.stderr] as const]) decoder.push(bytes, stream);
        expect(decoder.end(transcript.exit)).toEqual(run(whole(transcript), transcript.exit).outcome);
      }
    });

    it('ends the same with its last newline missing', () => {
      for (const transcript of transcripts) {
        const stdout = transcript.stdout.subarray(0, transcript.stdout.length - 1);
        expect(run(whole({ ...transcript, stdout }), transcript.exit).outcome).toEqual(
          run(whole(transcript), transcript.exit).outcome,
        );
      }
    });

    it.each([
      ['garbage', GARBAGE],
      ['events of an unknown kind', UNKNOWN],
    ])('gives its class with %s between its lines', (_, strangers) => {
      fc.assert(
        fc.property(
          index,
          fc.array(fc.tuple(fc.nat(), fc.constantFrom(...strangers)), { minLength: 1, maxLength: 20 }),
          (which, strange) => {
            const transcript = at(which);
            // Not behind the last line, nor before the first: there plain programs say how they ended, and CLIs why they did not start.
            const lines = linesOf(transcript.stdout);
            if (lines.length < 2) return;
            for (const [place, text] of strange) lines.splice(1 + (place % (lines.length - 1)), 0, text);
            const { outcome } = run(whole({ ...transcript, stdout: Buffer.from(lines.join('\n')) }), transcript.exit);
            expect(classOf(outcome)).toBe(transcript.ends);
          },
        ),
        { seed: SEED, numRuns: 150 },
      );
    });

    it('gives its class with stdout and stderr interleaved', () => {
      fc.assert(
        fc.property(index, fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 1, max: 2000 }))), (which, turns) => {
          const transcript = at(which);
          const { outcome } = run(interleave(transcript, turns), transcript.exit);
          expect(classOf(outcome)).toBe(transcript.ends);
        }),
        { seed: SEED, numRuns: 150 },
      );
    });

    it('has one outcome wherever it is cut off', () => {
      fc.assert(
        fc.property(
          index,
          fc.double({ min: 0, max: 1, noNaN: true }),
          fc.constantFrom(...EXITS),
          (which, end, exit) => {
            const transcript = at(which);
            const stdout = transcript.stdout.subarray(0, Math.floor(end * transcript.stdout.length));
            const { outcome } = run(whole({ ...transcript, stdout }), exit);
            expect(exit.kind === 'not-started' ? classOf(outcome) : 'config').toBe('config');
          },
        ),
        { seed: SEED, numRuns: 200 },
      );
    });

    it('has one outcome when bytes of it are no UTF-8', () => {
      fc.assert(
        fc.property(
          index,
          fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 50 }),
          (which, bad) => {
            const transcript = at(which);
            const stdout = Buffer.from(transcript.stdout);
            for (const [place, byte] of bad) if (stdout.length > 0) stdout[place % stdout.length] = byte;
            const stderr = Buffer.from([0xff, 0xc3, 0x28, 10, 0x80]);
            expect(() => run(whole({ ...transcript, stdout, stderr }), transcript.exit)).not.toThrow();
          },
        ),
        { seed: SEED, numRuns: 150 },
      );
    });

    it('has one outcome when fields hold what they never held', () => {
      const strange = fc.tuple(fc.nat(), fc.nat(), fc.constantFrom(...WEIRD));
      fc.assert(
        fc.property(index, fc.array(strange, { minLength: 1, maxLength: 4 }), (which, changes) => {
          const transcript = at(which);
          const lines = linesOf(transcript.stdout);
          for (const [line, place, value] of changes) {
            const number = line % Math.max(1, lines.length);
            lines[number] = mutate(lines[number] ?? '', place, value);
          }
          const stdout = Buffer.from(`${lines.join('\n')}\n`);
          expect(() => run(whole({ ...transcript, stdout }), transcript.exit)).not.toThrow();
        }),
        { seed: SEED, numRuns: 1000 },
      );
    });

    it('bounds its memory and what it tells over 100 000 lines', () => {
      // Every recorded line of moderate length, again and again, and each of them as something of its own.
      const lines = transcripts
        .flatMap(({ stdout, stderr }) => [...linesOf(stdout), ...linesOf(stderr)])
        .filter((line) => line.length < 1500 && line !== '');
      const { decoder } = makePrepared();
      const counts = new Map<string, number>();
      const before = heapBytes();
      for (let line = 0; line < 100_000; line += 100) {
        const chunk = Array.from({ length: 100 }, (_, more) =>
          vary(lines[(line + more) % lines.length] ?? '', line + more),
        );
        const bytes = Buffer.from(`${chunk.join('\n')}\n`);
        for (const event of decoder.push(bytes, line % 1000 === 0 ? 'stderr' : 'stdout'))
          counts.set(event.kind, (counts.get(event.kind) ?? 0) + 1);
      }
      const grown = heapBytes() - before;
      const told = TELLING.reduce((sum, kind) => sum + (counts.get(kind) ?? 0), 0);

      checkOutcome(decoder.end({ kind: 'exited', code: 1 }));
      expect(told).toBeLessThan(MOST_TOLD);
      expect(grown).toBeLessThan(20 * 1024 * 1024);
    });

    it('skips a line of 100 MB in bounded memory, and understands the next', { timeout: 30_000 }, () => {
      const transcript = at(transcripts.findIndex(({ ends, stdout }) => ends === 'done' && stdout.length > 0));
      const chunk = Buffer.alloc(64 * 1024, 'x');
      const before = process.memoryUsage().rss;
      const { decoder } = makePrepared();
      decoder.push(Buffer.from('{"type":"assistant","text":"'), 'stdout');
      for (let count = 0; count < 1600; count += 1) {
        decoder.push(chunk, 'stdout');
        if (count % 400 === 0) decoder.idle();
      }
      const grown = process.memoryUsage().rss - before;
      decoder.push(Buffer.from('"}\n'), 'stdout');
      decoder.push(transcript.stdout, 'stdout');

      expect(classOf(decoder.end(transcript.exit))).toBe('done');
      expect(grown).toBeLessThan(90 * 1024 * 1024);
    });
  });
}

function checkOutcome(outcome: RunOutcome): void {
  if (outcome.kind === 'done') {
    expect(typeof (outcome.lastLine ?? '')).toBe('string');
    return;
  }
  expect(outcome.kind).toBe('failed');
  expect(CLASSES).toContain(outcome.failure);
  expect(outcome.evidence).not.toBe('');
  expect(outcome.evidence.length).toBeLessThanOrEqual(300);
  if (outcome.retryAt !== undefined) expect(isCount(outcome.retryAt)).toBe(true);
}

/** Numbers have to fit into rows, and texts onto a phone. */
function checkEvent(event: RunEvent): void {
  for (const [key, value] of Object.entries(event)) {
    if (typeof value === 'number' && !isCount(value)) throw new Error(`${event.kind}.${key} is ${value}`);
    const isShort = key !== 'text' && key !== 'detail' && key !== 'request' && key !== 'resumeToken';
    if (isShort && String(value).length > 5_000)
      throw new Error(`${event.kind}.${key} is ${String(value).length} long`);
  }
  if (event.kind === 'write') expect(event.text.endsWith('\n')).toBe(true);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}

function linesOf(bytes: Buffer): string[] {
  const text = bytes.toString();
  return text === '' ? [] : text.replace(/\n$/, '').split('\n');
}

function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = cuts.map((cut) => Math.floor(cut * bytes.length)).sort((one, other) => one - other);
  return [0, ...places].map((start, number) => bytes.subarray(start, places[number] ?? bytes.length));
}

function* interleave(transcript: Transcript, turns: readonly (readonly [boolean, number])[]): Generator<Piece> {
  const places = { stdout: 0, stderr: 0 };
  for (const [isStderr, size] of turns) {
    const stream = isStderr ? 'stderr' : 'stdout';
    yield [stream, transcript[stream].subarray(places[stream], places[stream] + size)];
    places[stream] += size;
  }
  yield ['stderr', transcript.stderr.subarray(places.stderr)];
  yield ['stdout', transcript.stdout.subarray(places.stdout)];
}

/** Puts a value into one of the places of a line's JSON; a line that is no JSON stays as it is. */
function mutate(line: string, place: number, value: unknown): string {
  let root: unknown;
  try {
    root = JSON.parse(line);
  } catch {
    return line;
  }
  const places: (readonly [Record<string, unknown>, string])[] = [];
  const visit = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const key of Object.keys(node)) {
      places.push([node as Record<string, unknown>, key]);
      visit((node as Record<string, unknown>)[key]);
    }
  };
  visit(root);
  const chosen = places[place % Math.max(1, places.length)];
  if (chosen === undefined) return line;
  const [parent, key] = chosen;
  if (place % 5 === 0) delete parent[key];
  else parent[key] = value;
  return JSON.stringify(root);
}

/** The fields by which something might be remembered. */
const REMEMBERED = ['id', 'request_id', 'tool_use_id', 'session_id', 'thread_id', 'message', 'text'].map(
  (key) => `"${key}":"`,
);

/** Makes a line's ids and words its own, so that nothing that is remembered by them stays small by accident. */
function vary(line: string, number: number): string {
  return REMEMBERED.reduce((varied, field) => varied.replace(field, `${field}${number}-`), line);
}
