import { describe, expect, test } from 'vitest';
import type { Storage } from '../../storage/storage.ts';
import type { Processes } from '../../src/ports.ts';
import { fleetOf, credentialOf, makeAgent, MINUTE_MS } from './fleets.ts';
import { type Stage, thinkOfFaults } from './faults.ts';
import type { Sabotage } from './story.ts';
import { liveThrough } from './world.ts';

/** Two agents of Claude Code on one login, which ask a lot. */
const FLEET = fleetOf({
  credentials: new Map([['claude', credentialOf('claude')]]),
  agents: ['scout', 'analyst'].map((name) =>
    makeAgent(name, {
      runtime: 'claude',
      prompt: `/fleet/prompts/${name}.md`,
      schedule: { kind: 'every', everyMs: 5 * MINUTE_MS },
      timeoutMs: 8 * MINUTE_MS,
      credentials: ['claude'],
      permissions: { mode: 'ask', tools: [], withinMs: 2 * MINUTE_MS },
    }),
  ),
});

/** More storms than it takes: which one brings the moment that a sabotage waits for is chance. */
const MOST_STORMS = 16;
/** As many sound ones as say that it is the sabotage that breaks a promise. */
const SOUND_STORMS = 3;
/** Long, for a slow machine that does other things besides. */
const PATIENCE_MS = 300_000;

/** A promise that nothing can break says nothing: here rooms and ports break theirs, and the world has to notice. */
async function brokenBy(
  sabotage: Sabotage,
  promise: string,
  plot: (world: Stage) => void = thinkOfFaults,
): Promise<string | undefined> {
  const names: (string | undefined)[] = [];
  while (names.length < MOST_STORMS && names.at(-1) !== promise) {
    const seed = names.length + 1;
    names.push((await liveThrough({ seed, fleet: FLEET, stormMs: 90 * MINUTE_MS, plot, sabotage })).broken?.name);
  }
  return names.at(-1);
}

function inStorage(change: (storage: Storage) => Partial<Storage>): Sabotage {
  return { storage: (storage) => ({ ...storage, ...change(storage) }) };
}

function inProcesses(change: (processes: Processes) => Partial<Processes>): Sabotage {
  return { processes: (processes) => ({ ...processes, ...change(processes) }) };
}

