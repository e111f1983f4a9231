import { existsSync } from 'node:fs';
import { openReadOnly } from '../../storage/database.ts';
import { StorageError } from '../../storage/storage-error.ts';
import { inspectLock } from '../../storage/lock.ts';
import { createStorage } from '../../storage/storage.ts';
import { createProcesses } from '../adapters/execa-processes.ts';
import { createFileDisk } from '../adapters/file-disk.ts';
import type { BotAccess } from '../adapters/host-bot.ts';
import { createHostProbe } from '../adapters/host-facts.ts';
import { createSystemClock } from '../adapters/system-clock.ts';
import { createSystemMachine } from '../adapters/system-machine.ts';
import type { NoRows, RowFacts } from '../checklist/facts.ts';
import { loadLife } from '../checklist/life.ts';
import { loadIntegrity } from '../checklist/integrity.ts';
import { loadRowFacts } from '../checklist/row-facts.ts';
import type { Fleet } from '../config/fleet.ts';
import { createInstructionComposer } from '../instructions/compose.ts';
import { type ReportForm, reportChecklist } from './checklist-report.ts';
import { loadConfiguration } from './configuration.ts';
import { EXIT } from './exit-codes.ts';
import { type Home, locateHome } from './home.ts';
import type { Terminal } from './terminal.ts';
import { loadApiRoot, loadToken } from './token.ts';

/** So much is read within two seconds on a slow machine. */
const READ_AT_ONCE_BYTES = 60_000_000;

/** `nightdesk doctor --config F [--json]`: the checklist, judged by what is there right now, whether the control plane runs or not. */
export async function doctor(file: string, form: ReportForm, terminal: Terminal): Promise<number> {
  const configuration = loadConfiguration(file, terminal);
  if (configuration === undefined) return EXIT.config;
  const { loaded, env } = configuration;
  const { fleet } = loaded;
  const home = locateHome(fleet.home);
  const lock = inspectLock(home.lock);
  const clock = createSystemClock();
  const rows = loadRows(fleet, home, clock.now());
  const probe = createHostProbe({
    processes: createProcesses(),
    clock,
    machine: createSystemMachine(),
    env,
    access: accessOf(env),
    triesContainment: true,
  });
  const host = await probe({
    fleet,
    pid: lock.held ? lock.by?.pid : undefined,
    cliPaths: rows.kind === 'rows' ? rows.clis.map(({ program }) => program) : [],
  });
  const life = loadLife(fleet.home, createFileDisk(), lock.held);
  return reportChecklist({ now: clock.now(), fleet, life, rows, host }, form, terminal);
}

function accessOf(env: Readonly<Record<string, string | undefined>>): BotAccess {
  const token = loadToken(env);
  const apiRoot = loadApiRoot(env);
  if (token.kind === 'problem') return { kind: 'problem', reason: token.reason };
  if (apiRoot.kind === 'problem') return { kind: 'problem', reason: apiRoot.reason };
  return { kind: 'access', token: token.token, apiRoot: apiRoot.root };
}

function loadRows(fleet: Fleet, home: Home, now: number): RowFacts | NoRows {
  if (!existsSync(home.database))
    return {
      kind: 'none',
      code: 'never-ran',
      reason: `Nightdesk has not run in ${fleet.home} yet`,
      mend: 'start it once',
    };
  try {
    const database = openReadOnly(home.database);
    try {
      const storage = createStorage(database);
      // A larger one takes longer than anybody waits.
      const isSmall = storage.checklist.databaseBytes() <= READ_AT_ONCE_BYTES;
      const integrity = isSmall ? { at: now, found: storage.checklist.readAll() } : loadIntegrity(storage);
      return loadRowFacts(
        { fleet, storage, instructions: createInstructionComposer(createFileDisk()) },
        integrity,
        now,
      );
    } finally {
      database.close();
    }
  } catch (error) {
    if (error instanceof StorageError) {
      const { code } = error;
      const known = code === 'older' || code === 'newer' || code === 'damaged' ? code : 'unreadable';
      return { kind: 'none', code: known, reason: error.message, mend: error.hint };
    }
    const code = (error as { readonly code?: unknown }).code;
    if (typeof code !== 'string' || !code.startsWith('SQLITE_')) throw error;
    // A page that only reading the rows came across.
    return {
      kind: 'none',
      code: code.startsWith('SQLITE_CORRUPT') ? 'damaged' : 'unreadable',
      reason: `${home.database} cannot be read (${code})`,
      mend: 'see the disk; HOME/backup has copies of it',
    };
  }
}
