import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { accessSync, constants, existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it, type TestContext } from 'vitest';
import { endCgroup, findCgroups, ownCgroup } from '../../src/adapters/cgroup.ts';
import { createProcesses } from '../../src/adapters/execa-processes.ts';
import { createProcTable } from '../../src/adapters/proc-table.ts';
import { createSweep } from '../../src/adapters/process-sweep.ts';
import type { ProcessRow, ProcessTable } from '../../src/adapters/process-table.ts';

const SWEEPER = fileURLToPath(new URL('../fixtures/escape/sweeper.ts', import.meta.url));
const PATH = process.env['PATH'] ?? '';
const NOBODY = ['--reuid', '65534', '--regid', '65534', '--clear-groups', '--'];
const BECOME = 'setpriv';

const started: ChildProcess[] = [];

afterEach(() => {
  for (const child of started.splice(0)) child.kill('SIGKILL');
});

function sleeper(env: Readonly<Record<string, string>> = {}): ChildProcess {
  const child = spawn('sleep', ['600'], { env: { PATH, ...env }, detached: true, stdio: 'ignore' });
  started.push(child);
  return child;
}

function rowOf(pid: number | undefined): ProcessRow | undefined {
  return createProcTable()?.rowsOf([pid ?? 0])[0];
}

function isAlive(child: ChildProcess): boolean {
  return child.exitCode === null && child.signalCode === null && rowOf(child.pid)?.state === 'alive';
}

/** Whether another user can run what is in this checkout. */
function needNobody(context: TestContext): void {
  const run = process.getuid?.() === 0 && spawnSync(BECOME, [...NOBODY, process.execPath, SWEEPER, '{}']).status === 0;
  if (!run) {
    console.warn('NOT TRIED as another user: only root can become one, and only where it may read this checkout');
    context.skip('no other user');
  }
}

it('leaves the one who sweeps and its parents alone, though they carry the mark', async () => {
  const mark = `sweep-self-${process.pid}`;
  const other = sleeper({ NIGHTDESK_MARK: `${mark}-2` });
  const whom = { mark: { text: `NIGHTDESK_MARK=${mark}-`, isPrefix: true } };

  const { stdout } = spawnSync(
    '/bin/sh',
    ['-c', '"$@"; echo alive', 'sh', process.execPath, SWEEPER, JSON.stringify(whom)],
    {
      // One that stopped itself would be waited for.
      timeout: 20_000,
      killSignal: 'SIGKILL',
      env: { PATH, NIGHTDESK_MARK: `${mark}-1` },
      encoding: 'utf8',
    },
  );
  await new Promise((resolve) => other.once('exit', resolve));

  expect(stdout).toBe('{"kind":"killed","survivors":[]}\nalive\n');
  expect(other.signalCode).toBe('SIGKILL');
});

it('says who survived, with command, age and identity, when it may not end them', async (context) => {
  needNobody(context);
  const child = sleeper();
  const { pid = 0 } = child;
  const table = createProcTable();
  const whom = { identity: { pid, startTicks: rowOf(pid)?.startTicks ?? '', bootId: table?.bootId ?? '' } };

  const { stdout } = spawnSync(BECOME, [...NOBODY, process.execPath, SWEEPER, JSON.stringify(whom)], {
    encoding: 'utf8',
  });

  const report = JSON.parse(stdout);
  expect(report).toEqual({
    kind: 'survived',
    survivors: [{ ...whom.identity, command: 'sleep 600', ageMs: expect.any(Number) }],
  });
  expect(report.survivors[0].ageMs).toBeLessThan(60_000);
  expect(isAlive(child)).toBe(true);
});

