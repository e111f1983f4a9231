import type { Storage } from '../../storage/storage.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import type { Clock } from '../ports.ts';
import { type MachineWatch, PRETENDED_DISK } from '../vigil/machine-watch.ts';
import { describeMissingAlert, findAlert } from './alerted.ts';
import type { Fault } from './fault.ts';

/** The disk drill: what watches the disk judges a number of ours instead of the disk's. Nothing is held, and nothing removed. */
export function createDiskFault(parts: {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly incidents: Pick<IncidentRegister, 'delivery'>;
  readonly machineWatch: Pick<MachineWatch, 'pretendDiskLeft'>;
}): Fault {
  const { storage, clock, incidents, machineWatch } = parts;
  const alertOf = () => storage.incidents.unresolved(PRETENDED_DISK);
  return {
    make() {
      machineWatch.pretendDiskLeft(0);
      return { faultAt: clock.now() };
    },
    look: () => findAlert(alertOf(), incidents, {}, clock.now()),
    describe: (drill) => describeMissingAlert(drill, alertOf(), incidents),
    clear: () => machineWatch.pretendDiskLeft(undefined),
  };
}
