import { describe, expect, test } from 'vitest';
import type { Storage } from '../../storage/storage.ts';
import { TelegramError } from '../../src/ports.ts';
import { type Stage, thinkOfFaults } from './faults.ts';
import { credentialOf, fleetOf, HOUR_MS, makeAgent, MINUTE_MS } from './fleets.ts';
import type { Sabotage } from './story.ts';
import { liveThrough } from './world.ts';

/** Three agents that are to speak every two minutes, on a login whose secret we keep, and a second route. */
const FLEET = fleetOf({
  credentials: new Map([
    [
      'mail',
      credentialOf('mail', { env: 'MAIL_TOKEN', capture: 'sk-ant-oat01-[A-Za-z0-9_-]+', checkEveryMs: HOUR_MS }),
    ],
  ]),
  agents: ['scout', 'analyst', 'creator'].map((name) =>
    makeAgent(name, {
      command: [`agent:${name}`],
      schedule: { kind: 'every', everyMs: 4 * MINUTE_MS },
      timeoutMs: 12 * MINUTE_MS,
      heartbeatMs: 2 * MINUTE_MS,
      credentials: ['mail'],
    }),
  ),
  fallback: ['fallback:sms'],
});

/** More storms than it takes: which one brings the moment that a sabotage waits for is chance. */
const MOST_STORMS = 16;
/** As many sound ones as say that it is the sabotage that breaks a promise. */
const SOUND_STORMS = 3;
/** Long, for a slow machine that does other things besides. */
const PATIENCE_MS = 300_000;

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

/** The credential dies every quarter of an hour. */
function dying({ clock, platform, ownerLooks }: Stage): void {
  for (let at = 8; at < 90; at += 15) {
    clock.after(at * MINUTE_MS, () => platform.expire('mail'));
    clock.after((at + 10) * MINUTE_MS, () => platform.renew('mail'));
  }
  ownerLooks();
}

/** The credential dies in a Telegram outage of half an hour. */
function cutOff({ clock, chat, platform, ownerLooks }: Stage): void {
  clock.after(10 * MINUTE_MS, () => chat.suffer('down', 30 * MINUTE_MS));
  clock.after(12 * MINUTE_MS, () => platform.expire('mail'));
  ownerLooks();
}

