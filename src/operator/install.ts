import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { writeAll } from '../adapters/whole-files.ts';
import { describePlan } from '../config/plan.ts';
import { renderProblem } from '../config/problem.ts';
import { createProgramFinder } from '../config/programs.ts';
import {
  type InstallPlan,
  LINGER,
  MARK,
  type Place,
  planInstall,
  type Scope,
  type ServiceFile,
} from '../install/plan.ts';
import { protectedAmong, serviceEnvironment, servicePath } from '../install/service-environment.ts';
import { loadConfiguration } from './configuration.ts';
import { EXIT } from './exit-codes.ts';
import type { AskingTerminal } from './init.ts';
import { loadToken } from './token.ts';

/** What `nightdesk install --help` says. */
const INSTALL_HELP = `nightdesk install --config F [--user|--system [--as USER]] [--yes] [--undo]
Has this machine keep Nightdesk running, with its sentinel beside it: systemd on Linux, launchd on macOS. Shows what it will do first.

  --user        a service of your own (default)
  --system      a service of the machine (default for root), under the account --as, by default the one that owns fleet.yaml
  --yes         does it without asking
  --undo        ends the services and takes the files away again

Exit: 0 done, 64 wrong usage or not wanted, 69 this machine cannot, 78 the configuration is wrong or a file is in the way.`;

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

/** Why a fleet that `check` accepts in a terminal may be refused here. */
const ONLY_DOT_ENV =
  'a service sees nothing of your shell’s environment: what it needs of that belongs into .env beside fleet.yaml; nothing was changed';

interface Options {
  readonly config: string;
  readonly scope: Scope;
  readonly as: string | undefined;
  readonly yes: boolean;
  readonly undo: boolean;
}

/** `nightdesk install`: service files in place, and started; or all of it undone. */
export async function install(argv: readonly string[], terminal: AskingTerminal, host: Host): Promise<number> {
  function refuse(exit: number, reason: string): number {
    terminal.complain(`nightdesk install: ${reason}`);
    return exit;
  }

  const options = readOptions(argv, host);
  if (options === 'help') {
    terminal.print(INSTALL_HELP);
    return EXIT.ok;
  }
  if (typeof options === 'string') return refuse(EXIT.usage, options);
  const place = await findPlace(options, host);
  if ('reason' in place) return refuse(place.exit, place.reason);
  const read = (name: string): string => readFileSync(join(host.packageFolder, 'deploy', name), 'utf8');
  if (options.undo) return await undo(planInstall(place, read));
  const configuration = loadConfiguration(place.config, { ...terminal, env: serviceEnvironment(place) });
  if (configuration === undefined) return refuse(EXIT.config, ONLY_DOT_ENV);
  const { loaded, env } = configuration;
  const token = loadToken(env);
  if (token.kind === 'problem') return refuse(EXIT.config, `${token.reason}; ${ONLY_DOT_ENV}`);
  const obstacle = await findObstacle(place, loaded.fleet.home, host);
  if (obstacle !== undefined) return refuse(EXIT.config, `${obstacle}; nothing was changed`);
  const writable = protectedAmong([dirname(place.config), loaded.fleet.home]);
  const plan = planInstall({ ...place, writable }, read);
  const foreign = plan.files.find((file) => isForeign(file));
  if (foreign !== undefined)
    return refuse(
      EXIT.config,
      `${foreign.path} is there already, and not by me: move it away first; nothing was changed`,
    );
  for (const { path, text } of plan.files)
    terminal.print(`${readText(path) === text ? 'stays   ' : 'writes  '} ${path}`);
  for (const command of plan.start) terminal.print(`runs     ${command.join(' ')}`);
  terminal.print(`PATH     ${place.path}`);
  for (const problem of describePlan(loaded, Date.now(), createProgramFinder(place.path)).problems)
    terminal.complain(renderProblem(problem));
  if (place.scope === 'system') terminal.print(`as       ${place.user}`);
  if (!(await isWanted())) return refuse(EXIT.usage, 'nothing was changed; --yes does it without asking');
  return await apply(plan, place);

  async function isWanted(): Promise<boolean> {
    if (options === 'help' || typeof options === 'string') return false;
    if (options.yes) return true;
    if (!terminal.isInteractive) return false;
    return /^y(es)?$/i.test((await terminal.ask('Do that? [y/N] '))?.trim() ?? '');
  }

  async function apply({ files, start, stop, forget }: InstallPlan, { user }: Place): Promise<number> {
    const fresh = files.filter(({ path }) => readText(path) === undefined);
    const changed = files.filter(
      ({ path, text }) => !fresh.some((file) => file.path === path) && readText(path) !== text,
    );
    try {
      writeAll(files.map((file) => ({ ...file, mode: 0o644 })));
    } catch (error) {
      const { code = 'unknown' } = error as NodeJS.ErrnoException;
      return refuse(EXIT.taken, `the service files could not be written (${code}): nothing was changed`);
    }
    for (const command of start) {
      const { ok, said } = await host.run(command);
      if (ok) continue;
      // A first installation that fails leaves nothing behind; a renewed one keeps what was there.
      if (fresh.length === files.length) {
        for (const undoing of stop) await host.run(undoing);
        for (const { path } of files) rmSync(path, { force: true });
        for (const forgetting of forget) await host.run(forgetting);
      }
      const undone = fresh.length === files.length ? '; all of it was undone' : '';
      // Without it the fleet would end at the next logout; an administrator may grant what an account may not do for itself.
      const mend = command === LINGER ? `. First: sudo ${LINGER.join(' ')} ${user}; or use --system` : '';
      return refuse(EXIT.taken, `${command.join(' ')} failed: ${said}${undone}${mend}`);
    }
    if (fresh.length + changed.length === 0) {
      terminal.print('Nothing was to be changed: it is in place, and started where it did not run.');
      return EXIT.ok;
    }
    terminal.print('Done: it is being started, and started again whenever it fails; the sentinel looks each minute.');
    if (changed.length > 0) terminal.print('What runs already takes a changed file over with its next start.');
    return EXIT.ok;
  }

  async function undo({ files, stop, forget }: InstallPlan): Promise<number> {
    const ours = files.filter(({ path }) => readText(path)?.includes(MARK) === true);
    if (ours.length === 0) return refuse(EXIT.config, 'nothing of mine is installed there: nothing was changed');
    // What is not running any more cannot be stopped; the files go all the same.
    for (const command of stop) await host.run(command);
    for (const { path } of ours) {
      rmSync(path, { force: true });
      terminal.print(`removed  ${path}`);
    }
    for (const command of forget) await host.run(command);
    for (const { path } of files.filter((file) => !ours.includes(file) && existsSync(file.path)))
      terminal.print(`left     ${path}: it is not by me`);
    return EXIT.ok;
  }
}

