import { isAbsolute, join } from 'node:path';
import type { Place } from './plan.ts';

/** Folders that ProtectSystem=full, in the unit of the machine, makes read-only (systemd.exec(5)). */
const PROTECTED = ['/usr', '/boot', '/efi', '/etc'];

/**
 * The PATH of the service: that of whoever installs it, since a supervisor's own knows no CLI in a home folder, and where those put
 * themselves. Without the folders that npm adds for its scripts, and, of a service of another account, without those in the installer's home.
 */
export function servicePath(options: {
  readonly installersPath: string | undefined;
  readonly installersHome: string;
  readonly userHome: string;
}): string {
  const { installersPath = '/usr/local/bin:/usr/bin:/bin', installersHome, userHome } = options;
  const isForeign = (folder: string): boolean =>
    installersHome !== userHome && installersHome !== '/' && isWithin(folder, installersHome);
  const folders = installersPath
    .split(':')
    .filter((folder) => isAbsolute(folder) && !/\/node_modules\/|[\n"\\]/.test(folder) && !isForeign(folder));
  return [...new Set([join(userHome, '.local/bin'), ...folders])].join(':');
}

/** All that a service has of an environment, besides what .env beside fleet.yaml holds. */
export function serviceEnvironment({ path, userHome, user }: Pick<Place, 'path' | 'userHome' | 'user'>) {
  return { PATH: path, HOME: userHome, USER: user, LOGNAME: user };
}

/** Those of the folders that the hardening of a system service would keep read-only. */
export function protectedAmong(folders: readonly string[]): readonly string[] {
  return [...new Set(folders.filter((folder) => PROTECTED.some((root) => isWithin(folder, root))))];
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}
