import { accessSync, constants, existsSync, statSync } from 'node:fs';
import { dirname, extname, join } from 'node:path';
import { openReadOnly } from '../../storage/database.ts';
import { StorageError } from '../../storage/storage-error.ts';
import { inspectLock } from '../../storage/lock.ts';
import { createGrammyApi } from '../adapters/grammy-api.ts';
import { createProcesses } from '../adapters/execa-processes.ts';
import { createSystemClock } from '../adapters/system-clock.ts';
import { describePlan } from '../config/plan.ts';
import { createProgramFinder } from '../config/programs.ts';
import { checkToken } from '../init/token-check.ts';
import type { SelfReplacement } from '../restart/restarter.ts';
import { createProgramRunner } from '../run-program.ts';
import { loadConfiguration } from './configuration.ts';
import { EXIT } from './exit-codes.ts';
import { locateHome } from './home.ts';
import { loadApiRoot, loadToken } from './token.ts';

/** It takes a second or two, on a busy machine ten; what takes this long hangs. */
const CHECK_MS = 60_000;
/** What Node writes around an error, and the calls that led to it. */
const NODES_OWN = /^\s*$|^node:|^\s+at |^\s*\^+\s*$|^Node\.js v|triggerUncaughtException/;
/** Lines of what is wrong: more than a person reads on a phone. */
const MOST_LINES = 4;

/** What this process was started with: only what is another by now has to be tried. */
interface RunningWith {
  readonly home: string;
  readonly token: string;
  readonly apiRoot: string | undefined;
}

/**
 * Tries whether a new start would come up: what `start` refuses, read by this program, with a state folder or a token that is another than
 * ours; and then the program as it lies on the disk by now, which may be another version, or half of one: it runs `check`, and reads in all
 * that `start` is made of.
 */
export function createReplacement(
  file: string,
  env: Readonly<Record<string, string | undefined>>,
  running: RunningWith,
): SelfReplacement {
  return {
    async check(signal) {
      const own = checkConfiguration(file, env);
      if (own.kind === 'problem') return own.problem;
      const refused = (await refuseToken(own, running)) ?? refuseHome(own.home, running.home);
      if (refused !== undefined) return refused;
      const [loads, accepts] = await Promise.all([
        loadProgram(env, signal),
        checkProgram(file, env, own.isComplete, signal),
      ]);
      return loads ?? accepts;
    },
  };
}

/** Telegram's word on another token than ours. One that is away is waited for by a start as well, but not another server than ours. */
async function refuseToken(next: Omit<RunningWith, 'home'>, running: RunningWith): Promise<string | undefined> {
  if (next.token === running.token && next.apiRoot === running.apiRoot) return undefined;
  const checked = await checkToken(createGrammyApi(next.token, next.apiRoot));
  if (checked.kind === 'refused') return 'Telegram does not know the bot token that is set by now.';
  if (checked.kind === 'bot' || next.apiRoot === running.apiRoot) return undefined;
  return `The Bot API that TELEGRAM_API_ROOT names by now cannot be reached (${checked.reason}).`;
}

/** What stands in the way of another state folder than ours; nothing is written there. */
function refuseHome(next: string, running: string): string | undefined {
  if (next === running) return undefined;
  let folder = next;
  while (!existsSync(folder) && dirname(folder) !== folder) folder = dirname(folder);
  const { database, lock } = locateHome(next);
  try {
    if (!statSync(folder).isDirectory()) return `The state folder ${next} cannot be used: ${folder} is a file.`;
    accessSync(folder, constants.W_OK | constants.X_OK);
    if (inspectLock(lock).held) return `The state folder ${next} is held by another process.`;
    if (existsSync(database)) openReadOnly(database).close();
    return undefined;
  } catch (error) {
    // An older one is brought to our schema by the start.
    if (error instanceof StorageError) return error.code === 'older' ? undefined : `${error.message}; ${error.hint}`;
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    return `The state folder ${next} cannot be used (${code}).`;
  }
}

function checkConfiguration(
  file: string,
  environment: Readonly<Record<string, string | undefined>>,
):
  | { readonly kind: 'problem'; readonly problem: string }
  | ({ readonly kind: 'valid'; readonly isComplete: boolean } & RunningWith) {
  const said: string[] = [];
  const terminal = {
    env: environment,
    print: () => {},
    complain: (line: string) => void said.push(line),
    interrupted: new Promise<string>(() => {}),
  };
  const configuration = loadConfiguration(file, terminal);
  if (configuration === undefined) return { kind: 'problem', problem: firstLines(said) };
  const { loaded, env } = configuration;
  const [token, apiRoot] = [loadToken(env), loadApiRoot(env)];
  if (token.kind === 'problem') return { kind: 'problem', problem: token.reason };
  if (apiRoot.kind === 'problem') return { kind: 'problem', problem: apiRoot.reason };
  const isComplete = describePlan(loaded, Date.now(), createProgramFinder(env['PATH'])).problems.length === 0;
  return { kind: 'valid', isComplete, home: loaded.fleet.home, token: token.token, apiRoot: apiRoot.root };
}

/** An agent whose program is missing is no reason not to start, and `check` says 78 for that as well: then only a program that breaks counts. */
async function checkProgram(
  file: string,
  env: Readonly<Record<string, string | undefined>>,
  isComplete: boolean,
  signal: AbortSignal,
): Promise<string | undefined> {
  const program = join(import.meta.dirname, '..', 'bin.js');
  return await tryProgram([program, 'check', '--config', file], env, isComplete ? [0] : [0, EXIT.config], signal);
}

/** All of `start`, though nothing of it is run. */
async function loadProgram(
  env: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
): Promise<string | undefined> {
  // Types are stripped from the sources, and gone from the package.
  const start = new URL(`./start${extname(import.meta.filename)}`, import.meta.url).href;
  return await tryProgram(['--input-type=module', '-e', `await import(${JSON.stringify(start)})`], env, [0], signal);
}

async function tryProgram(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
  good: readonly number[],
  signal: AbortSignal,
): Promise<string | undefined> {
  const runner = createProgramRunner(createProcesses(), createSystemClock());
  signal.addEventListener('abort', runner.kill);
  const { exit, stderr, timedOut } = await runner.run(
    {
      argv: [process.execPath, ...args],
      cwd: process.cwd(),
      env: Object.fromEntries(Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined)),
    },
    CHECK_MS,
  );
  if (timedOut) return 'The program on the disk does not answer.';
  if (exit.kind === 'not-started') return `The program on the disk cannot be started: ${exit.reason}`;
  if (exit.kind === 'exited' && good.includes(exit.code)) return undefined;
  return `The program on the disk refuses:\n${firstLines(stderr.split('\n').filter((line) => !NODES_OWN.test(line)))}`;
}

function firstLines(said: readonly string[]): string {
  return said.slice(0, MOST_LINES).join('\n');
}
