import { existsSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { writeAll } from '../adapters/whole-files.ts';
import { describePlan } from '../config/plan.ts';
import { renderProblem } from '../config/problem.ts';
import { createProgramFinder } from '../config/programs.ts';
import { type InstallPlan, LINGER, MARK, type Place, planInstall, type ServiceFile } from '../install/plan.ts';
import { protectedAmong, serviceEnvironment } from '../install/service-environment.ts';
import { loadConfiguration } from './configuration.ts';
import { EXIT } from './exit-codes.ts';
import type { AskingTerminal } from './init.ts';
import { findObstacle, findPlace, type Host, type Options } from './install-place.ts';
import { loadToken } from './token.ts';

/** What `nightdesk install --help` says. */
const INSTALL_HELP = `nightdesk install --config F [--user|--system [--as USER]] [--yes] [--undo]
Has this machine keep Nightdesk running, with its sentinel beside it: systemd on Linux, launchd on macOS. Shows what it will do first.

  --user        a service of your own (default)
  --system      a service of the machine (default for root), under the account --as, by default the one that owns fleet.yaml
  --yes         does it without asking
  --undo        ends the services and takes the files away again

Exit: 0 done, 64 wrong usage or not wanted, 69 this machine cannot, 78 the configuration is wrong or a file is in the way.`;

/** Why a fleet that `check` accepts in a terminal may be refused here. */
const ONLY_DOT_ENV =
  'a service sees nothing of your shell’s environment: what it needs of that belongs into .env beside fleet.yaml; nothing was changed';

const NOTHING_TO_DO = 'Nothing was to be changed: it is in place, and started where it did not run.';

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
  const isSame = plan.files.every(({ path, text }) => readText(path) === text);
  const loadedParts = (await Promise.all(plan.loaded.map((command) => host.run(command)))).filter(({ ok }) => ok);
  if (isSame && loadedParts.length > 0 && loadedParts.length === plan.loaded.length) {
    terminal.print(NOTHING_TO_DO);
    return EXIT.ok;
  }
  const unload = loadedParts.length > 0 ? plan.stop : [];
  for (const command of [...unload, ...plan.start]) terminal.print(`runs     ${command.join(' ')}`);
  terminal.print(`PATH     ${place.path}`);
  for (const problem of describePlan(loaded, Date.now(), createProgramFinder(place.path)).problems)
    terminal.complain(renderProblem(problem));
  if (place.scope === 'system') terminal.print(`as       ${place.user}`);
  if (!(await isWanted())) return refuse(EXIT.usage, 'nothing was changed; --yes does it without asking');
  return await apply(plan, place, unload);

  async function isWanted(): Promise<boolean> {
    if (options === 'help' || typeof options === 'string') return false;
    if (options.yes) return true;
    if (!terminal.isInteractive) return false;
    return /^y(es)?$/i.test((await terminal.ask('Do that? [y/N] '))?.trim() ?? '');
  }

  async function apply(
    { files, start, stop, forget }: InstallPlan,
    { user, manager }: Place,
    unload: InstallPlan['stop'],
  ): Promise<number> {
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
    // What is half loaded cannot be unloaded as a whole.
    for (const command of unload) await host.run(command);
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
      terminal.print(NOTHING_TO_DO);
      return EXIT.ok;
    }
    terminal.print('Done: it is being started, and started again whenever it fails; the sentinel looks each minute.');
    if (changed.length > 0 && manager === 'systemd')
      terminal.print('What runs already takes a changed file over with its next start.');
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
