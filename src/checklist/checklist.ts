import type { Storage } from '../../storage/storage.ts';
import type { Custodian } from '../credentials/custodian.ts';
import type { DrillRoom } from '../drills/room.ts';
import type { Fleet } from '../config/fleet.ts';
import type { InstructionComposer } from '../instructions/compose.ts';
import { createPatientWriter } from '../patient-writer.ts';
import type { Clock, Disk, Log } from '../ports.ts';
import type { CallbackData } from '../telegram/callback-data.ts';
import { renderChecklist } from '../telegram/cards/checklist-card.ts';
import { duration } from '../telegram/cards/words.ts';
import type { Content, Outbox } from '../telegram/outbox.ts';
import { createWorker, type Worker } from '../worker.ts';
import type { HostFacts, HostProbe } from './facts.ts';
import type { MendButton } from './item.ts';
import { judgeChecklist } from './items.ts';
import { loadLife } from './life.ts';
import { loadIntegrity } from './integrity.ts';
import { loadRowFacts } from './row-facts.ts';

/** The checklist on the phone. */
export interface ChecklistRoom extends Worker {
  /** The checklist by what is known right now: the rows, and what the machine last told. */
  show(): Content;
  /** Has the machine asked, and the message of this key changed to what it tells; `inMs`: not before that. */
  want(key: string, inMs?: number): void;
  /** Does what a button offers, as a row; gives what came of it, in words. */
  mend(button: MendButton, actor: string, chatId?: number): { readonly said: string; readonly isWanted: boolean };
}

/** Setting: what the machine last told. */
const HOST_KEY = 'checklist-host';
/** Setting: the messages that wait for what it tells. */
const WANTED_KEY = 'checklist-wanted';
/** Facts of another shape are nobody's: a new version asks anew. */
const SHAPE = 1;
/** Checklists that wait at once: more than that nobody has open. */
const MOST_WANTED = 8;
const EVERY_MS = 60_000;

/** A message that is to be changed. */
interface Wanted {
  readonly key: string;
  readonly dueAt: number;
}

/**
 * The effector of /checklist.
 *
 * Each look: 1. finds the messages whose time has come; 2. asks the machine, once for all of them, each question with a limit; 3. keeps
 * what it told, and changes the messages, in one transaction. A message stays wanted until then, so that a restart goes on.
 */
export function createChecklistRoom(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  readonly disk: Disk;
  readonly outbox: Outbox;
  readonly callbackData: CallbackData;
  readonly custodian: Pick<Custodian, 'wantLogin'>;
  readonly drills: Pick<DrillRoom, 'begin'>;
  readonly instructions: InstructionComposer;
  /** This process, as the machine knows it. */
  readonly pid: number;
  /** Undefined: nobody can look at this machine. */
  readonly probe: HostProbe | undefined;
  readonly onFatal: (error: unknown) => void;
}): ChecklistRoom {
  const { fleet, storage, clock, log, outbox, custodian } = options;
  const writer = createPatientWriter({ name: 'checklist', clock, log });

  function wanted(): readonly Wanted[] {
    const kept = storage.settings.get(WANTED_KEY);
    return kept === undefined ? [] : (JSON.parse(kept) as readonly Wanted[]);
  }

  function keepWanted(list: readonly Wanted[]): void {
    storage.settings.set(WANTED_KEY, JSON.stringify(list.slice(-MOST_WANTED)));
  }

  function lastHost(): HostFacts | undefined {
    const kept = storage.settings.get(HOST_KEY);
    if (kept === undefined) return undefined;
    const { shape, host } = JSON.parse(kept) as { readonly shape: number; readonly host: HostFacts };
    return shape === SHAPE ? host : undefined;
  }

  function render(host: HostFacts | undefined, isChange: boolean): Content {
    const now = clock.now();
    const life = loadLife(fleet.home, options.disk, true);
    const rows = loadRowFacts({ fleet, storage, instructions: options.instructions }, loadIntegrity(storage), now);
    const items = judgeChecklist({ now, fleet, life, rows, host });
    return renderChecklist(items, { now, timezone: fleet.timezone, callbackData: options.callbackData, isChange });
  }

  async function look(): Promise<number | undefined> {
    const { probe } = options;
    const due = wanted().filter(({ dueAt }) => dueAt <= clock.now());
    if (due.length > 0) {
      const cliPaths = storage.checklist.clis().map(({ program }) => program);
      // A look that failed would fail again after each restart: what is wrong with it must not end the fleet.
      const host = await probe?.({ fleet, pid: options.pid, cliPaths }).catch((error: unknown) => {
        log.error('the machine could not be asked', { reason: error instanceof Error ? error.message : 'unknown' });
        return undefined;
      });
      await writer.write(() =>
        storage.transaction(() => {
          if (host !== undefined) storage.settings.set(HOST_KEY, JSON.stringify({ shape: SHAPE, host }));
          const content = render(host ?? lastHost(), true);
          for (const { key } of due) outbox.edit(key, content);
          keepWanted(wanted().filter((one) => !due.some(({ key, dueAt }) => key === one.key && dueAt === one.dueAt)));
        }),
      );
    }
    const next = Math.min(...wanted().map(({ dueAt }) => dueAt));
    return Number.isFinite(next) ? Math.max(0, next - clock.now()) : undefined;
  }

  const worker = createWorker({ name: 'checklist', clock, log, everyMs: EVERY_MS, look, onFatal: options.onFatal });

  function check(name: string): string {
    const row = storage.credentials.get(name);
    if (row === undefined || row.state === 'logging-in') return 'It cannot be checked right now: a login is under way.';
    storage.credentials.change({ ...row, checkWantedAt: clock.now() }, row.state);
    return `Checking ${name}…`;
  }

  return {
    ...worker,
    async stop() {
      writer.stop();
      await worker.stop();
    },

    show: () => render(lastHost(), false),

    want: (key, inMs = 0) => {
      storage.transaction(() => {
        const dueAt = clock.now() + inMs;
        keepWanted([...wanted().filter((one) => one.key !== key || one.dueAt > dueAt), { key, dueAt }]);
      });
      worker.nudge();
    },

    mend: (button, actor, chatId) =>
      storage.transaction(() => {
        switch (button.kind) {
          case 'drill': {
            const wish = options.drills.begin(button.drill, actor);
            return wish.kind === 'begun'
              ? {
                  said: `Drill ${button.drill}: the alert has to come within ${duration(wish.withinMs)}.`,
                  isWanted: true,
                }
              : { said: `One at a time: the drill ${wish.by.kind} is still going on.`, isWanted: false };
          }
          case 'check':
            return { said: check(button.credential), isWanted: true };
          case 'reauth':
            return LOGIN_WORDS[custodian.wantLogin(button.credential, actor, chatId)];
          case 'backup':
            return storage.checklist.wantBackup(actor, clock.now())
              ? { said: 'Backing up…', isWanted: true }
              : { said: 'A backup is being made already.', isWanted: true };
        }
      }),
  };
}

const LOGIN_WORDS = {
  wanted: { said: 'Logging in…', isWanted: true },
  running: { said: 'A login is under way already.', isWanted: false },
  rotating: { said: 'Its rotation is under way: wait for what comes of it.', isWanted: false },
  'no-login': { said: 'I have no login program for it: log in on the host.', isWanted: false },
  unknown: { said: 'I do not know that credential any more.', isWanted: false },
} as const satisfies Record<ReturnType<Custodian['wantLogin']>, { readonly said: string; readonly isWanted: boolean }>;
