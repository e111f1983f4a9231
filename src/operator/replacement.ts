import { extname, join } from 'node:path';
import { createProcesses } from '../adapters/execa-processes.ts';
import { createSystemClock } from '../adapters/system-clock.ts';
import { describePlan } from '../config/plan.ts';
import { createProgramFinder } from '../config/programs.ts';
import type { SelfReplacement } from '../restart/restarter.ts';
import { createProgramRunner } from '../run-program.ts';
import { loadConfiguration } from './configuration.ts';
import { EXIT } from './exit-codes.ts';
import { loadApiRoot, loadToken } from './token.ts';

/** It takes a second or two, on a busy machine ten; what takes this long hangs. */
const CHECK_MS = 60_000;
/** What Node writes around an error, and the calls that led to it. */
const NODES_OWN = /^\s*$|^node:|^\s+at |^\s*\^+\s*$|^Node\.js v|triggerUncaughtException/;
/** Lines of what is wrong: more than a person reads on a phone. */
const MOST_LINES = 4;

/**
 * Tries whether a new start would come up: what `start` refuses, read by this program, and then the program as it lies on the disk by now,
 * which may be another version, or half of one: it runs `check`, and reads in all that `start` is made of.
 */
export function createReplacement(file: string, env: Readonly<Record<string, string | undefined>>): SelfReplacement {
  return {
    async check(signal) {
      const own = checkConfiguration(file, env);
      if (own.problem !== undefined) return own.problem;
      const [loads, accepts] = await Promise.all([
        loadProgram(env, signal),
        checkProgram(file, env, own.isComplete, signal),
      ]);
      return loads ?? accepts;
    },
  };
}

function checkConfiguration(
  file: string,
  environment: Readonly<Record<string, string | undefined>>,
): { readonly problem: string | undefined; readonly isComplete: boolean } {
  const said: string[] = [];
  const terminal = {
    env: environment,
    print: () => {},
    complain: (line: string) => void said.push(line),
    interrupted: new Promise<string>(() => {}),
  };
  const configuration = loadConfiguration(file, terminal);
  if (configuration === undefined) return { problem: firstLines(said), isComplete: false };
  const { loaded, env } = configuration;
  for (const part of [loadToken(env), loadApiRoot(env)])
    if (part.kind === 'problem') return { problem: part.reason, isComplete: false };
  const plan = describePlan(loaded, Date.now(), createProgramFinder(env['PATH']));
  return { problem: undefined, isComplete: plan.problems.length === 0 };
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