function readOptions(argv: readonly string[], host: Host): Options | 'help' | (string & {}) {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        config: { type: 'string' },
        user: { type: 'boolean' },
        system: { type: 'boolean' },
        as: { type: 'string' },
        yes: { type: 'boolean', short: 'y' },
        undo: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help === true) return 'help';
    if (values.config === undefined) return 'which fleet? Say --config fleet.yaml';
    if (values.user === true && values.system === true) return 'say either --user or --system';
    const isSystem = values.system === true || (values.user !== true && host.uid === 0);
    if (values.as !== undefined && !isSystem) return '--as goes with --system: a service of your own runs as you';
    return {
      config: resolve(values.config),
      scope: isSystem ? 'system' : 'user',
      as: values.as,
      yes: values.yes === true,
      undo: values.undo === true,
    };
  } catch (error) {
    return error instanceof Error ? error.message : 'the options cannot be read';
  }
}

/** Where the files go and what they name; or why this machine cannot. */
async function findPlace(
  options: Options,
  host: Host,
): Promise<Place | { readonly exit: number; readonly reason: string }> {
  const { scope, config } = options;
  const manager = host.platform === 'darwin' ? 'launchd' : host.hasSystemd ? 'systemd' : undefined;
  if (manager === undefined)
    return {
      exit: EXIT.taken,
      reason:
        'this machine was not started by systemd, and is no Mac: run `nightdesk start` under what keeps programs running here, or in a container (deploy/container)',
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
async function findObstacle(place: Place, home: string, host: Host): Promise<string | undefined> {
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

/** A file that somebody else put there. */
function isForeign({ path, text }: ServiceFile): boolean {
  const there = readText(path);
  return there !== undefined && there !== text && !there.includes(MARK);
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined;
    throw error;
  }
}
