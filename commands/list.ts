import type { Ledger } from '../src/budget/ledger.ts';
import type { ChecklistRoom } from '../src/checklist/checklist.ts';
import type { Custodian } from '../src/credentials/custodian.ts';
import type { Digests } from '../src/digest/digests.ts';
import type { Reviews } from '../src/drafts/review.ts';
import type { DrillRoom } from '../src/drills/room.ts';
import type { IncidentRegister } from '../src/incidents/register.ts';
import type { OwnerHolds } from '../src/loop/holds.ts';
import type { Restarter } from '../src/restart/restarter.ts';
import type { OwnerWishes } from '../src/loop/wishes.ts';
import type { Reloads } from '../src/reload/reloads.ts';
import type { CallbackData } from '../src/telegram/callback-data.ts';
import type { Confirmations } from '../src/telegram/confirmations.ts';
import type { FleetScreens } from '../src/telegram/fleet-screens.ts';
import type { WorkstateRoom } from '../src/work/workstate-room.ts';
import { createAckCommand } from './ack.ts';
import { createBudgetCommand } from './budget.ts';
import { createChecklistCommand } from './checklist.ts';
import type { Command } from './command.ts';
import { createDigestCommand } from './digest.ts';
import { createDraftsCommand } from './drafts.ts';
import { createDrillCommand } from './drill.ts';
import { createFleetCommand } from './fleet.ts';
import { createHelpCommand } from './help.ts';
import { createIncidentsCommand } from './incidents.ts';
import { createLogCommand, type LogSources } from './log.ts';
import { createPauseCommand } from './pause.ts';
import { createReauthCommand } from './reauth.ts';
import { createReloadCommand } from './reload.ts';
import { createRestartCommand } from './restart.ts';
import { createResumeCommand } from './resume.ts';
import { createRunCommand } from './run.ts';
import { createSilenceCommand } from './silence.ts';
import { createStartCommand } from './start.ts';
import { createStatusCommand } from './status.ts';
import { createStopCommand } from './stop.ts';
import { createWhyCommand } from './why.ts';
import { createWorkstateCommand } from './workstate.ts';

/** The rooms that commands call. */
export interface CommandRooms extends LogSources {
  readonly workstates: WorkstateRoom;
  readonly custodian: Custodian;
  readonly holds: OwnerHolds;
  readonly wishes: OwnerWishes;
  /** Ends an agent's run and lets it start anew; what came of it, for the owner. */
  readonly restart: (agent: string, by: string) => string;
  readonly restarter: Pick<Restarter, 'ask'>;
  readonly incidents: IncidentRegister;
  readonly callbackData: CallbackData;
  readonly screens: FleetScreens;
  readonly ledger: Ledger;
  readonly reviews: Pick<Reviews, 'open' | 'list'>;
  readonly digests: Pick<Digests, 'ask'>;
  readonly drills: Pick<DrillRoom, 'begin' | 'last'>;
  readonly checklist: Pick<ChecklistRoom, 'show' | 'want'>;
  readonly reloads: Pick<Reloads, 'reload'>;
  readonly confirmations: Confirmations;
}

/** All commands that work, in the order of the menu. */
export function createCommands(rooms: CommandRooms): {
  readonly listed: readonly Command[];
  /** Buttons answer with these, too. */
  readonly log: Command;
  readonly why: Command;
  readonly incidents: Command;
} {
  const log = createLogCommand(rooms);
  const why = createWhyCommand(rooms.fleet, rooms.storage, rooms.callbackData);
  const incidents = createIncidentsCommand(rooms.storage, rooms.incidents, rooms.fleet, rooms.callbackData);
  const listed: readonly Command[] = [
    createStatusCommand(rooms.screens),
    createFleetCommand(rooms.fleet, rooms.screens),
    incidents,
    createAckCommand(rooms.incidents),
    createSilenceCommand(rooms.fleet, rooms.storage, rooms.incidents),
    createDraftsCommand(rooms.fleet, rooms.reviews),
    createBudgetCommand(rooms.fleet, rooms.storage, rooms.ledger, rooms.callbackData),
    createDigestCommand(rooms.digests),
    createPauseCommand(rooms.fleet, rooms.holds, rooms.callbackData),
    createResumeCommand(rooms.fleet, rooms.holds, rooms.callbackData),
    createRunCommand(rooms.fleet, rooms.wishes, rooms.callbackData),
    createStopCommand(rooms.fleet, rooms.storage, rooms.wishes, rooms.callbackData),
    createReloadCommand(rooms),
    createRestartCommand(rooms.fleet, rooms.storage, rooms.restart, rooms.restarter, rooms.callbackData),
    why,
    createWorkstateCommand(rooms.fleet, rooms.workstates, rooms.callbackData),
    log,
    createReauthCommand(rooms),
    createDrillCommand(rooms.drills),
    createChecklistCommand(rooms.checklist),
    createHelpCommand(() => listed),
    createStartCommand(rooms.fleet),
  ];
  return { listed, log, why, incidents };
}
