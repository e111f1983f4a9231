import type { CredentialRow } from '../../storage/credential-store.ts';
import type { RunRow } from '../../storage/run-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import { isWithin } from '../loop/schedule.ts';
import type { Clock, Log } from '../ports.ts';
import { LOGIN_DIED, LOGIN_RENEWED } from '../runs/session-choice.ts';
import { readGenerations } from '../runs/settlement.ts';
import { createWorker, type Worker } from '../worker.ts';

/** How long a run may go on after its login died: it may have work to finish that needs none. */
const DEATH_GRACE_MS = 60_000;
/** A run that ends by itself this soon after a renewal is not cut off for it. */
const RENEWAL_GRACE_MS = 30_000;
/** How long the next one waits for the one before it to have started anew. */
const START_PATIENCE_MS = 60_000;
/** Runs back of an agent in which its last renewal is found: one run may have followed it. */
const LOOKED_AT_RUNS = 3;
/** A change of a credential asks for a look by itself; this is how late a run is noticed that can start anew again. */
const EVERY_MS = 5_000;

/** What a run that is alive holds of its credentials, worst first. */
export type Hold =
  | { readonly kind: 'sound' }
  /** Its login died, and it has nothing to wait for. */
  | { readonly kind: 'dead'; readonly stopAt: number }
  /** It was started with a secret that has been replaced since. */
  | { readonly kind: 'outdated'; readonly restartFrom: number };

/** Decides what follows for a run from the credentials that it was started with. Trials are the probes of the dead: they run on. */
export function decideHold(
  run: Pick<RunRow, 'cause' | 'publicationId' | 'startedAt' | 'wantedAt' | 'generations'>,
  rowOf: (credential: string) => CredentialRow | undefined,
): Hold {
  // A publisher that is cut off leaves a publication that nobody knows the end of.
  if (run.publicationId !== null) return { kind: 'sound' };
  const started = run.startedAt ?? run.wantedAt;
  const held = Object.entries(readGenerations(run)).map(([name, generation]) => ({ generation, row: rowOf(name) }));
  const deaths = held.flatMap(({ row }) =>
    // `evidence` is there as long as it is dead, also while a login is being checked.
    row !== undefined && row.evidence !== null && row.state !== 'alive' ? [row.since] : [],
  );
  if (deaths.length > 0 && run.cause !== 'trial') return { kind: 'dead', stopAt: Math.min(...deaths) + DEATH_GRACE_MS };
  const renewals = held.flatMap(({ generation, row }) =>
    row !== undefined &&
    row.state !== 'dead' &&
    row.state !== 'logging-in' &&
    row.generation > generation &&
    row.renewedAt !== null &&
    row.renewedAt >= started
      ? [row.renewedAt]
      : [],
  );
  return renewals.length > 0
    ? { kind: 'outdated', restartFrom: Math.max(...renewals) + RENEWAL_GRACE_MS }
    : { kind: 'sound' };
}

/**
 * Ends what runs on a login that is gone.
 *
 * Each look: 1. stops the runs whose login died, once their grace is over; their agents go on when it is back; 2. starts the runs of before a
 * renewal anew, one at a time and in order: the next one only when the one before it has started again. An agent that could not start now,
 * or that waits for an answer of its owner, is left until it can. Stopping is a run's row, starting a due time: others do the rest.
 */
export function createRenewal(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  readonly onFatal: (error: unknown) => void;
}): Worker {
  const { fleet, storage, clock, log } = options;

  /** Since when a restarted agent is waited for; undefined: nobody is. */
  function restartUnderWay(now: number): number | undefined {
    for (const agent of fleet.agents.keys()) {
      const [newest, before] = storage.runs.recent(agent, LOOKED_AT_RUNS);
      const cut = [newest, before].find((run) => run?.stopReason === LOGIN_RENEWED);
      const since = cut?.stopWantedAt ?? undefined;
      if (cut === undefined || since === undefined || since > now || now - since >= START_PATIENCE_MS) continue;
      if (cut !== newest && newest?.startedAt !== null) continue;
      return since;
    }
    return undefined;
  }

  function canStartAnew(run: RunRow, now: number): boolean {
    const agent = fleet.agents.get(run.agent);
    const isHeld = storage.holds.active().some((hold) => hold.agent === '' || hold.agent === run.agent);
    return (
      agent !== undefined &&
      !isHeld &&
      (agent.active === undefined || isWithin(agent.active, now, fleet.timezone)) &&
      storage.questions.openOf(run.id).length === 0
    );
  }

  function restart(run: RunRow, now: number): void {
    if (!storage.runs.wantStop(run.id, LOGIN_RENEWED, now)) return;
    storage.dues.wait(run.agent, now, 'resumed');
    log.info('a run is started anew with its renewed login', { run: run.id, agent: run.agent });
  }

  function look(): number | undefined {
    return storage.transaction(() => {
      const now = clock.now();
      const rows = new Map(storage.credentials.all().map((row) => [row.name, row]));
      const alive = storage.runs
        .alive()
        .filter((run) => run.stopWantedAt === null)
        .map((run) => ({ run, hold: decideHold(run, (name) => rows.get(name)) }));
      const waits: number[] = [];
      for (const { run, hold } of alive) {
        if (hold.kind !== 'dead') continue;
        if (hold.stopAt > now) waits.push(hold.stopAt - now);
        else if (storage.runs.wantStop(run.id, LOGIN_DIED, now))
          log.info('a run is stopped: its login is dead', { run: run.id, agent: run.agent });
      }
      const outdated = alive.filter(({ run, hold }) => hold.kind === 'outdated' && canStartAnew(run, now));
      const [next] = outdated.filter(({ hold }) => hold.kind === 'outdated' && hold.restartFrom <= now);
      const later = outdated.map(({ hold }) => (hold.kind === 'outdated' ? hold.restartFrom - now : 0));
      waits.push(...later.filter((ms) => ms > 0));
      if (next !== undefined && restartUnderWay(now) === undefined) restart(next.run, now);
      return waits.length === 0 ? undefined : Math.min(...waits);
    });
  }

  const worker = createWorker({
    name: 'renewal',
    clock,
    log,
    everyMs: EVERY_MS,
    look,
    onFatal: options.onFatal,
  });
  storage.onChange('credentials', worker.nudge);
  return worker;
}
