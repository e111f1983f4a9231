import { existsSync, mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { createSystemMachine } from '../adapters/system-machine.ts';
import { createDatabaseCopier } from '../adapters/database-copier.ts';
import { freeCopyName } from '../backups/backup-files.ts';
import { sizeText } from '../telegram/cards/size.ts';
import { loadConfiguration } from './configuration.ts';
import { EXIT } from './exit-codes.ts';
import { locateHome } from './home.ts';
import type { Terminal } from './terminal.ts';

/** `nightdesk backup --config F`: a copy of the database now, whether the control plane runs or not. */
export async function backup(file: string, terminal: Terminal): Promise<number> {
  const configuration = loadConfiguration(file, terminal);
  if (configuration === undefined) return EXIT.config;
  const { fleet } = configuration.loaded;
  const { database } = locateHome(fleet.home);
  const folder = join(fleet.home, 'backup');
  if (!existsSync(database)) {
    terminal.complain(`nightdesk backup: there is no database in ${fleet.home} yet`);
    return EXIT.config;
  }
  const copier = createDatabaseCopier(database);
  const size = copier.sizeBytes() ?? 0;
  const free = createSystemMachine().freeDiskBytes(fleet.home);
  if (free !== undefined && free < size + fleet.logs.keepFreeBytes) {
    terminal.complain(
      `nightdesk backup: ${sizeText(free)} are left on the disk; a copy takes ${sizeText(size)}, and ${sizeText(fleet.logs.keepFreeBytes)} stay free (logs.keep_free): make room`,
    );
    return EXIT.tempfail;
  }
  const prepared = tryPrepare(folder);
  if (typeof prepared === 'string') {
    terminal.complain(`nightdesk backup: ${folder} cannot be used (${prepared}): correct its permissions`);
    return EXIT.ioerr;
  }
  const to = join(folder, freeCopyName(Date.now(), prepared));
  const interrupted = terminal.interrupted.then(async () => await copier.stop());
  const outcome = await Promise.race([copier.copyTo(to), interrupted.then(() => undefined)]);
  if (outcome?.kind === 'made') {
    terminal.print(`${to} (${sizeText(outcome.sizeBytes)})`);
    return EXIT.ok;
  }
  if (outcome === undefined) {
    rmSync(`${to}.part`, { force: true });
    return EXIT.tempfail;
  }
  const hint = outcome.code === 'damaged' ? `; the copies in ${folder} are of before: nightdesk restore FILE` : '';
  terminal.complain(`nightdesk backup: no copy was made: ${outcome.reason}${hint}`);
  return outcome.code === 'full' ? EXIT.tempfail : EXIT.ioerr;
}

/** Names of the files that are there, or why the folder cannot be used. */
function tryPrepare(folder: string): readonly string[] | string {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    return readdirSync(folder);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  }
}