describe('a world whose nights are dark notices', { timeout: PATIENCE_MS }, () => {
  test('no promise of the dark without a sabotage', async () => {
    for (let seed = 1; seed <= SOUND_STORMS; seed += 1)
      expect((await liveThrough({ seed, fleet: FLEET, stormMs: 90 * MINUTE_MS })).broken).toBeUndefined();
    for (const plot of [dying, cutOff])
      expect((await liveThrough({ seed: 1, fleet: FLEET, stormMs: 90 * MINUTE_MS, plot })).broken).toBeUndefined();
  });

  test('when a 429 is not waited out', async () => {
    const promise = 'what Telegram asks us to wait is waited';

    const broken = await brokenBy(
      {
        api: (api) => ({
          ...api,
          call: (method, payload, options) =>
            api.call(method, payload, options).catch((error: unknown) => {
              if (!(error instanceof TelegramError) || error.code !== 'flood') throw error;
              throw new TelegramError('flood', method, 'soon', 100);
            }) as Promise<never>,
        }),
      },
      promise,
    );

    expect(broken).toBe(promise);
  });

  test('when an alert comes as many', async () => {
    const promise = 'no minute sounds more alerts than a handful';

    const broken = await brokenBy(copying(10, 0), promise, dying);

    expect(broken).toBe(promise);
  });

  test('when silent alerts pile up over an hour', async () => {
    const promise = 'no hour has more alerts than a person reads';

    const broken = await brokenBy(copying(15, 1), promise, dying);

    expect(broken).toBe(promise);
  });

  test('when due times that passed in an absence leave no receipt', async () => {
    const promise = 'every due time has one receipt';

    const broken = await brokenBy(
      inStorage(({ dues }) => ({ dues: { ...dues, miss: (due) => dues.drop(due.id) } })),
      promise,
      ({ clock, crash }) => void clock.after(20 * MINUTE_MS, () => crash(25 * MINUTE_MS)),
    );

    expect(broken).toBe(promise);
  });

  test('when due times lie hours ahead', async () => {
    const promise = 'no schedule silently stops';

    const broken = await brokenBy(
      inStorage(({ dues }) => ({
        dues: { ...dues, wait: (agent, dueAt, cause) => dues.wait(agent, dueAt + 2 * HOUR_MS, cause) },
      })),
      promise,
    );

    expect(broken).toBe(promise);
  });

  test('when each sign of a dead login is an incident of its own', async () => {
    const promise = 'every outage is one incident';

    const broken = await brokenBy(
      inStorage(({ incidents }) => ({
        incidents: {
          ...incidents,
          unresolved(fingerprint) {
            const open = incidents.unresolved(fingerprint);
            if (open === undefined || !fingerprint.startsWith('auth:')) return open;
            incidents.resolve(open.id, open.openedAt, null);
            return undefined;
          },
        },
      })),
      promise,
      dying,
    );

    expect(broken).toBe(promise);
  });

  test('when two programs change one credential', async () => {
    const promise = 'one change of a credential at a time';

    const broken = await brokenBy(
      {
        processes: (processes) => ({
          ...processes,
          spawn(request, onOutput) {
            if (request.terminal !== undefined) processes.spawn(request, () => undefined);
            return processes.spawn(request, onOutput);
          },
        }),
      },
      promise,
      dying,
    );

    expect(broken).toBe(promise);
  });

  test('when what a login printed is written down', async () => {
    const promise = 'no secret in any row or message';
    let printed = '';

    const broken = await brokenBy(
      {
        processes: (processes) => ({
          ...processes,
          spawn: (request, onOutput) =>
            processes.spawn(request, (chunk, stream) => {
              if (request.terminal !== undefined) printed += Buffer.from(chunk).toString();
              onOutput(chunk, stream);
            }),
        }),
        storage: (storage) => ({
          ...storage,
          journal: { ...storage.journal, add: (entry) => storage.journal.add({ ...entry, detail: printed }) },
        }),
      },
      promise,
      dying,
    );

    expect(broken).toBe(promise);
  });

  test('when what the owner typed stays in the chat', async () => {
    const promise = 'what the owner types for a login is deleted';

    const broken = await brokenBy(
      {
        api: (api) => ({
          ...api,
          call: (method, payload, options) =>
            method === 'deleteMessage' ? Promise.resolve(true as never) : api.call(method, payload, options),
        }),
      },
      promise,
      dying,
    );

    expect(broken).toBe(promise);
  });

  test('when the second route is never given anything', async () => {
    const promise = 'what Telegram does not show goes over the fallback';

    const broken = await brokenBy(
      inStorage(({ fallbacks }) => ({ fallbacks: { ...fallbacks, add: () => true } })),
      promise,
      cutOff,
    );

    expect(broken).toBe(promise);
  });

  test('when runs on a dead login are left alone', async () => {
    const promise = 'nobody runs on a dead generation';

    const broken = await brokenBy(
      inStorage(({ runs }) => ({
        runs: { ...runs, wantStop: (id, reason, at) => reason !== 'its login died' && runs.wantStop(id, reason, at) },
      })),
      promise,
      dying,
    );

    expect(broken).toBe(promise);
  });

  test('when the proof of life is not renewed', async () => {
    const promise = 'a living control plane is not dark';

    const broken = await brokenBy({ disk: (disk) => ({ ...disk, touch: () => undefined }) }, promise);

    expect(broken).toBe(promise);
  });

  test('when every run is said to have asked for patience', async () => {
    const promise = 'a silent run is told';

    const broken = await brokenBy(
      inStorage(({ runs }) => ({
        runs: { ...runs, alive: () => runs.alive().map((run) => ({ ...run, patientUntil: Number.MAX_SAFE_INTEGER })) },
      })),
      promise,
    );

    expect(broken).toBe(promise);
  });

  test('when nobody listens to what a run says', async () => {
    const promise = 'no heartbeat is missed that was given';

    const broken = await brokenBy(
      {
        processes: (processes) => ({
          ...processes,
          spawn: (request, onOutput) =>
            processes.spawn(request, request.argv[0].startsWith('agent:') ? () => undefined : onOutput),
        }),
      },
      promise,
      dying,
    );

    expect(broken).toBe(promise);
  });
});

/** Each alert about an incident comes with so many copies. */
function copying(copies: number, silent: 0 | 1): Sabotage {
  return inStorage(({ outbox }) => ({
    outbox: {
      ...outbox,
      add(row) {
        if (row.key.startsWith('incident:'))
          for (let copy = 1; copy <= copies; copy += 1) outbox.add({ ...row, key: `${row.key}:copy${copy}`, silent });
        return outbox.add(row);
      },
    },
  }));
}
