import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Place, Scope } from '../install/plan.ts';
import { servicePath } from '../install/service-environment.ts';
import { EXIT } from './exit-codes.ts';

interface Account {
  readonly name: string;
  readonly home: string;
  /** Number of its group. */
  readonly group: string;
}

/** What installing has to know of the machine, and the one way to run its programs. */
export interface Host {
  readonly platform: NodeJS.Platform;
  /** Whether systemd is what started this machine. */
  readonly hasSystemd: boolean;
  readonly uid: number;
  readonly home: string;
  /** The PATH of whoever installs. */
  readonly path: string | undefined;
  readonly node: string;
  readonly packageFolder: string;
  /** An account, by name or uid; undefined: there is none. */
  account(nameOrUid: string | number): Account | undefined;
  ownerOf(file: string): number;
  /** Whether services of this account go on after its logout. */
  isLingering(name: string): boolean;
  run(argv: readonly string[]): Promise<{ readonly ok: boolean; readonly said: string }>;
}

/** What was asked for on the command line. */
export interface Options {
  readonly config: string;
  readonly scope: Scope;
  readonly as: string | undefined;
  readonly yes: boolean;
  readonly undo: boolean;
}

/** Where the files go and what they name; or why this machine cannot. */
export async function findPlace(
  options: Options,
  host: Host,
): Promise<Place | { readonly exit: number; readonly reason: string }> {
  const { scope, config } = options;
  const manager = host.platform === 'darwin' ? 'launchd' : host.hasSystemd ? 'systemd' : undefined;
  if (manager === undefined)
    return {
      exit: EXIT.taken,
      reason:
        'this machine was not started by systemd, and is no Mac: run `nightdesk start` in tmux, under runit, or in a container (deploy/container)',
    };
  if (scope === 'system' && host.uid !== 0)
    return { exit: EXIT.usage, reason: '--system needs root: put sudo before it, or leave --system away' };
  if (!existsSync(config)) return { exit: EXIT.config, reason: `there is no ${config}; nightdesk init makes one` };
  const account = host.account(scope === 'user' ? host.uid : (options.as ?? host.ownerOf(config)));
  if (account === undefined)
    return { exit: EXIT.usage, reason: `there is no account "${options.as ?? host.ownerOf(config)}": say --as USER` };
  if (scope === 'system' && account.name === 'root' && options.as === undefined)
    return {
      exit: EXIT.usage,
      reason: 'fleet.yaml belongs to root, and agents would run as root: say --as USER, or --as root if you mean it',
    };
  if (manager === 'systemd' && scope === 'user') {
    const { ok, said } = await host.run(['systemctl', '--user', 'show-environment']);
    if (!ok)
      return {
        exit: EXIT.taken,
        reason: `your account has no systemd of its own right now (${said}): log in directly instead of by su or sudo, or use --system`,
      };
  }
  return {
    manager,
    scope,
    config,
    node: host.node,
    packageFolder: host.packageFolder,
    user: account.name,
    userHome: scope === 'user' ? host.home : account.home,
    isLingering: scope === 'user' && host.isLingering(account.name),
    path: servicePath({
      installersPath: host.path,
      installersHome: host.home,
      userHome: scope === 'user' ? host.home : account.home,
    }),
    writable: [],
  };
}

/**
 * What keeps the account of a system service from running it, tried as that account: another one's node or checkout that it may not read,
 * a .env or a state folder that belongs to root. It would fail at each start, and so would its sentinel.
 */
export async function findObstacle(place: Place, home: string, host: Host): Promise<string | undefined> {
  const { manager, scope, user, config, node, packageFolder } = place;
  if (scope !== 'system') return undefined;
  // setpriv, unlike runuser, needs no PAM; what it starts itself it finds with the rights of before, so that `env` starts it.
  const group = host.account(user)?.group ?? '';
  const as =
    manager === 'systemd'
      ? ['setpriv', '--reuid', user, '--regid', group, '--init-groups', '--']
      : ['sudo', '-n', '-u', user, '--'];
  const { ok, said } = await host.run([...as, 'env', node, join(packageFolder, 'src/bin.js'), '--version']);
  if (!ok) return `${user} cannot run ${node} in ${packageFolder} (${said}): put both where that account may read them`;
  const dotEnv = join(dirname(config), '.env');
  for (const file of [config, ...(existsSync(dotEnv) ? [dotEnv] : [])]) {
    const canRead = await host.run([...as, 'test', '-r', file]);
    if (!canRead.ok) return `${user} cannot read ${file}: chown ${user} ${file}`;
  }
  const folder = existsSync(home) ? home : dirname(home);
  const canWrite = await host.run([...as, 'test', '-w', folder]);
  return canWrite.ok ? undefined : `${user} cannot write into ${folder}, where its state goes: chown ${user} ${folder}`;
}