it('finds the children of one that is found though they cleared their environment and left its group', async () => {
  const mark = `sweep-kin-${process.pid}`;
  const parent = spawn(
    'sh',
    ['-c', 'env -i /usr/bin/setsid -f /bin/sleep 599 & env -i /usr/bin/setsid /bin/sleep 600 & echo; wait'],
    {
      env: { PATH, NIGHTDESK_MARK: mark },
      detached: true,
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  started.push(parent);
  const table = createProcTable();
  const kin = () => table?.childrenOf(parent.pid ?? 0) ?? [];
  while (!kin().some((pid) => rowOf(pid)?.session === pid)) await new Promise((resolve) => setTimeout(resolve, 5));
  const [child = 0] = kin().filter((pid) => rowOf(pid)?.session === pid);

  await createProcesses().sweep({ mark: { text: `NIGHTDESK_MARK=${mark}`, isPrefix: false } });

  expect(['ended', undefined]).toContain(rowOf(child)?.state);
});

it('leaves a process alone whose pid was given to another between look and kill', async () => {
  const child = sleeper();
  const real = rowOf(child.pid);
  if (real === undefined) throw new Error('the program was not started');
  const looked: ProcessRow = { ...real, startTicks: '1' };
  const table: ProcessTable = {
    bootId: 'this boot',
    isInstant: false,
    rowsOf: (pids) => [real].filter(({ pid }) => pids.includes(pid)),
    childrenOf: () => [],
    look: async (visit) => {
      visit(looked);
      return { pids: [looked.pid], hasMissed: false };
    },
    isYoung: () => false,
    carries: () => 'yes',
    tell: () => ({ command: 'sleep 600', ageMs: 0 }),
  };

  await createSweep(table, () => false)({ mark: { text: 'NAME=value', isPrefix: false } });

  expect(isAlive(child)).toBe(true);
});

const own = ownCgroup();
const canMakeCgroups = own !== undefined && process.platform === 'linux' && isWritable(own);

function isWritable(folder: string): boolean {
  try {
    accessSync(folder, constants.W_OK);
    return existsSync(join(folder, 'cgroup.procs'));
  } catch {
    return false;
  }
}

it.skipIf(!canMakeCgroups)('ends a cgroup with what is nested in it, and removes the folders', async () => {
  const folder = join(own ?? '', `nightdesk-test-${process.pid}`);
  mkdirSync(join(folder, 'run', 'made-by-an-agent'), { recursive: true });
  const children = [sleeper(), sleeper()];
  writeFileSync(join(folder, 'run', 'cgroup.procs'), String(children[0]?.pid));
  writeFileSync(join(folder, 'run', 'made-by-an-agent', 'cgroup.procs'), String(children[1]?.pid));
  expect(findCgroups(own ?? '', `nightdesk-test-${process.pid}`)).toEqual([folder]);

  const report = await createProcesses().sweep({ cgroup: folder });

  expect(report).toEqual({ kind: 'killed', survivors: [] });
  expect(existsSync(folder)).toBe(false);
  expect(await createProcesses().sweep({ cgroup: folder })).toEqual({ kind: 'gone', survivors: [] });
});

it.skipIf(!canMakeCgroups)('leaves a cgroup alone that we are in ourselves', async () => {
  const folder = join(own ?? '', `nightdesk-own-${process.pid}`);
  mkdirSync(folder);
  const child = sleeper();
  writeFileSync(join(folder, 'cgroup.procs'), String(child.pid));

  const end = await endCgroup(folder, (pid) => pid === child.pid, performance.now() + 1000);
  const isSpared = isAlive(child);
  child.kill('SIGKILL');
  while (readFileSync(join(folder, 'cgroup.procs'), 'utf8') !== '')
    await new Promise((resolve) => setTimeout(resolve, 5));
  rmdirSync(folder);

  expect(end.members).toEqual([]);
  expect(isSpared).toBe(true);
});

it.skipIf(!canMakeCgroups)('never ends a folder that is no cgroup of its own', async () => {
  const child = sleeper();

  const report = await createProcesses().sweep({ cgroup: '/proc/self' });

  expect(report.kind).toBe('gone');
  expect(isAlive(child)).toBe(true);
});
