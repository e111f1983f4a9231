import { join } from 'node:path';
import type { CopyOutcome } from '../../storage/database-copy.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import { createPatientWriter } from '../patient-writer.ts';
import type { Clock, Disk, Log, Machine } from '../ports.ts';
import { sizeText } from '../telegram/cards/size.ts';
import { createWorker, type Worker } from '../worker.ts';
import { copiedAt, decideRemovals, freeCopyName, leftOvers } from './backup-files.ts';
import { loadBackupState } from './backup-state.ts';
import { decideBackup } from './backup-times.ts';
import type { DatabaseCopier } from './copier.ts';

/** A clock that was set, a fleet.yaml that was reloaded, a copy that somebody else made: noticed this late at most. */
const EVERY_MS = 10 * 60_000;
/** Setting: when backups were first thought of. */
const SINCE_KEY = 'backups-since';
const FINGERPRINT = 'backup';
const CUT_OFF = 'Nightdesk ended while it was made';

/** The keeper of the backups. */
export interface BackupKeeper extends Worker {
  /** Settles what an earlier start left unfinished. */
  recover(): void;
}

/**
 * The effector of backups: makes the copies of the database that rows ask for, one at a time.
 *
 * Each look: 1. counts copies that somebody else made, and forgets those that are gone; 2. wants the next one when its time has come, once
 * for all that were missed; 3. makes what is wanted, unless the disk would have too little left; 4. removes the oldest ones beyond their
 * number, after a good one and never before it.
 */