describe('a world notices', { timeout: PATIENCE_MS }, () => {
  test('nothing in the fleet of these tests without a sabotage', async () => {
    for (let seed = 1; seed <= SOUND_STORMS; seed += 1)
      expect((await liveThrough({ seed, fleet: FLEET, stormMs: 90 * MINUTE_MS })).broken).toBeUndefined();
  });

  test('when a sweep ends nobody and says that all are gone', async () => {
    const promise = 'no program outlives its run unless an incident says so';

    const broken = await brokenBy(
      inProcesses(() => ({ sweep: () => Promise.resolve({ kind: 'gone', survivors: [] }) })),
      promise,
    );

    expect(broken).toBe(promise);
  });

  test('when a sweep finds nobody by a mark alone', async () => {
    const promise = 'what a crash left is ended before any agent runs';

    const broken = await brokenBy(
      inProcesses(({ sweep }) => ({
        sweep: (whom) => (whom.identity === undefined ? Promise.resolve({ kind: 'gone', survivors: [] }) : sweep(whom)),
      })),
      promise,
      crashing,
    );

    expect(broken).toBe(promise);
  });

  test('when a program is started twice', async () => {
    const promise = 'no agent has two runs alive at once';

    const broken = await brokenBy(
      inProcesses(({ spawn }) => ({
        spawn(request, onOutput) {
          spawn(request, () => undefined);
          return spawn(request, onOutput);
        },
      })),
      promise,
    );

    expect(broken).toBe(promise);
  });

  test('when a run is not stopped at its timeout', async () => {
    const promise = 'every run ends in its time';

    const broken = await brokenBy(
      inStorage(({ runs }) => ({
        runs: { ...runs, wantStop: (id, reason, at) => reason !== 'timeout' && runs.wantStop(id, reason, at) },
      })),
      promise,
    );

    expect(broken).toBe(promise);
  });

  test('when a denied permission is told as allowed', async () => {
    const promise = 'a permission is told once, and as it was decided';

    const broken = await brokenBy(
      rewriting((text) => [text.replace('"deny"', '"allow"')]),
      promise,
    );

    expect(broken).toBe(promise);
  });

  test('when a permission is told twice', async () => {
    const promise = 'a permission is told once, and as it was decided';

    const broken = await brokenBy(
      rewriting((text) => [text, text]),
      promise,
    );

    expect(broken).toBe(promise);
  });

  test('when a permission is told to a run that did not ask', async () => {
    const promise = 'a permission is told once, and as it was decided';

    const broken = await brokenBy(
      rewriting((text) => [text.replace(/request-\d+-/, 'request-1-')]),
      promise,
    );

    expect(broken).toBe(promise);
  });

  test('when decided permissions are not told', async () => {
    const promise = 'a permission that was decided is told';

    const broken = await brokenBy(
      inStorage(({ questions }) => ({ questions: { ...questions, undelivered: () => [] } })),
      promise,
    );

    expect(broken).toBe(promise);
  });

  test('when an agent is answered what nobody said', async () => {
    const promise = 'an agent is answered what the owner said';

    const broken = await brokenBy(
      inStorage(({ questions }) => ({
        questions: {
          ...questions,
          get(id) {
            const row = questions.get(id);
            return row?.kind === 'ask' && row.state === 'answered' ? { ...row, answer: 'whatever you like' } : row;
          },
        },
      })),
      promise,
    );

    expect(broken).toBe(promise);
  });

  test('when questions of a run that is over stay open', async () => {
    const promise = 'every question ends';

    const broken = await brokenBy(
      inStorage(({ questions }) => ({ questions: { ...questions, openOf: () => [] } })),
      promise,
    );

    expect(broken).toBe(promise);
  });

  test('when questions never expire', async () => {
    const promise = 'every question ends';

    const broken = await brokenBy(
      inStorage(({ questions }) => ({ questions: { ...questions, overdue: () => [] } })),
      promise,
    );

    expect(broken).toBe(promise);
  });

  test('when a finished session is gone on with', async () => {
    const promise = 'only a run that was cut off goes on with its session';

    const broken = await brokenBy(
      inStorage(({ runs }) => ({
        runs: {
          ...runs,
          recent: (agent, limit) =>
            runs.recent(agent, limit).map((run) => (run.state === 'done' ? { ...run, state: 'lost' } : run)),
        },
      })),
      promise,
    );

    expect(broken).toBe(promise);
  });

  test('when the machine says that there is plenty of everything', async () => {
    const promise = 'no run starts with too little disk or memory';

    const broken = await brokenBy(
      { machine: () => ({ availableMemoryBytes: () => 4e9, freeDiskBytes: () => 50e9 }) },
      promise,
      ({ clock, resources }) => void clock.after(7 * MINUTE_MS, () => resources.squeeze(100e6)),
    );

    expect(broken).toBe(promise);
  });

  test('when a usage limit holds nobody', async () => {
    const promise = 'nobody calls before a usage limit is over';

    const broken = await brokenBy(
      inStorage(({ holds }) => ({
        holds: { ...holds, place: (hold) => hold.kind !== 'backoff' && holds.place(hold) },
      })),
      promise,
      limiting,
    );

    expect(broken).toBe(promise);
  });

  test('when each refusal of a usage limit is an incident of its own', async () => {
    const promise = 'a usage limit is one incident';

    const broken = await brokenBy(
      inStorage(({ incidents }) => ({
        incidents: {
          ...incidents,
          unresolved(fingerprint) {
            const open = incidents.unresolved(fingerprint);
            if (open === undefined || !fingerprint.startsWith('limit:')) return open;
            incidents.resolve(open.id, open.openedAt, null);
            return undefined;
          },
        },
      })),
      promise,
      limiting,
    );

    expect(broken).toBe(promise);
  });

  test('when a new version is told twice', async () => {
    const promise = 'a new version is told once';

    const broken = await brokenBy(
      inStorage(({ outbox }) => ({
        outbox: {
          ...outbox,
          add(row) {
            if (row.key.startsWith('cli:')) outbox.add({ ...row, key: `again:${row.key}` });
            return outbox.add(row);
          },
        },
      })),
      promise,
    );

    expect(broken).toBe(promise);
  });

  test('when a new version is not told', async () => {
    const promise = 'every outage told within a minute';

    const broken = await brokenBy(
      inStorage(({ clis }) => ({
        clis: { ...clis, read: (program, file, version) => clis.read(program, file, version, 'known') },
      })),
      promise,
    );

    expect(broken).toBe(promise);
  });
});

/** Every few minutes a crash between a spawn and its row. */
function crashing({ clock, crashAtSpawn }: Stage): void {
  for (let at = 7; at < 90; at += 7) clock.after(at * MINUTE_MS, () => crashAtSpawn(1, 5_000));
}

/** A subscription that is used up twice, and nobody who lets an agent try. */
function limiting({ clock, platform }: Stage): void {
  for (const at of [9, 49]) clock.after(at * MINUTE_MS, () => platform.exhaust('claude', clock.now() + 30 * MINUTE_MS));
}

/** What is written to a program's stdin comes out differently. */
function rewriting(rewrite: (text: string) => readonly string[]): Sabotage {
  return inProcesses(({ spawn }) => ({
    spawn(request, onOutput) {
      const process = spawn(request, onOutput);
      return { ...process, write: (text) => rewrite(text).forEach(process.write) };
    },
  }));
}
