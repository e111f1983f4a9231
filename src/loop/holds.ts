import type { RunRow } from '../../storage/run-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import type { Clock } from '../ports.ts';
import { nameOfPerson } from '../drafts/who.ts';
import { PAUSED } from '../runs/context-stops.ts';
import { loopFingerprint } from '../runs/settlement.ts';

/** What /pause and /resume do: the owner's holds. */
export interface OwnerHolds {
  /**
   * Holds one agent, or the fleet with 'all'; `forMs` undefined: until resumed. With `now` what runs is stopped: at a checkpoint, where its
   * agent can be asked to write one first.
   */
  pause(
    target: string,
    by: string,
    forMs: number | undefined,
    now: boolean,
  ): { readonly stopped: number; readonly asked: number; readonly running: number };
  /** Releases the owner's hold and a crash loop's; tells what still holds the target. */
  resume(
    target: string,
    by: string,
  ): {
    readonly released: boolean;
    readonly stillHeld: readonly string[];
    /** The owner's pause of the whole fleet is among them. */
    readonly isFleetPaused: boolean;
  };
}

/** After a hold: an agent that missed a due time under it runs at once; one that missed none keeps its schedule. */
export function wakeAfterHold(storage: Storage, agents: Iterable<string>, heldSince: number, now: number): void {
  for (const agent of agents) {
    const waiting = storage.dues.waitingOf(agent);
    // What kept it back is gone; whether something else does, the loop says.
    if (waiting !== undefined) storage.dues.explain(waiting.id, null);
    if (storage.dues.lostSince(agent, heldSince) > 0) storage.dues.wait(agent, now, 'resumed');
  }
}

/** Builds the owner's holds. Each call is one transaction. */
export function createOwnerHolds(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly incidents: IncidentRegister;
  /** Whether a run's agent would read a text now; by default nobody would. */
  readonly canBeAsked?: (runId: number) => boolean;
}): OwnerHolds {
  const { fleet, storage, clock, incidents } = options;

  /** Whether its agent is asked to write its WORKSTATE.md first; any other run is stopped at once. */
  function stopAtCheckpoint(run: RunRow, now: number): boolean {
    if (options.canBeAsked?.(run.id) === true && storage.runs.wantFlush(run.id, 'pause', now)) {
      storage.runs.flushAsked(run.id, now);
      return true;
    }
    if (run.flushReason === 'pause' && run.stopWantedAt === null) return true;
    storage.runs.wantStop(run.id, PAUSED, now);
    return false;
  }

  return {
    pause: (target, by, forMs, now) =>
      storage.transaction(() => {
        const since = clock.now();
        const agent = target === 'all' ? '' : target;
        const until = forMs === undefined ? null : since + forMs;
        storage.holds.place({
          agent,
          kind: 'owner',
          subject: '',
          reason: agent === '' ? 'the fleet is paused' : `paused by ${nameOfPerson(options, by)}`,
          since,
          until,
        });
        storage.journal.add({
          at: since,
          subject: `hold:${target}`,
          event: 'paused',
          actor: by,
          detail: forMs === undefined ? null : `for ${forMs} ms`,
        });
        const alive = storage.runs
          .alive()
          .filter((run) => (agent === '' || run.agent === agent) && run.publicationId === null);
        if (!now) return { stopped: 0, asked: 0, running: alive.length };
        const asked = alive.filter((run) => stopAtCheckpoint(run, since)).length;
        return { stopped: alive.length - asked, asked, running: 0 };
      }),

    resume: (target, by) =>
      storage.transaction(() => {
        const at = clock.now();
        const names = target === 'all' ? [...fleet.agents.keys()] : [target];
        const since = Math.min(
          at,
          ...storage.holds
            .active()
            .filter((hold) => hold.agent === '' || names.includes(hold.agent))
            .map((hold) => hold.since),
        );
        const owner = storage.holds.release(target === 'all' ? '' : target, 'owner', '', at);
        let released = owner;
        for (const name of names) {
          const own = target === 'all' ? storage.holds.release(name, 'owner', '', at) : false;
          const loop = storage.holds.release(name, 'crash-loop', '', at);
          const backoff = storage.holds.release(name, 'backoff', '', at);
          if (loop) incidents.resolve(loopFingerprint(name), 'You let it run again.');
          released ||= own || loop || backoff;
          if (owner || own || loop || backoff) wakeAfterHold(storage, [name], since, at);
        }
        storage.journal.add({ at, subject: `hold:${target}`, event: 'resumed', actor: by, detail: null });
        const stillHeld = storage.holds.active().filter((hold) => hold.agent === '' || names.includes(hold.agent));
        return {
          released,
          isFleetPaused: stillHeld.some(({ agent, kind }) => agent === '' && kind === 'owner'),
          stillHeld: [
            ...new Set(stillHeld.map((hold) => (hold.agent === '' ? hold.reason : `${hold.agent}: ${hold.reason}`))),
          ],
        };
      }),
  };
}
