import { describe, expect, test } from 'vitest';
import type { Storage } from '../../storage/storage.ts';
import type { Processes } from '../../src/ports.ts';
import { fleetOf, credentialOf, makeAgent, MINUTE_MS } from './fleets.ts';
import { type Stage, thinkOfFaults } from './faults.ts';
import { liveThrough, type Sabotage } from './world.ts';

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

/** A promise that nothing can break says nothing: here rooms and ports break theirs, and the world has to notice, in one of a few storms. */
async function brokenBy(
  sabotage: Sabotage,
  plot: (world: Stage) => void = thinkOfFaults,
): Promise<readonly (string | undefined)[]> {
  const names: (string | undefined)[] = [];
  for (const seed of [1, 2, 3, 4])
    names.push((await liveThrough({ seed, fleet: FLEET, stormMs: 90 * MINUTE_MS, plot, sabotage })).broken?.name);
  return names;
}

function inStorage(change: (storage: Storage) => Partial<Storage>): Sabotage {
  return { storage: (storage) => ({ ...storage, ...change(storage) }) };
}

function inProcesses(change: (processes: Processes) => Partial<Processes>): Sabotage {
  return { processes: (processes) => ({ ...processes, ...change(processes) }) };
}

describe('a world notices', () => {
  test('that the sabotaged fleet keeps every promise without a sabotage', async () => {
    expect(await brokenBy({})).toEqual([undefined, undefined, undefined, undefined]);
  });

  test('when a sweep ends nobody and says that all are gone', async () => {
    const names = await brokenBy(
      inProcesses(() => ({ sweep: () => Promise.resolve({ kind: 'gone', survivors: [] }) })),
    );

    expect(names).toContain('no program outlives its run unless an incident says so');
  });

  test('when a sweep finds nobody by a mark alone', async () => {
    const names = await brokenBy(
      inProcesses(({ sweep }) => ({
        sweep: (whom) => (whom.identity === undefined ? Promise.resolve({ kind: 'gone', survivors: [] }) : sweep(whom)),
      })),
    );

    expect(names).toContain('what a crash left is ended before any agent runs');
  });

  test('when a program is started twice', async () => {
    const names = await brokenBy(
      inProcesses(({ spawn }) => ({
        spawn(request, onOutput) {
          spawn(request, () => undefined);
          return spawn(request, onOutput);
        },
      })),
    );

    expect(names).toContain('no agent has two runs alive at once');
  });

  test('when a run is not stopped at its timeout', async () => {
    const names = await brokenBy(
      inStorage(({ runs }) => ({
        runs: { ...runs, wantStop: (id, reason, at) => reason !== 'timeout' && runs.wantStop(id, reason, at) },
      })),
    );

    expect(names).toContain('every run ends in its time');
  });

  test('when a denied permission is told as allowed', async () => {
    const names = await brokenBy(rewriting((text) => [text.replace('"deny"', '"allow"')]));

    expect(names).toContain('a permission is told once, and as it was decided');
  });

  test('when a permission is told twice', async () => {
    const names = await brokenBy(rewriting((text) => [text, text]));

    expect(names).toContain('a permission is told once, and as it was decided');
  });

  test('when a permission is told to a run that did not ask', async () => {
    const names = await brokenBy(rewriting((text) => [text.replace(/request-\d+-/, 'request-1-')]));

    expect(names).toContain('a permission is told once, and as it was decided');
  });

  test('when decided permissions are not told', async () => {
    const names = await brokenBy(
      inStorage(({ questions }) => ({ questions: { ...questions, undelivered: () => [] } })),
    );

    expect(names).toContain('a permission that was decided is told');
  });

  test('when an agent is answered what nobody said', async () => {
    const names = await brokenBy(
      inStorage(({ questions }) => ({
        questions: {
          ...questions,
          get(id) {
            const row = questions.get(id);
            return row?.kind === 'ask' && row.state === 'answered' ? { ...row, answer: 'whatever you like' } : row;
          },
        },
      })),
    );

    expect(names).toContain('an agent is answered what the owner said');
  });

  test('when questions of a run that is over stay open', async () => {
    const names = await brokenBy(inStorage(({ questions }) => ({ questions: { ...questions, openOf: () => [] } })));

    expect(names).toContain('every question ends');
  });

  test('when questions never expire', async () => {
    const names = await brokenBy(inStorage(({ questions }) => ({ questions: { ...questions, overdue: () => [] } })));

    expect(names).toContain('every question ends');
  });

  test('when a finished session is gone on with', async () => {
    const names = await brokenBy(
      inStorage(({ runs }) => ({
        runs: {
          ...runs,
          recent: (agent, limit) =>
            runs.recent(agent, limit).map((run) => (run.state === 'done' ? { ...run, state: 'lost' } : run)),
        },
      })),
    );

    expect(names).toContain('only a run that was cut off goes on with its session');
  });

  test('when the machine says that there is plenty of everything', async () => {
    const names = await brokenBy({
      machine: () => ({ availableMemoryBytes: () => 4e9, freeDiskBytes: () => 50e9 }),
    });

    expect(names).toContain('no run starts with too little disk or memory');
  });

  test('when a usage limit holds nobody', async () => {
    const names = await brokenBy(
      inStorage(({ holds }) => ({
        holds: { ...holds, place: (hold) => hold.kind !== 'backoff' && holds.place(hold) },
      })),
    );

    expect(names).toContain('nobody calls before a usage limit is over');
  });

  test('when each refusal of a usage limit is an incident of its own', async () => {
    const names = await brokenBy(
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
    );

    expect(names).toContain('a usage limit is one incident');
  });

  test('when a new version is told twice', async () => {
    const names = await brokenBy(
      inStorage(({ outbox }) => ({
        outbox: {
          ...outbox,
          add(row) {
            if (row.key.startsWith('cli:')) outbox.add({ ...row, key: `again:${row.key}` });
            return outbox.add(row);
          },
        },
      })),
    );

    expect(names).toContain('a new version is told once');
  });

  test('when a new version is not told', async () => {
    const names = await brokenBy(
      inStorage(({ clis }) => ({
        clis: { ...clis, read: (program, file, version) => clis.read(program, file, version, 'known') },
      })),
    );

    expect(names).toContain('every outage told within a minute');
  });
});

/** What is written to a program's stdin comes out differently. */
function rewriting(rewrite: (text: string) => readonly string[]): Sabotage {
  return inProcesses(({ spawn }) => ({
    spawn(request, onOutput) {
      const process = spawn(request, onOutput);
      return { ...process, write: (text) => rewrite(text).forEach(process.write) };
    },
  }));
}
