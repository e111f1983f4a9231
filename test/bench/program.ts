import { type ChildProcess, spawn } from 'node:child_process';
import {
  closeSync,
  existsSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ReadCall } from '../../src/sandbox/bot-endpoint.ts';
import { createSandbox, type Sandbox } from '../../src/sandbox/sandbox.ts';
import { machineNow, toMachineTime } from './machine-clock.ts';

const OWNER = { id: 4242, firstName: 'Ada' };
const LAUNCHER = join(import.meta.dirname, '..', '..', 'src', 'bin.js');
const LOOP_WATCH = join(import.meta.dirname, 'fixtures', 'loop-watch.ts');
/** Nothing that is measured here takes longer, not even on a busy machine. */
const PATIENCE_MS = 60_000;

/** A folder of its own with a fleet.yaml and a sandbox: the program may be started in it again and again. */
export interface Bench {
  readonly sandbox: Sandbox;
  readonly token: string;
  /** The owner's private chat. */
  readonly chat: number;
  readonly folder: string;
  /** Starts the real program; resolves when it says `ready`. `watchesLoop` makes `readLoopDelay` work, and costs a little. */
  start(options?: {
    readonly watchesLoop?: boolean;
    readonly path?: string;
    /** What fleet.yaml names with ${VAR}. */
    readonly env?: Readonly<Record<string, string>>;
  }): Promise<Program>;
  /** The first request from now on for which this is true, and when it was fully read on the machine's clock. */
  nextCall(predicate: (call: ReadCall) => boolean): Promise<{ readonly call: ReadCall; readonly at: number }>;
  close(): Promise<void>;
}

/** The running program. */
export interface Program {
  readonly pid: number;
  /** From just before the spawn to the first getUpdates, and to `ready`, in milliseconds. */
  readonly firstPollMs: number;
  readonly readyMs: number;
  /** Pids of the agents that run now; empty where the system does not tell. */
  agents(): readonly number[];
  /** How late the event loop was since the last reading, in milliseconds. */
  readLoopDelay(): Promise<{ readonly p99: number; readonly worst: number }>;
  /** Ends it by SIGKILL. */
  kill(): Promise<void>;
  /** Sends SIGTERM; gives the milliseconds until the program has ended, and which of its agents were alive then. */
  stop(): Promise<{ readonly tookMs: number; readonly left: readonly number[]; readonly code: number | null }>;
}

/** Writes fleet.yaml (`agents` and whatever else is given below the head) and starts the sandbox. */
export async function openBench(fleet: string, concurrency = 100): Promise<Bench> {
  const folder = mkdtempSync(join(tmpdir(), 'nightdesk-bench-'));
  const token = `${process.pid}:TEST-${folder.slice(-6)}`;
  const sandbox = await createSandbox({ token, owner: OWNER });
  const file = join(folder, 'fleet.yaml');
  const loopFile = join(folder, 'loop-delay.json');
  writeFileSync(
    file,
    `timezone: Etc/UTC\nhome: ./state\nconcurrency: ${concurrency}\ntelegram: { owners: [${OWNER.id}] }\n${fleet}`,
  );

  function nextCall(predicate: (call: ReadCall) => boolean): Promise<{ call: ReadCall; at: number }> {
    return new Promise((resolve, reject) => {
      const stop = sandbox.onCall((call) => {
        if (!predicate(call)) return;
        stop();
        clearTimeout(timer);
        resolve({ call, at: toMachineTime(call.readAt) });
      });
      const timer = setTimeout(() => {
        stop();
        reject(new Error(`a call did not come within ${PATIENCE_MS} ms; see ${join(folder, 'log')}`));
      }, PATIENCE_MS);
    });
  }

  async function start({
    watchesLoop = false,
    path = process.env['PATH'],
    env = {},
  }: Parameters<Bench['start']>[0] = {}): Promise<Program> {
    const log = openSync(join(folder, 'log'), 'a');
    const firstPoll = nextCall((call) => call.method === 'getUpdates');
    const startedAt = machineNow();
    const child = spawn(process.execPath, [LAUNCHER, 'start', '--config', file], {
      env: {
        ...env,
        PATH: path,
        HOME: process.env['HOME'],
        TELEGRAM_BOT_TOKEN: token,
        TELEGRAM_API_ROOT: sandbox.apiRoot,
        NODE_OPTIONS:
          `${process.env['BENCH_NODE_OPTIONS'] ?? ''} ${watchesLoop ? `--import=${LOOP_WATCH}` : ''}`.trim(),
        NIGHTDESK_BENCH_LOOP: loopFile,
      },
      stdio: ['ignore', 'pipe', log],
    });
    closeSync(log);
    const { pid } = child;
    const endWithUs = (): void => void child.kill('SIGKILL');
    process.once('exit', endWithUs);
    const ended = new Promise<{ code: number | null; at: number }>((resolve) =>
      child.once('exit', (code) => {
        process.off('exit', endWithUs);
        resolve({ code, at: machineNow() });
      }),
    );
    if (pid === undefined) throw new Error('the program could not be started');
    await waitForReady(child, join(folder, 'log'));
    const readyMs = machineNow() - startedAt;
    return {
      pid,
      firstPollMs: (await firstPoll).at - startedAt,
      readyMs,
      agents: () => childrenOf(pid),
      async readLoopDelay() {
        rmSync(loopFile, { force: true });
        child.kill('SIGUSR2');
        while (!existsSync(loopFile)) await sleep(5);
        return JSON.parse(readFileSync(loopFile, 'utf8')) as { p99: number; worst: number };
      },
      async kill() {
        child.kill('SIGKILL');
        await ended;
      },
      async stop() {
        const agents = childrenOf(pid);
        const askedAt = machineNow();
        child.kill('SIGTERM');
        const { code, at } = await ended;
        return { tookMs: at - askedAt, left: agents.filter(isAlive), code };
      },
    };
  }

  return {
    sandbox,
    token,
    chat: OWNER.id,
    folder,
    start,
    nextCall,
    async close() {
      await sandbox.close();
      rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
    },
  };
}

function waitForReady(child: ChildProcess, log: string): Promise<void> {
  return new Promise((resolve, reject) => {
    if (child.stdout === null) return reject(new Error('the program has no stdout'));
    createInterface(child.stdout).on('line', (line) => {
      if (line === 'ready') resolve();
    });
    child.once('exit', (code) => reject(new Error(`the program ended with ${code}: ${readFileSync(log, 'utf8')}`)));
  });
}

/** Processes whose parent is this one, of Linux's /proc. */
function childrenOf(parent: number): readonly number[] {
  if (process.platform !== 'linux') return [];
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && parentOf(name) === parent)
    .map(Number);
}

function parentOf(pid: string): number | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
  } catch {
    return undefined; // It ended meanwhile.
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
