import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ChatMessage } from '../../src/sandbox/rendered-message.ts';
import { createSandbox, type Sandbox, type SandboxOptions } from '../../src/sandbox/sandbox.ts';

export const OWNER = 4242;
const repository = fileURLToPath(new URL('../..', import.meta.url));
/** Generous: a slow machine must not fail what only takes longer there. */
const PATIENCE_MS = 30_000;

/** The absolute path of a program among the fixtures. */
export function fixture(name: string): string {
  return join(repository, 'test/fixtures/agents', name);
}

/** A run of the program: what it said so far, and how it ended. */
export interface Program {
  readonly child: ChildProcess;
  readonly pid: number;
  stdout(): string;
  stderr(): string;
  readonly ended: Promise<{ readonly code: number | null; readonly signal: string | null }>;
  /** Resolves once stdout has a line `ready`. */
  ready(): Promise<void>;
  /** SIGTERM, and the exit code. */
  stop(): Promise<number | null>;
  /** `kill -9`. */
  kill(): Promise<void>;
}

/** A folder with a fleet, a sandbox of Telegram for it, and the programs that were started; all gone with `close`. */
export interface Stage {
  readonly folder: string;
  readonly token: string;
  readonly sandbox: Sandbox;
  path(name: string): string;
  write(name: string, content: string | Uint8Array): string;
  read(name: string): string;
  /** Files of a folder, oldest names first; none when there is no such folder. */
  list(name: string): string[];
  fleet(yaml: string): void;
  /** Runs `nightdesk ARGS` with only this in its environment, besides PATH and HOME. */
  nightdesk(args: readonly string[], env?: Readonly<Record<string, string>>): Program;
  /** `nightdesk start` with the stage's fleet, token and sandbox. */
  start(env?: Readonly<Record<string, string>>): Program;
  startReady(env?: Readonly<Record<string, string>>): Promise<Program>;
  message(predicate: (message: ChatMessage) => boolean): Promise<ChatMessage>;
  /** The message whose text holds all of this. */
  says(...parts: readonly string[]): Promise<ChatMessage>;
  /** Presses the button whose label holds this word. */
  press(message: ChatMessage, word: string): Promise<string | null>;
  close(): Promise<void>;
}

let stages = 0;

/** Builds a stage: for one owner who is alone with the bot, or with more people and groups; `telegram` are more keys under that of fleet.yaml. */
export async function openStage(
  more: Pick<SandboxOptions, 'groups' | 'strangers'> & { readonly telegram?: string } = {},
): Promise<Stage> {
  const { telegram, ...society } = more;
  stages += 1;
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'nightdesk-e2e-')));
  const token = `${process.pid}${stages}:TEST-end-to-end-${'x'.repeat(24)}`;
  const sandbox = await createSandbox({ token, owner: { id: OWNER, firstName: 'Ada' }, ...society });
  const programs: Program[] = [];

  function write(name: string, content: string | Uint8Array): string {
    const file = join(folder, name);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, content);
    return file;
  }

  function nightdesk(args: readonly string[], env: Readonly<Record<string, string>> = {}): Program {
    const program = launch(args, folder, env);
    programs.push(program);
    return program;
  }

  const stage: Stage = {
    folder,
    token,
    sandbox,
    path: (name) => join(folder, name),
    write,
    read: (name) => readFileSync(join(folder, name), 'utf8'),
    list(name) {
      try {
        return readdirSync(join(folder, name)).sort();
      } catch {
        return [];
      }
    },
    fleet: (yaml) =>
      void write(
        'fleet.yaml',
        `timezone: UTC\nhome: ./state\ntelegram: { owners: [${OWNER}]${telegram === undefined ? '' : `, ${telegram}`} }\n${yaml}`,
      ),
    nightdesk,
    start: (env = {}) =>
      nightdesk(['start', '--config', join(folder, 'fleet.yaml')], {
        TELEGRAM_BOT_TOKEN: token,
        TELEGRAM_API_ROOT: sandbox.apiRoot,
        ...env,
      }),
    async startReady(env) {
      const program = stage.start(env);
      await program.ready();
      return program;
    },
    message: (predicate) => sandbox.waitForMessage(predicate, PATIENCE_MS),
    says: (...parts) =>
      sandbox.waitForMessage(
        (message) => message.from === 'bot' && parts.every((part) => message.text.includes(part)),
        PATIENCE_MS,
      ),
    async press(message, word) {
      const label = message.buttons.flat().find((button) => button.text.includes(word))?.text ?? word;
      const answer = await sandbox.userPresses(message.id, label);
      return answer.text ?? null;
    },
    async close() {
      await Promise.all(programs.map((program) => program.kill()));
      for (const pid of agentsUnder(folder)) process.kill(pid, 'SIGKILL');
      await sandbox.close();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
  return stage;
}

function launch(args: readonly string[], cwd: string, env: Readonly<Record<string, string>>): Program {
  const child = spawn(process.execPath, [join(repository, 'src/bin.js'), ...args], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '/usr/bin:/bin', HOME: cwd, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  let wake = (): void => {};
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
    wake();
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => void (stderr += text));
  const ended = new Promise<{ code: number | null; signal: string | null }>((resolve) => {
    child.once('close', (code, signal) => {
      resolve({ code, signal });
      wake();
    });
  });
  let over = false;
  void ended.then(() => {
    over = true;
    wake();
  });
  const pid = child.pid ?? 0;
  return {
    child,
    pid,
    stdout: () => stdout,
    stderr: () => stderr,
    ended,
    ready: () =>
      new Promise((resolve, reject) => {
        wake = () => {
          if (/^ready$/m.test(stdout)) resolve();
          else if (over) reject(new Error(`it ended before it was ready:\n${stdout}\n${stderr}`));
        };
        wake();
      }),
    async stop() {
      child.kill('SIGTERM');
      return (await ended).code;
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

/** Pids of the processes whose command line or environment names the folder: the agents of its fleet and what they left behind. */
export function agentsUnder(folder: string): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((name) => {
      const environment = readProc(`/proc/${name}/environ`);
      return environment.includes('NIGHTDESK_RUN=') && environment.includes(`HOME=${folder}\0`);
    })
    .map(Number);
}

function readProc(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return ''; // It ended in between.
  }
}

/** Waits until this gives something other than undefined or false. */
export async function until<Value>(
  probe: () => Value | undefined | false,
  what: string,
  patienceMs = PATIENCE_MS,
): Promise<Value> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const value = probe();
    if (value !== undefined && value !== false) return value;
    if (performance.now() > deadline) throw new Error(`it never came to this: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 25));
  }
}

/** Lines of the log that are not JSON, or hold one of these words. */
export function badLogLines(stderr: string, secrets: readonly string[]): string[] {
  return stderr.split('\n').filter((line) => line !== '' && secrets.some((secret) => line.includes(secret)));
}
