import { accessSync, constants } from 'node:fs';
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import { parseArgs } from 'node:util';
import { AGENT_COMMANDS } from './gateway/agent-command-help.ts';
import { REPLACE } from './operator/exit-codes.ts';
import type { AskingTerminal } from './operator/init.ts';
import type { Terminal } from './operator/terminal.ts';
import { packageVersion } from './operator/version.ts';

const USAGE = `nightdesk: a night desk for your fleet of agents

  nightdesk init                              set up a fleet: token, pairing, fleet.yaml (--help)
  nightdesk start --config fleet.yaml         run the control plane in the foreground
  nightdesk demo [--port P]                   see it work: no account, no network
  nightdesk check --config fleet.yaml         validate the file, print the plan
  nightdesk install --config fleet.yaml       has systemd or launchd keep it running (--help)
  nightdesk status --config fleet.yaml [--json]
  nightdesk doctor --config fleet.yaml [--json]   the ops checklist: what is well, what is not, and how to mend it
  nightdesk backup --config fleet.yaml        copies the database now, whether the control plane runs or not
  nightdesk restore FILE --config fleet.yaml [--yes]   puts a backup in the place of the database
  nightdesk sentinel --config fleet.yaml      one look from outside: whether it lives, and who has to know

Inside an agent's run: nightdesk draft, beat, progress, checkpoint, task, fail, ask, decisions (each has --help);
nightdesk mcp offers the same as MCP tools on stdin and stdout`;

const EXIT_USAGE = 64;
/** EX_TEMPFAIL: a supervisor starts a new process. */
const EXIT_AGAIN = 75;
/** Where the launcher leaves its pid for us, see bin.js. */
const LAUNCHER = Symbol.for('nightdesk.launcher');

/** The process as a terminal; the only reader of its environment. */
function openTerminal(): Terminal {
  // Without anybody who listens yet, or at all, a hang-up ends nothing: that would leave the fleet dark.
  let hasHungUp = false;
  let onHangUp = (): void => {
    hasHungUp = true;
  };
  process.on('SIGHUP', () => onHangUp());
  const interrupted = Promise.withResolvers<string>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    // A second Ctrl-C changes nothing: ending at once would leave agents behind, and stopping ends within its limit anyway.
    process.on(signal, () => interrupted.resolve(signal));
  }
  return {
    env: process.env,
    ...openStreams(),
    interrupted: interrupted.promise,
    onHangUp(listener) {
      onHangUp = listener;
      if (hasHungUp) listener();
    },
  };
}

/** A terminal that asks; what is secret is not echoed. */
function openAskingTerminal(): AskingTerminal {
  return {
    ...openTerminal(),
    isInteractive: process.stdin.isTTY,
    ask: (question, { isSecret = false } = {}) =>
      new Promise((resolve) => {
        process.stdout.write(question);
        const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
        const reader = createInterface({
          input: process.stdin,
          output: isSecret ? silent : process.stdout,
          terminal: true,
        });
        let answer: string | undefined;
        reader.once('line', (line) => {
          answer = line;
          reader.close();
        });
        reader.once('SIGINT', () => {
          reader.close();
          process.kill(process.pid, 'SIGINT');
        });
        reader.once('close', () => {
          if (isSecret) process.stdout.write('\n');
          resolve(answer);
        });
      }),
  };
}

function openStreams(): Pick<Terminal, 'print' | 'complain'> {
  // Whoever reads what we print may go away: the fleet is watched all the same.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  return {
    print: (line) => void process.stdout.write(`${line}\n`),
    complain: (line) => void process.stderr.write(`${line}\n`),
  };
}

async function main(argv: readonly string[]): Promise<number | typeof REPLACE> {
  const [command = 'help', ...rest] = argv;
  if (AGENT_COMMANDS.includes(command)) {
    const { runAgentCommand } = await import('./gateway/agent-commands.ts');
    return await runAgentCommand(argv, {
      env: process.env,
      stdin: process.stdin,
      stdout: process.stdout,
      stderr: process.stderr,
    });
  }
  if (command === 'init') {
    const { init } = await import('./operator/init.ts');
    return await init(rest, openAskingTerminal());
  }
  if (command === 'install') {
    const [{ install }, { describeThisHost }] = await Promise.all([
      import('./operator/install.ts'),
      import('./operator/this-host.ts'),
    ]);
    return await install(rest, openAskingTerminal(), describeThisHost(process.env));
  }
  if (rest.includes('--help') || rest.includes('-h')) {
    process.stdout.write(`${USAGE}\n`);
    return 0;
  }
  if (command === 'restore') return await runRestore(rest);
  const { parsed, problem } = parseOptions(rest);
  if (problem !== undefined) {
    process.stderr.write(`nightdesk ${command}: ${problem}\n`);
    return EXIT_USAGE;
  }
  switch (command) {
    case 'demo': {
      const { demo } = await import('./operator/demo.ts');
      return await demo({ port: parsed.port }, openTerminal());
    }
    case 'start':
    case 'backup':
    case 'check':
    case 'status':
    case 'doctor':
    case 'sentinel':
      return await runWithConfig(command, parsed.config, parsed.json);
    case 'version':
    case '--version':
      process.stdout.write(`${packageVersion()}\n`);
      return 0;
    case 'help':
    case '--help':
    case '-h':
      process.stdout.write(`${USAGE}\n`);
      return 0;
    default:
      process.stderr.write(`nightdesk: there is no command "${command}"\n\n${USAGE}\n`);
      return EXIT_USAGE;
  }
}

