import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import { nameOfPerson } from '../drafts/who.ts';
import type { Clock } from '../ports.ts';
import { loopFingerprint } from '../runs/settlement.ts';
import type { IncidentRegister } from './register.ts';

/**
 * What the Restart button does: ends an agent's run, if it has one, and makes it due at once. What held it for having failed or been stuck
 * is what the owner wants undone; a pause of their own, a dead credential, or a full disk are not. Gives what came of it, for the owner.
 */
export function restartAgent(
  {
    fleet,
    storage,
    clock,
    incidents,
  }: {
    readonly fleet: Pick<Fleet, 'agents' | 'telegram'>;
    readonly storage: Storage;
    readonly clock: Clock;
    readonly incidents: IncidentRegister;
  },
  agent: string,
  by: string,
): string {
  return storage.transaction(() => {
    const now = clock.now();
    const run = storage.runs.aliveOf(agent);
    // A publisher that is cut off leaves a draft of unknown fate.
    if (run !== undefined && run.publicationId !== null)
      return `${agent} is publishing a draft: I do not cut that off.`;
    const isAsked =
      run !== undefined &&
      !storage.runs.wantStop(run.id, `restart wanted by ${nameOfPerson({ fleet, storage }, by)}`, now);
    storage.holds.release(agent, 'backoff', '', now);
    if (storage.holds.release(agent, 'crash-loop', '', now))
      incidents.resolve(loopFingerprint(agent), 'You let it run again.');
    // What a publisher gets on stdin is an approved draft: without one there is nothing to start it with.
    const isPublisher = (fleet.agents.get(agent)?.publishes.length ?? 0) > 0;
    if (!isPublisher) storage.dues.wait(agent, now, 'owner');
    storage.journal.add({ at: now, subject: `agent:${agent}`, event: 'restart', actor: by, detail: null });
    const hold = storage.holds.active().find((held) => held.agent === '' || held.agent === agent);
    if (hold !== undefined) return `${agent} starts once nothing holds it: ${hold.reason}.`;
    if (isPublisher) return `${agent} starts with the next draft that you approve.`;
    if (run === undefined) return `${agent} was not running; it starts now.`;
    return isAsked
      ? `${agent} is being stopped already; then it starts anew.`
      : `${agent} is stopped, and starts anew.`;
  });
}
