import type { IncidentStore } from '../../storage/incident-store.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import type { Trouble } from '../incidents/trouble.ts';
import { isDrillAgent } from './drill.ts';

/**
 * The register as every room gets it: the one place that decides what belongs to a drill. Whoever notices the fault knows nothing of it.
 * What was a drill ends without a message of its own: the drill's report says how it went.
 */
export function markDrills(
  register: IncidentRegister,
  options: {
    readonly incidents: Pick<IncidentStore, 'unresolved'>;
    /** Whether this trouble is the work of a fault that is on just now. */
    readonly isMade: (trouble: Trouble) => boolean;
  },
): IncidentRegister {
  function isDrill(trouble: Trouble): boolean {
    const { agents } = trouble;
    return trouble.isDrill === true || (agents.length > 0 && agents.every(isDrillAgent)) || options.isMade(trouble);
  }

  return {
    ...register,
    report: (trouble) => register.report(isDrill(trouble) ? { ...trouble, isDrill: true } : trouble),
    resolve(fingerprint, sentence) {
      const incident = options.incidents.unresolved(fingerprint);
      if (incident?.isDrill !== 1) return register.resolve(fingerprint, sentence);
      register.close(fingerprint);
      return incident;
    },
  };
}
