import type { Command } from '../../commands/command.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Ledger } from '../budget/ledger.ts';
import type { Raises } from '../budget/raises.ts';
import type { ChecklistRoom } from '../checklist/checklist.ts';
import type { Fleet } from '../config/fleet.ts';
import type { Batches } from '../drafts/batches.ts';
import type { Reviews } from '../drafts/review.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import type { OwnerHolds } from '../loop/holds.ts';
import type { OwnerWishes } from '../loop/wishes.ts';
import type { Clock } from '../ports.ts';
import type { Restarter } from '../restart/restarter.ts';
import type { WorkstateRoom } from '../work/workstate-room.ts';
import { createBudgetPresses } from './budget-presses.ts';
import type { CallbackData } from './callback-data.ts';
import { createChecklistPresses } from './checklist-presses.ts';
import { createConfirmPresses } from './confirm-presses.ts';
import { createFleetPresses } from './fleet-presses.ts';
import type { FleetScreens } from './fleet-screens.ts';
import type { Content, Outbox } from './outbox.ts';
import { createRestartPresses } from './restart-presses.ts';
import { createReviewPresses } from './review-presses.ts';
import { createStatusPresses } from './status-presses.ts';
import { createWorkstatePresses } from './workstate-presses.ts';

/** Whom a press of another room's button may reach. */
export interface PressedRooms {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly callbackData: CallbackData;
  /** Some buttons answer as a command does. */
  readonly commands: {
    readonly listed: readonly Command[];
    readonly log: Command;
    readonly why: Command;
    readonly incidents: Command;
  };
  readonly screens: FleetScreens;
  readonly holds: OwnerHolds;
  readonly wishes: OwnerWishes;
  /** Ends an agent's run and lets it start anew; what came of it, for the owner. */
  readonly restart: (agent: string, by: string) => string;
  readonly incidents: IncidentRegister;
  readonly reviews: Reviews;
  readonly batches: Batches;
  readonly workstates: WorkstateRoom;
  readonly checklist: Pick<ChecklistRoom, 'show' | 'want' | 'mend'>;
  readonly restarter: Pick<Restarter, 'hurry' | 'drop'>;
  readonly ledger: Ledger;
  readonly raises: Raises;
}

/** Builds the handlers of all that is not about a draft, an incident, a login or a question: each room brings those of its verbs. */
export function createRoomPresses(rooms: PressedRooms, showLog: (agent: string) => Content) {
  const { clock, commands } = rooms;
  const call = { actor: 'button', argument: '' };
  return {
    ...createFleetPresses({
      ...rooms,
      showLog,
      showWhy: (agent) => commands.why.run({ ...call, argument: agent, now: clock.now() }),
    }),
    ...createStatusPresses({
      ...rooms,
      showIncidents: () => commands.incidents.run({ ...call, now: clock.now() }),
      openDrafts: (messageKey, chatId) => rooms.reviews.open({}, { messageKey, chatId }),
    }),
    ...createWorkstatePresses(rooms),
    ...createReviewPresses(rooms),
    ...createRestartPresses(rooms),
    ...createConfirmPresses(rooms),
    ...createChecklistPresses(rooms),
    ...createBudgetPresses(rooms),
  };
}
