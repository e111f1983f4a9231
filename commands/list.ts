import type { Ledger } from '../src/budget/ledger.ts';
import type { Custodian } from '../src/credentials/custodian.ts';
import type { Reviews } from '../src/drafts/review.ts';
import type { DrillRoom } from '../src/drills/room.ts';
import type { IncidentRegister } from '../src/incidents/register.ts';
import type { OwnerHolds } from '../src/loop/holds.ts';
import type { OwnerWishes } from '../src/loop/wishes.ts';
import type { CallbackData } from '../src/telegram/callback-data.ts';
import type { WorkstateRoom } from '../src/work/workstate-room.ts';
import { createAckCommand } from './ack.ts';
import { createBudgetCommand } from './budget.ts';
import type { Command } from './command.ts';
import { createDraftsCommand } from './drafts.ts';
import { createDrillCommand } from './drill.ts';
import { createHelpCommand } from './help.ts';
import { createIncidentsCommand } from './incidents.ts';
import { createLogCommand, type LogSources } from './log.ts';
import { createPauseCommand } from './pause.ts';
import { createReauthCommand } from './reauth.ts';
import { reply } from './replies.ts';
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
  readonly restart: (agent: string) => string;
  readonly incidents: IncidentRegister;
  readonly callbackData: CallbackData;
  readonly ledger: Ledger;
  readonly reviews: Pick<Reviews, 'open'>;
  readonly drills: Pick<DrillRoom, 'begin' | 'last'>;
}

/** Commands of the contract whose machinery comes later: they say so. */
const TO_COME = ['digest', 'checklist', 'reload'] as const;

/** The one command that is a menu: the bot itself answers it. */
export const FLEET_COMMAND = { name: 'fleet', description: 'a menu: look at each agent' } as const;

/** All commands that work, in the order of the menu. */
export function createCommands(rooms: CommandRooms): {
  readonly listed: readonly Command[];
  readonly toCome: readonly Command[];
  /** A button answers with it, too. */
  readonly log: Command;
} {
  const log = createLogCommand(rooms);
  const listed: readonly Command[] = [
    createStatusCommand(rooms.fleet, rooms.storage),
    createIncidentsCommand(rooms.storage, rooms.incidents, rooms.fleet.timezone),
    createAckCommand(rooms.incidents),
    createSilenceCommand(rooms.fleet, rooms.storage, rooms.incidents),
    createDraftsCommand(rooms.fleet, rooms.reviews),
    createBudgetCommand(rooms.fleet, rooms.storage, rooms.ledger, rooms.callbackData),
    createPauseCommand(rooms.fleet, rooms.holds),
    createResumeCommand(rooms.fleet, rooms.holds),
    createRunCommand(rooms.fleet, rooms.wishes),
    createStopCommand(rooms.fleet, rooms.wishes),
    createRestartCommand(rooms.fleet, rooms.storage, rooms.restart),
    createWhyCommand(rooms.fleet, rooms.storage),
    createWorkstateCommand(rooms.fleet, rooms.workstates),
    log,
    createReauthCommand(rooms),
    createDrillCommand(rooms.drills),
    createHelpCommand(() => [FLEET_COMMAND, ...listed], TO_COME),
    createStartCommand(rooms.fleet),
  ];
  const toCome = TO_COME.map((name) => ({
    name,
    description: 'not there yet',
    run: () => reply(`/${name} is not there yet in this version. What is: /help`),
  }));
  return { listed, toCome, log };
}
