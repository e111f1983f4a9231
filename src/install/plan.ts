import { basename, join } from 'node:path';

/** For whom the service is: one user, or the machine under a user of its own. */
export type Scope = 'user' | 'system';

/** The machine's way of keeping programs running. */
export type Manager = 'systemd' | 'launchd';

/** What the service files have to name. */
export interface Place {
  readonly manager: Manager;
  readonly scope: Scope;
  /** Absolute paths. */
  readonly config: string;
  readonly packageFolder: string;
  readonly node: string;
  /** Of a system service: the account that it runs under. */
  readonly user: string;
  readonly userHome: string;
  /** Of the service, and of all that it starts. */
  readonly path: string;
  /** Folders that the service writes into although its hardening keeps what lies around them read-only. */
  readonly writable: readonly string[];
  /** Of a service of one user: whether it lives on when he logs out already. */
  readonly isLingering: boolean;
}

/** A file to be put in place; `text` is all of it. */
export interface ServiceFile {
  readonly path: string;
  readonly text: string;
}

/** All that installing does, in order, and what undoing does. */
export interface InstallPlan {
  readonly files: readonly ServiceFile[];
  readonly start: readonly (readonly string[])[];
  /** Each succeeds where its part is loaded, and has to be unloaded before it is started anew; none: starting twice is harmless. */
  readonly loaded: readonly (readonly string[])[];
  readonly stop: readonly (readonly string[])[];
  /** After the files are gone. */
  readonly forget: readonly (readonly string[])[];
}

/** By this line a file is known as one that `install` wrote; without two hyphens, which no XML comment may hold. */
export const MARK = 'Installed by `nightdesk install`, whose option undo takes it away again.';

/** Has the services of the account that calls it live on after its logout. */
export const LINGER = ['loginctl', 'enable-linger'] as const;

/** What stands in deploy/, for people who copy the files by hand, in place of the real paths. */
const WRITTEN = {
  systemd: {
    user: { folder: '%h/nightdesk', config: '%h/fleet/fleet.yaml' },
    system: { folder: '/opt/nightdesk', config: '/home/nightdesk/fleet/fleet.yaml' },
  },
  launchd: {
    folder: '/Users/nightdesk/nightdesk',
    config: '/Users/nightdesk/fleet/fleet.yaml',
    log: '/Library/Logs/nightdesk.log',
    path: '/opt/homebrew/bin:/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin',
  },
} as const;

const SYSTEMD_FILES = ['nightdesk.service', 'nightdesk-sentinel.service', 'nightdesk-sentinel.timer'] as const;
const LAUNCHD_FILES = ['com.nightdesk.nightdesk.plist', 'com.nightdesk.sentinel.plist'] as const;
const STARTED = ['nightdesk.service', 'nightdesk-sentinel.timer'] as const;

/** Plans the installation; `read` gives a file of deploy/ by its path in it. */
export function planInstall(place: Place, read: (name: string) => string): InstallPlan {
  return place.manager === 'systemd' ? planSystemd(place, read) : planLaunchd(place, read);
}

function planSystemd(place: Place, read: (name: string) => string): InstallPlan {
  const { scope, user, userHome } = place;
  const folder = scope === 'system' ? '/etc/systemd/system' : join(userHome, '.config/systemd/user');
  const written = WRITTEN.systemd[scope];
  const files = SYSTEMD_FILES.map((name) => ({
    path: join(folder, name),
    text: `# ${MARK}\n${read(`systemd/${scope}/${name}`)
      .replace(/^#.*\n/gm, '')
      .replaceAll(`WorkingDirectory=${written.folder}`, () => `WorkingDirectory=${escapeUnit(place.packageFolder)}`)
      .replaceAll('/usr/bin/env node src/bin.js', () => `${quoteUnit(place.node)} src/bin.js`)
      .replaceAll(written.config, () => quoteUnit(place.config))
      .replace(/^Environment=PATH=.*$/gm, () => `Environment="PATH=${escapeQuoted(place.path)}"`)
      .replace(/^ProtectSystem=.*$/gm, (line) => [line, ...place.writable.map(readWrite)].join('\n'))
      .replaceAll('User=nightdesk', () => `User=${user}`)}`,
  }));
  const systemctl = scope === 'system' ? ['systemctl'] : ['systemctl', '--user'];
  const reload = [...systemctl, 'daemon-reload'];
  return {
    files,
    start: [
      reload,
      // Otherwise a user's services end when the last session does.
      ...(scope === 'user' && !place.isLingering ? [LINGER] : []),
      // It counts as started only once it hears from Telegram: that is not waited for.
      [...systemctl, 'enable', '--now', '--no-block', ...STARTED],
    ],
    loaded: [],
    stop: [[...systemctl, 'disable', '--now', ...STARTED]],
    forget: [reload],
  };
}

function planLaunchd(place: Place, read: (name: string) => string): InstallPlan {
  const { scope, user, userHome } = place;
  const folder = scope === 'system' ? '/Library/LaunchDaemons' : join(userHome, 'Library/LaunchAgents');
  const log = scope === 'system' ? '/Library/Logs/nightdesk.log' : join(userHome, 'Library/Logs/nightdesk.log');
  const files = LAUNCHD_FILES.map((name) => ({
    path: join(folder, name),
    text: read(`launchd/${name}`)
      .replace(/<!--[\s\S]*?-->/, () => `<!-- ${MARK} -->`)
      .replaceAll(
        `<string>${WRITTEN.launchd.folder}</string>`,
        () => `<string>${escapeXml(place.packageFolder)}</string>`,
      )
      .replaceAll(
        /<string>\/usr\/bin\/env<\/string>\s*<string>node<\/string>/g,
        () => `<string>${escapeXml(place.node)}</string>`,
      )
      .replaceAll(`<string>${WRITTEN.launchd.path}</string>`, () => `<string>${escapeXml(place.path)}</string>`)
      .replaceAll(WRITTEN.launchd.config, () => escapeXml(place.config))
      .replaceAll(WRITTEN.launchd.log, () => escapeXml(log))
      .replace('<key>WorkingDirectory</key>', (key) =>
        scope === 'system' ? `<key>UserName</key>\n\t<string>${escapeXml(user)}</string>\n\t${key}` : key,
      ),
  }));
  const domain = scope === 'system' ? 'system' : `gui/${process.getuid?.() ?? 501}`;
  return {
    files,
    start: files.map(({ path }) => ['launchctl', 'bootstrap', domain, path]),
    loaded: files.map(({ path }) => ['launchctl', 'print', `${domain}/${basename(path, '.plist')}`]),
    stop: files.map(({ path }) => ['launchctl', 'bootout', `${domain}/${basename(path, '.plist')}`]),
    forget: [],
  };
}

/** `%` begins a specifier in a unit file. */
function escapeUnit(path: string): string {
  return path.replaceAll('%', '%%');
}

/** A word of ExecStart: quoted, since paths may hold spaces. */
function quoteUnit(path: string): string {
  const escaped = escapeQuoted(path).replaceAll('$', '$$$$');
  return /[\s"'\\;]/.test(path) ? `"${escaped}"` : escaped;
}

/** Between the quotes of an assignment, where `$` is nothing special. */
function escapeQuoted(text: string): string {
  return escapeUnit(text).replaceAll('\\', '\\\\').replaceAll('"', '\\"');
}

/** A folder that is not there yet is no reason not to start. */
function readWrite(folder: string): string {
  return `ReadWritePaths="-${escapeQuoted(folder)}"`;
}

function escapeXml(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
