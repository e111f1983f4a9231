import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Random } from '../ports.ts';
import { launcherText } from '../gateway/launcher.ts';

/** Paths under the state folder (CONTRACT 4). */
export interface Home {
  readonly database: string;
  readonly lock: string;
  readonly bin: string;
  readonly secrets: string;
  backup(version: number): string;
}

/** Names the paths of a state folder; creates nothing. */
export function locateHome(folder: string): Home {
  return {
    database: join(folder, 'nightdesk.db'),
    lock: join(folder, 'nightdesk.lock'),
    bin: join(folder, 'bin'),
    secrets: join(folder, 'secrets'),
    backup: (version) => join(folder, 'backup', `before-migration-from-${version}-${Date.now()}.db`),
  };
}

/** Creates the folders that nobody else may read, and the launcher `nightdesk` for the agents' PATH. */
export function prepareHome(folder: string, launcher: { readonly nodePath: string; readonly binPath: string }): Home {
  const home = locateHome(folder);
  for (const path of [
    folder,
    home.secrets,
    home.bin,
    join(folder, 'backup'),
    join(folder, 'logs'),
    join(folder, 'agents'),
  ]) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
  }
  const file = join(home.bin, 'nightdesk');
  const text = launcherText(launcher.nodePath, launcher.binPath);
  // Written over on a full disk, it would be empty: agents of all later runs would not find us.
  if (!existsSync(file) || readFileSync(file, 'utf8') !== text) writeFileSync(file, text, { mode: 0o700 });
  return home;
}

/**
 * Takes from others the rights to the secrets that they must not have, and removes what a crash left half written; gives what was wrong, in
 * sentences for the log.
 */
export function tightenSecrets({ secrets }: Pick<Home, 'secrets'>): readonly string[] {
  const found: string[] = [];
  const tighten = (path: string, mode: number): void => {
    const before = statSync(path).mode & 0o777;
    if ((before & 0o077) === 0) return;
    const was = `${path} had mode ${before.toString(8)}: others on this machine may have read it`;
    try {
      chmodSync(path, mode);
      found.push(`${was}; it is ${mode.toString(8)} now`);
    } catch (error) {
      const { code = 'unknown' } = error as NodeJS.ErrnoException;
      found.push(`${was}, and its mode cannot be changed (${code}): chmod ${mode.toString(8)} ${path}`);
    }
  };
  tighten(secrets, 0o700);
  for (const entry of readdirSync(secrets)) {
    const path = join(secrets, entry);
    if (entry.endsWith('.part')) rmSync(path, { force: true });
    // A link without its end is nobody's secret.
    else if (statSync(path, { throwIfNoEntry: false })?.isFile() === true) tighten(path, 0o600);
  }
  return found;
}

/** What tells an existing state folder from all others on this machine, by whatever path it is reached, and wherever it is moved. */
export function homeIdentity(folder: string): string {
  const { dev, ino } = statSync(folder, { bigint: true });
  return `${dev}:${ino}`;
}

/** The key of the MAC on buttons: made once, kept 0600. */
export function loadCallbackKey(home: Home, random: Random): string {
  const file = join(home.secrets, 'callback.key');
  try {
    const key = readFileSync(file, 'utf8').trim();
    if (key.length >= 40) return key;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
  }
  const key = random.token(32);
  writeFileSync(file, `${key}\n`, { mode: 0o600 });
  return key;
}
