import type { Storage } from '../../storage/storage.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import type { Clock, Disk, Log } from '../ports.ts';
import type { Outbox } from '../telegram/outbox.ts';
import type { MachineWatch } from '../vigil/machine-watch.ts';
import { createAgentFault } from './agent-fault.ts';
import { createDarkFault } from './dark-fault.ts';
import { createDiskFault } from './disk-fault.ts';
import type { AgentDrill } from './drill.ts';
import type { Fault } from './fault.ts';
import type { PretendingContainment } from './pretended-survivor.ts';
import { createDrillRoom, type DrillRoom } from './room.ts';
import { createTelegramFault } from './telegram-fault.ts';
import type { TelegramGate } from './telegram-gate.ts';

/** Builds the drill room with the fault of each kind. */
export function createDrills(parts: {
  /** The fleet with the hidden agents. */
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  readonly disk: Pick<Disk, 'readText'>;
  readonly incidents: IncidentRegister;
  readonly outbox: Outbox;
  readonly generations: (agent: Agent) => Readonly<Record<string, number>>;
  readonly containment: PretendingContainment;
  readonly gate: TelegramGate;
  /** Fingerprint of the incident that a Telegram out of reach is. */
  readonly telegramOutage: string;
  readonly machineWatch: Pick<MachineWatch, 'pretendDiskLeft'>;
  readonly pretendDark: (untilMs: number) => boolean;
  readonly onFatal: (error: unknown) => void;
}): DrillRoom {
  const { fleet, storage, clock, incidents, containment, gate } = parts;
  const agentFault = (kind: AgentDrill): Fault => createAgentFault(kind, { ...parts, ...containment });
  return createDrillRoom({
    ...parts,
    faults: {
      auth: agentFault('auth'),
      heartbeat: agentFault('heartbeat'),
      stuck: agentFault('stuck'),
      orphan: agentFault('orphan'),
      budget: agentFault('budget'),
      disk: createDiskFault({ storage, clock, incidents, machineWatch: parts.machineWatch }),
      telegram: createTelegramFault({
        storage,
        clock,
        gate,
        hasFallback: () => fleet.alerts.fallback !== undefined,
        fingerprint: parts.telegramOutage,
      }),
      dark: createDarkFault({ clock, disk: parts.disk, home: fleet.home, pretendDark: parts.pretendDark }),
    },
  });
}