async function runWithConfig(
  command: 'start' | 'backup' | 'check' | 'doctor' | 'status' | 'sentinel',
  config: string | undefined,
  json: boolean,
): Promise<number | typeof REPLACE> {
  if (config === undefined) {
    process.stderr.write(`nightdesk ${command}: which fleet? Say --config fleet.yaml\n`);
    return EXIT_USAGE;
  }
  // A look of the sentinel is short, and ends by whatever ends a program.
  if (command === 'sentinel') {
    const { sentinel } = await import('./sentinel/sentinel.ts');
    return await sentinel(config, { env: process.env, ...openStreams() });
  }
  const terminal = openTerminal();
  switch (command) {
    case 'start': {
      const { start } = await import('./operator/start.ts');
      return await start(config, terminal);
    }
    case 'backup': {
      const { backup } = await import('./operator/backup.ts');
      return await backup(config, terminal);
    }
    case 'check': {
      const { check } = await import('./operator/check.ts');
      return await check(config, terminal);
    }
    case 'status': {
      const { status } = await import('./operator/status.ts');
      return status(config, json, terminal);
    }
    case 'doctor': {
      const { doctor } = await import('./operator/doctor.ts');
      return await doctor(config, { json, hasColours: process.stdout.isTTY && !process.env['NO_COLOR'] }, terminal);
    }
  }
}

async function runRestore(argv: readonly string[]): Promise<number> {
  const asked = readRestore(argv);
  if (typeof asked === 'string') {
    process.stderr.write(`nightdesk restore: ${asked}\n`);
    return EXIT_USAGE;
  }
  const { restore } = await import('./operator/restore.ts');
  return await restore(asked.file, asked.config, asked.isSure, openAskingTerminal());
}

function readRestore(
  argv: readonly string[],
): { readonly file: string; readonly config: string; readonly isSure: boolean } | string {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { config: { type: 'string' }, yes: { type: 'boolean' } },
    });
    const [file, ...others] = positionals;
    if (file === undefined || others.length > 0 || values.config === undefined)
      return 'which file, and which fleet? Say nightdesk restore FILE --config fleet.yaml';
    return { file, config: values.config, isSure: values.yes === true };
  } catch (error) {
    return error instanceof Error ? error.message : 'the options cannot be read';
  }
}

function parseOptions(argv: readonly string[]): {
  readonly parsed: { readonly config: string | undefined; readonly port: number; readonly json: boolean };
  readonly problem?: string;
} {
  const nothing = { config: undefined, port: 0, json: false };
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: { config: { type: 'string' }, port: { type: 'string' }, json: { type: 'boolean' } },
    });
    const port = values.port === undefined ? 0 : Number(values.port);
    if (!Number.isInteger(port) || port < 0 || port > 65_535)
      return { parsed: nothing, problem: `--port takes a number from 0 to 65535, not "${values.port}"` };
    return { parsed: { config: values.config, port, json: values.json === true } };
  } catch (error) {
    return { parsed: nothing, problem: error instanceof Error ? error.message : 'the options cannot be read' };
  }
}

/**
 * Starts this program anew in this very process: the pid stays, and with it whoever keeps us running; what lies on the disk by now is what
 * runs. Gives an exit code only where that is not possible.
 */
function replaceProcess(): number {
  const [, program = ''] = process.argv;
  // A launcher that waits for us is told to the next one, too: it follows it as we did.
  const launcher = (globalThis as { readonly [LAUNCHER]?: number })[LAUNCHER];
  const env = { ...process.env, ...(launcher === undefined ? {} : { NIGHTDESK_LAUNCHER: String(launcher) }) };
  try {
    // A failed call ends the process on the spot, so that what it needs is looked at before.
    accessSync(process.execPath, constants.X_OK);
    accessSync(program, constants.R_OK);
    process.execve?.(process.execPath, [process.execPath, ...process.execArgv, ...process.argv.slice(1)], env);
    process.stderr.write(
      'nightdesk: this system cannot replace a process: ending, so that the supervisor starts a new one\n',
    );
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    process.stderr.write(`nightdesk: cannot be started anew (${code}): ending, so that the supervisor tries\n`);
  }
  return EXIT_AGAIN;
}

const ended = await main(process.argv.slice(2));
process.exitCode = ended === REPLACE ? replaceProcess() : ended;
// Whatever still holds the event loop (a kept connection, a pipe that a stray child holds) must not keep a finished command alive.
if (['start', 'demo', 'sentinel', 'init', 'install', 'doctor', 'backup', 'restore'].includes(process.argv[2] ?? ''))
  process.exit();