export function createBackupKeeper(options: {
  readonly fleet: Pick<Fleet, 'home' | 'timezone' | 'backup' | 'logs'>;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  readonly disk: Disk;
  readonly machine: Machine;
  readonly copier: DatabaseCopier;
  readonly incidents: IncidentRegister;
  readonly onFatal: (error: unknown) => void;
}): BackupKeeper {
  const { fleet, storage, clock, log, disk, copier, incidents } = options;
  const { backups } = storage;
  const folder = join(fleet.home, 'backup');
  const writer = createPatientWriter({ name: 'backup keeper', clock, log });
  let stopping = false;

  function listFiles(): readonly { readonly name: string; readonly sizeBytes: number; readonly modifiedAt: number }[] {
    return disk.listFiles(folder).flatMap(({ path, ...file }) => {
      const name = path.slice(folder.length + 1);
      // What was moved aside by a restore lies in folders of its own, and is its owner's to remove.
      return name.includes('/') ? [] : [{ name, ...file }];
    });
  }

  function remove(name: string): boolean {
    try {
      disk.remove(join(folder, name));
      return true;
    } catch (error) {
      log.warn('a file of a backup could not be removed', { name, code: (error as NodeJS.ErrnoException).code });
      return false;
    }
  }

  /** Rows and files agree again: `nightdesk backup` makes files only, and a restored database knows of none that came later. */
  function countFiles(): void {
    const there = new Map(listFiles().map(({ name, sizeBytes }) => [name, sizeBytes]));
    const known = new Set(backups.files());
    const gone = [...known].filter((name) => !there.has(name));
    const others = [...there].filter(([name]) => copiedAt(name) !== undefined && !known.has(name));
    if (gone.length === 0 && others.length === 0) return;
    storage.transaction(() => {
      for (const name of gone) backups.forget(name);
      for (const [name, sizeBytes] of others) backups.adopt(name, sizeBytes, copiedAt(name) ?? clock.now());
    });
  }

  /** Wants the next one if its time has come; gives when the next look is worth it. */
  function plan(now: number): number | undefined {
    const { keep, atMinute } = fleet.backup;
    return storage.transaction(() => {
      if (keep === 0) {
        backups.drop();
        incidents.close(FINGERPRINT);
        return undefined;
      }
      if (storage.settings.get(SINCE_KEY) === undefined) storage.settings.set(SINCE_KEY, String(now));
      if (backups.wanted() !== undefined) return now;
      const since = Number(storage.settings.get(SINCE_KEY));
      const failedAt = loadBackupState(storage).failure?.at;
      const facts = { atMinute, timezone: fleet.timezone, since, last: backups.lastScheduled(now), failedAt };
      const decision = decideBackup(facts, now);
      if (decision.kind === 'now') backups.want(decision.dueAt);
      return decision.kind === 'now' ? now : decision.at;
    });
  }

  async function make(id: number): Promise<void> {
    if (!storage.transaction(() => backups.claim(id, clock.now()))) return;
    const name = freeCopyName(
      clock.now(),
      listFiles().map((file) => file.name),
    );
    const outcome = refuseForRoom() ?? (await copier.copyTo(join(folder, name)));
    // The next start finds the row as it is, and the copy without it.
    if (stopping) return;
    await writer.write(() => storage.transaction(() => settle(id, name, outcome)));
    if (outcome.kind === 'made') removeOld();
  }

  function refuseForRoom(): CopyOutcome | undefined {
    const free = options.machine.freeDiskBytes(folder);
    const size = copier.sizeBytes();
    const { keepFreeBytes } = fleet.logs;
    if (free === undefined || size === undefined || free >= size + keepFreeBytes) return undefined;
    return {
      kind: 'failed',
      code: 'full',
      reason: `${sizeText(free)} are left on the disk; a copy takes ${sizeText(size)}, and ${sizeText(keepFreeBytes)} stay free`,
    };
  }

  function settle(id: number, name: string, outcome: CopyOutcome): void {
    const now = clock.now();
    if (outcome.kind === 'made') {
      backups.made(id, name, outcome.sizeBytes, now);
      log.info('the database was backed up', { file: name, sizeBytes: outcome.sizeBytes });
      incidents.resolve(FINGERPRINT, `A backup was made: ${name}, ${sizeText(outcome.sizeBytes)}.`);
      return;
    }
    backups.failed(id, outcome.reason, now);
    log.warn('the database could not be backed up', { reason: outcome.reason });
    const isDamaged = outcome.code === 'damaged';
    const last = backups.newest('done')?.file ?? undefined;
    const lastWords = last === undefined ? 'There is no earlier one' : `The last good one is ${last}`;
    incidents.report({
      kind: 'backup',
      fingerprint: FINGERPRINT,
      subject: 'database',
      severity: isDamaged ? 'critical' : 'warning',
      title: isDamaged ? 'The database is damaged' : 'The database could not be backed up',
      evidence: outcome.reason,
      agents: [],
      note: `${lastWords}. ${noteFor(outcome.code)} I try again within the hour.`,
    });
  }

  function removeOld(): void {
    const goes = decideRemovals(listFiles(), fleet.backup.keep).filter(remove);
    if (goes.length === 0) return;
    log.info('older backups were removed', { files: goes.join(', ') });
    storage.transaction(() => {
      for (const name of goes) backups.forget(name);
    });
  }

  async function look(): Promise<number | undefined> {
    countFiles();
    const nextAt = plan(clock.now());
    const wanted = backups.wanted();
    if (wanted === undefined || stopping) return nextAt === undefined ? undefined : nextAt - clock.now();
    await make(wanted.id);
    return stopping ? undefined : 0;
  }

  const worker = createWorker({ name: 'backup keeper', clock, log, everyMs: EVERY_MS, look, onFatal: options.onFatal });
  storage.onChange('backups', worker.nudge);
  return {
    ...worker,
    recover() {
      for (const name of leftOvers(listFiles().map((file) => file.name))) remove(name);
      const cut = storage.transaction(() => backups.cutOff(CUT_OFF, clock.now()));
      if (cut > 0) log.warn('a backup was cut off; it is made again within the hour');
    },
    async stop() {
      stopping = true;
      writer.stop();
      await copier.stop();
      await worker.stop();
    },
  };
}

function noteFor(code: 'damaged' | 'full' | 'unwritable'): string {
  switch (code) {
    case 'damaged':
      return 'Stop Nightdesk, and put a good copy in its place: nightdesk restore FILE --config fleet.yaml.';
    case 'full':
      return 'Please make room on the host, or set backup.keep lower.';
    case 'unwritable':
      return 'Please look at the folder `backup` of the state folder: its permissions, its disk.';
  }
}
