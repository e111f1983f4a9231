import { existsSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { StorageError } from '../../storage/storage-error.ts';
import { type PreparedRestore, prepareRestore } from '../../storage/database-restore.ts';
import { acquireLock } from '../../storage/lock.ts';
import { copyName } from '../backups/backup-files.ts';
import { dateAndTime } from '../loop/wall-clock.ts';
import { count, duration } from '../telegram/cards/words.ts';
import { ALIVE_KEY } from '../vigil/pulse.ts';
import { loadConfiguration } from './configuration.ts';
import { EXIT } from './exit-codes.ts';
import { locateHome } from './home.ts';
import type { AskingTerminal } from './init.ts';

/** `nightdesk restore FILE --config F [--yes]`: a backup takes the place of the database, which is moved aside. */
export async function restore(
  backup: string,
  config: string,
  isSure: boolean,
  terminal: AskingTerminal,
): Promise<number> {
  const configuration = loadConfiguration(config, terminal);
  if (configuration === undefined) return EXIT.config;
  const { fleet } = configuration.loaded;
  const home = locateHome(fleet.home);
  const file = resolve(backup);
  if (file === resolve(home.database)) return refuse(EXIT.config, `${file} is the database itself, not a backup of it`);
  if (statSync(file, { throwIfNoEntry: false })?.isFile() !== true)
    return refuse(EXIT.config, `there is no file ${file}`);
  if (!isSure && !terminal.isInteractive)
    return refuse(EXIT.usage, 'nobody is here to be asked: add --yes if you mean it');

  const held = acquireLock(home.lock);
  if (held.kind === 'taken') {
    const who = held.by === undefined ? 'another process' : `process ${held.by.pid} on ${held.by.host}`;
    return refuse(EXIT.taken, `the state folder ${fleet.home} is held by ${who}: stop it first; nothing was changed`);
  }
  let prepared: PreparedRestore | undefined;
  try {
    const now = Date.now();
    prepared = prepareRestore({ backup: file, database: home.database, now, aliveKey: ALIVE_KEY });
    for (const line of describe(prepared, file, fleet.timezone, now)) terminal.print(line);
    if (!isSure && !/^y(es)?$/i.test((await terminal.ask('Restore it? [y/N] ')) ?? '')) {
      terminal.print('Nothing was changed.');
      return EXIT.ok;
    }
    const aside = freeFolder(join(fleet.home, 'backup'), now);
    const had = existsSync(home.database);
    prepared.commit(aside);
    terminal.print('Restored. The next start tells the owner what that means.');
    if (had) terminal.print(`The database of before is in ${aside}: remove it once nobody needs it.`);
    return EXIT.ok;
  } catch (error) {
    if (error instanceof StorageError) return refuse(EXIT.config, `${error.message}; ${error.hint}`);
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    return refuse(
      code === 'ENOSPC' || code === 'SQLITE_FULL' ? EXIT.tempfail : EXIT.ioerr,
      `${message}; the database was left as it was`,
    );
  } finally {
    prepared?.discard();
    held.lock.release();
  }

  function refuse(exit: number, reason: string): number {
    terminal.complain(`nightdesk restore: ${reason}`);
    return exit;
  }
}

function describe(
  { takenAt, counts, schema }: PreparedRestore,
  file: string,
  timezone: string,
  now: number,
): readonly string[] {
  const { runs, unknown, pending } = counts;
  return [
    `${basename(file)} is of ${dateAndTime(takenAt, timezone, now)} (${duration(now - takenAt)} ago, schema ${schema}).`,
    'Whatever happened after that is forgotten: runs, decisions, logins, messages.',
    `  ${count(unknown, 'draft')} approved then: nothing is published again by itself, the owner is asked about each`,
    `  ${count(pending, 'draft')} waiting then: shown anew, marked, since they may have been decided since`,
    `  ${count(runs, 'run')} going on then: lost`,
  ];
}

/** A folder that is not there yet: what was moved aside before is never written over. */
function freeFolder(parent: string, now: number): string {
  for (let second = 0; ; second += 1) {
    const stamp = copyName(now + second * 1_000).slice('nightdesk-'.length, -'.db'.length);
    const folder = join(parent, `before-restore-${stamp}`);
    if (!existsSync(folder)) return folder;
  }
}
