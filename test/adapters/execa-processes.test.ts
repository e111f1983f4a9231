import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { createProcesses } from '../../src/adapters/execa-processes.ts';
import { createProcTable } from '../../src/adapters/proc-table.ts';
import { createMemoryLog } from '../fakes/memory-log.ts';
import type { ProcessExit, RunningProcess, SpawnRequest } from '../../src/ports.ts';

const AGENTS = fileURLToPath(new URL('../fixtures/agents/', import.meta.url));
const PATH = process.env['PATH'] ?? '';

interface Started {
  readonly process: RunningProcess;
  readonly pid: number;
  output(stream?: 'stdout' | 'stderr'): string;
  /** Resolves once stdout holds a whole line, to the first one. */
  firstLine(): Promise<string>;
}

const started: RunningProcess[] = [];

afterEach(() => {
  for (const child of started.splice(0)) child.signal('SIGKILL');
});

function start(name: string, args: readonly string[] = [], more: Partial<SpawnRequest> = {}): Started {
  const chunks: { stream: string; chunk: Uint8Array }[] = [];
  const lines = Promise.withResolvers<string>();
  let seen = false;
  const text = (stream?: string) =>
    Buffer.concat(
      chunks.filter((entry) => stream === undefined || entry.stream === stream).map(({ chunk }) => chunk),
    ).toString();
  const child = createProcesses().spawn(
    { argv: [join(AGENTS, name), ...args], cwd: '/', env: { PATH }, ...more },
    (chunk, stream) => {
      chunks.push({ stream, chunk: Buffer.from(chunk) });
      if (seen) return;
      const [line, ...rest] = text('stdout').split('\n');
      seen = rest.length > 0;
      if (line !== undefined && seen) lines.resolve(line);
    },
  );
  started.push(child);
  return { process: child, pid: child.identity?.pid ?? 0, output: text, firstLine: () => lines.promise };
}

function rowOf(pid: number) {
  return createProcTable()?.rowsOf([pid])[0];
}

function isAlive(pid: number): boolean {
  const row = rowOf(pid);
  return row !== undefined && row.state !== 'ended';
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

async function exitOf(request: SpawnRequest): Promise<ProcessExit> {
  const child = createProcesses().spawn(request, () => undefined);
  started.push(child);
  return child.exit;
}

describe('starting a program', () => {
  it('hands on both streams and the exit code when it ends by itself', async () => {
    const agent = start('print.sh', ['3', 'out', 'err']);

    expect(await agent.process.exit).toEqual({ kind: 'exited', code: 3 });
    expect(agent.output('stdout')).toBe('out');
    expect(agent.output('stderr')).toBe('err');
  });

  it('gives it nothing but its own environment, its folder and a process group of its own', async () => {
    const agent = start('print-environment.sh', [], { env: { PATH, NIGHTDESK_RUN: '7' }, cwd: '/usr' });

    await agent.process.exit;

    const [cwd, group, ...environment] = agent.output().trim().split('\n');
    expect(cwd).toBe('/usr');
    expect(group).toBe(String(agent.pid));
    expect(environment.filter((line) => !line.startsWith('PWD=')).sort()).toEqual(['NIGHTDESK_RUN=7', `PATH=${PATH}`]);
  });

  it('gives it no shell: an argument with shell syntax arrives as it is', async () => {
    const agent = start('print.sh', ['0', '$(id); echo "x" > /nowhere']);

    await agent.process.exit;

    expect(agent.output()).toBe('$(id); echo "x" > /nowhere');
  });

  it('writes the whole text to stdin and closes it', async () => {
    const agent = start('read-stdin.sh', [], { stdin: 'ü'.repeat(500_000) });

    expect(await agent.process.exit).toEqual({ kind: 'exited', code: 0 });
    expect(agent.output().trim()).toBe('1000000');
  });

  it('gives an empty stdin when there is no text', async () => {
    const agent = start('read-stdin.sh');

    await agent.process.exit;

    expect(agent.output().trim()).toBe('0');
  });

  it('does not mind a program that never reads its stdin', async () => {
    const agent = start('ignore-stdin.sh', [], { stdin: 'x'.repeat(1_000_000) });

    expect(await agent.process.exit).toEqual({ kind: 'exited', code: 0 });
  });

  it('identifies it by pid, start time and boot', () => {
    const agent = start('ignore-term.sh');

    expect(agent.process.identity).toEqual({
      pid: agent.pid,
      startTicks: rowOf(agent.pid)?.startTicks,
      bootId: createProcTable()?.bootId,
    });
    expect(agent.process.identity?.startTicks).toMatch(/^\d+$/);
  });
});

describe('a program that cannot be started', () => {
  const folder = mkdtempSync(join(tmpdir(), 'nightdesk-processes-'));

  it('says that the program was not found on the PATH', async () => {
    const exit = await exitOf({ argv: ['no-such-agent'], cwd: '/', env: { PATH } });

    expect(exit).toEqual({
      kind: 'not-started',
      reason: expect.stringContaining('no-such-agent was not found on the PATH: install it'),
    });
  });

  it('says that the file does not exist when a path was given', async () => {
    const exit = await exitOf({ argv: [join(folder, 'missing.sh')], cwd: '/', env: {} });

    expect(exit).toEqual({ kind: 'not-started', reason: expect.stringContaining('does not exist') });
  });

  it('says that the file is not executable', async () => {
    writeFileSync(join(folder, 'plain.sh'), '#!/bin/sh\n', { mode: 0o644 });

    const exit = await exitOf({ argv: [join(folder, 'plain.sh')], cwd: '/', env: {} });

    expect(exit).toEqual({ kind: 'not-started', reason: expect.stringContaining('chmod +x') });
  });

  it('says that the working directory is missing, not the program', async () => {
    const exit = await exitOf({ argv: ['/bin/sh'], cwd: join(folder, 'gone'), env: {} });

    expect(exit).toEqual({
      kind: 'not-started',
      reason: expect.stringContaining(`the working directory ${join(folder, 'gone')} does not exist`),
    });
  });

  it('does not throw when an argument holds a NUL byte', async () => {
    const exit = await exitOf({ argv: ['/bin/echo', 'a\0b'], cwd: '/', env: {} });

    expect(exit.kind).toBe('not-started');
  });

  it('has no identity and takes a signal without harm', () => {
    const child = createProcesses().spawn({ argv: ['no-such-agent'], cwd: '/', env: { PATH } }, () => undefined);

    child.signal('SIGKILL');

    expect(child.identity).toBeUndefined();
  });
});

describe('the end of a program', () => {
  it('comes though a grandchild holds stdout open', async () => {
    const agent = start('hold-stdout.sh');

    expect(await agent.process.exit).toEqual({ kind: 'exited', code: 0 });
    expect(isAlive(Number(agent.output()))).toBe(true);
  });

  it('comes though a grandchild keeps writing to stdout', async () => {
    const agent = start('hold-and-write.sh');

    expect(await agent.process.exit).toEqual({ kind: 'exited', code: 0 });
  });

  it('is the end of its output, though a grandchild writes on', async () => {
    const agent = start('hold-and-write.sh');
    await agent.process.exit;
    const told = agent.output();

    await new Promise((resolve) => setTimeout(resolve, 200));

    expect(agent.output()).toBe(told);
  });

  it('comes after all that it printed has been handed on, however busy we are', async () => {
    const agent = start('flood.js', ['20']);
    await agent.firstLine();
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);

    await agent.process.exit;

    expect(agent.output().length).toBeGreaterThanOrEqual(20e6);
    expect(agent.output().endsWith('digest\n')).toBe(true);
  });

  it('is told with the signal that ended it', async () => {
    const agent = start('ignore-term.sh');
    await agent.firstLine();

    agent.process.signal('SIGTERM');
    agent.process.signal('SIGKILL');

    expect(await agent.process.exit).toEqual({ kind: 'signalled', signal: 'SIGKILL' });
  });

  it('leaves the signal without effect once the group is gone', async () => {
    const agent = start('print.sh', ['0', 'out']);
    await agent.process.exit;

    expect(() => agent.process.signal('SIGKILL')).not.toThrow();
  });
});

describe('signals', () => {
  it('reach a child in the same group', async () => {
    const agent = start('fork-child.sh');
    const child = Number(await agent.firstLine());

    agent.process.signal('SIGTERM');

    expect(await agent.process.exit).toEqual({ kind: 'signalled', signal: 'SIGTERM' });
    await until(() => !isAlive(child));
  });

  it('reach what the program left in its group after its own end', async () => {
    const agent = start('leave-child.sh');
    await agent.process.exit;
    const child = Number(agent.output());
    expect(isAlive(child)).toBe(true);

    agent.process.signal('SIGKILL');

    await until(() => !isAlive(child));
  });
});

describe('a flood of output', () => {
  it('is paced by its reader and does not grow our memory', async () => {
    const before = process.memoryUsage().rss;
    let bytes = 0;
    let peak = before;
    const child = createProcesses().spawn(
      { argv: [join(AGENTS, 'flood.js'), '200'], cwd: '/', env: { PATH } },
      (chunk) => {
        bytes += chunk.length;
        peak = Math.max(peak, process.memoryUsage.rss());
      },
    );
    started.push(child);

    await child.exit;

    expect(bytes).toBeGreaterThanOrEqual(200e6);
    expect(peak - before).toBeLessThan(150e6);
  }, 60_000);

  it('leaves nothing for the collector: its memory is free once it was taken', async () => {
    let kept: Uint8Array | undefined;
    let length = 0;
    const child = createProcesses().spawn({ argv: ['/bin/echo', 'x'], cwd: '/', env: { PATH } }, (chunk) => {
      kept = chunk;
      length = chunk.length;
    });

    await child.exit;

    expect(length).toBe(2);
    expect(kept).toHaveLength(0);
  });

  it('lets timers run while it lasts', async () => {
    const agent = createProcesses().spawn(
      { argv: [join(AGENTS, 'flood.js')], cwd: '/', env: { PATH } },
      () => undefined,
    );
    started.push(agent);

    for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setTimeout(resolve, 1));
    agent.signal('SIGKILL');

    expect(await agent.exit).toEqual({ kind: 'signalled', signal: 'SIGKILL' });
  });
});

describe('a stdin that stays open', () => {
  it('takes more text until it is closed', async () => {
    const agent = start('read-stdin.sh', [], { stdin: 'one', keepsInputOpen: true });

    agent.process.write('two');
    agent.process.write('three');
    agent.process.closeInput();
    agent.process.closeInput();
    agent.process.write('never');

    expect(await agent.process.exit).toEqual({ kind: 'exited', code: 0 });
    expect(agent.output().trim()).toBe('11');
  });

  it('takes text without harm when the program has closed it, and when that is gone', async () => {
    const agent = start('ignore-stdin.sh', [], { keepsInputOpen: true });

    agent.process.write('x'.repeat(1_000_000));
    await agent.process.exit;
    agent.process.write('x');
    agent.process.closeInput();

    expect(await agent.process.exit).toEqual({ kind: 'exited', code: 0 });
  });

  it('is closed, and that is logged, when the program leaves 8 MB unread', async () => {
    const log = createMemoryLog();
    const agent = createProcesses(log).spawn(
      { argv: [join(AGENTS, 'ignore-term.sh')], cwd: '/', env: { PATH }, keepsInputOpen: true },
      () => undefined,
    );
    started.push(agent);

    for (let megabytes = 0; megabytes < 12; megabytes += 1) agent.write('x'.repeat(1024 * 1024));

    expect(log.lines).toEqual([expect.stringContaining('a program reads no more: its stdin was closed')]);
  });
});

describe('a program that is started through another', () => {
  const through = { argv: ['/bin/sh', '-c', '"$@"; exit $?', 'sh'], termTo: 'group' } as const;

  it('has its own exit code', async () => {
    expect(await exitOf({ argv: [join(AGENTS, 'print.sh'), '7'], cwd: '/', env: { PATH }, through })).toEqual({
      kind: 'exited',
      code: 7,
    });
  });

  it('is told by its signal when the wrapper says 128 and a number', async () => {
    expect(await exitOf({ argv: ['sh', '-c', 'kill -SEGV $$'], cwd: '/', env: { PATH }, through })).toEqual({
      kind: 'signalled',
      signal: 'SIGSEGV',
    });
  });

  it('is told by its exit code when that is above all signals', async () => {
    expect(await exitOf({ argv: ['sh', '-c', 'exit 255'], cwd: '/', env: { PATH }, through })).toEqual({
      kind: 'exited',
      code: 255,
    });
  });

  it('is not blamed when it is the wrapper that is missing', async () => {
    const exit = await exitOf({
      argv: ['sh'],
      cwd: '/',
      env: { PATH },
      through: { argv: ['/no/such/wrapper'], termTo: 'group' },
    });

    expect(exit).toEqual({ kind: 'not-started', reason: expect.stringContaining('/no/such/wrapper does not exist') });
  });
});

describe('a sweep by identity', () => {
  it('kills the program with its group when boot and start time are equal', async () => {
    const agent = start('fork-child.sh');
    const child = Number(await agent.firstLine());

    const found = await createProcesses().sweep({ identity: agent.process.identity ?? never() });

    expect(found).toEqual({ kind: 'killed', survivors: [] });
    expect(isAlive(child)).toBe(false);
    expect(isAlive(agent.pid)).toBe(false);
  });

  it('kills a program that is deaf to SIGTERM', async () => {
    const agent = start('ignore-term.sh');
    await agent.firstLine();

    expect((await createProcesses().sweep({ identity: agent.process.identity ?? never() })).kind).toBe('killed');
  });

  it('leaves a program alone when the start time differs', async () => {
    const agent = start('ignore-term.sh');
    await agent.firstLine();

    const found = await createProcesses().sweep({
      identity: { ...(agent.process.identity ?? never()), startTicks: '1' },
    });

    expect(found.kind).toBe('gone');
    expect(isAlive(agent.pid)).toBe(true);
  });

  it('leaves a program alone when the machine has been booted since', async () => {
    const agent = start('ignore-term.sh');
    await agent.firstLine();

    const found = await createProcesses().sweep({
      identity: { ...(agent.process.identity ?? never()), bootId: 'another boot' },
    });

    expect(found.kind).toBe('gone');
    expect(isAlive(agent.pid)).toBe(true);
  });

  it('leaves a group alone when its leader is gone and another incarnation asks', async () => {
    const agent = start('leave-child.sh');
    await agent.process.exit;

    const found = await createProcesses().sweep({ identity: agent.process.identity ?? never() });

    expect(found.kind).toBe('gone');
    expect(isAlive(Number(agent.output()))).toBe(true);
  });

  it('finds nobody when nobody lives', async () => {
    const agent = start('print.sh', ['0']);
    await agent.process.exit;

    expect(await createProcesses().sweep({ identity: agent.process.identity ?? never() })).toEqual({
      kind: 'gone',
      survivors: [],
    });
  });

  it('kills what is left in the group when it saw the leader end itself', async () => {
    const processes = createProcesses();
    let output = '';
    const agent = processes.spawn({ argv: [join(AGENTS, 'leave-child.sh')], cwd: '/', env: { PATH } }, (chunk) => {
      output += String(chunk);
    });
    started.push(agent);
    await agent.exit;

    expect((await processes.sweep({ identity: agent.identity ?? never() })).kind).toBe('killed');
    expect(isAlive(Number(output))).toBe(false);
  });
});

describe('a sweep by mark', () => {
  it('kills those that carry exactly this mark', async () => {
    const agent = start('leave-child.sh', [], { env: { PATH, NIGHTDESK_MARK: 'test-41' } });
    await agent.process.exit;
    const child = Number(agent.output());
    const { sweep } = createProcesses();

    expect((await sweep({ mark: { text: 'NIGHTDESK_MARK=test-4', isPrefix: false } })).kind).toBe('gone');
    expect((await sweep({ mark: { text: 'MARK=test-41', isPrefix: false } })).kind).toBe('gone');
    expect(isAlive(child)).toBe(true);
    expect((await sweep({ mark: { text: 'NIGHTDESK_MARK=test-41', isPrefix: false } })).kind).toBe('killed');
    expect(isAlive(child)).toBe(false);
  });

  it('kills those that carry any mark that begins so when it is a prefix', async () => {
    const agent = start('ignore-term.sh', [], { env: { PATH, NIGHTDESK_MARK: 'prefix-7' } });
    await agent.firstLine();

    const found = await createProcesses().sweep({ mark: { text: 'NIGHTDESK_MARK=prefix-', isPrefix: true } });

    expect(found.kind).toBe('killed');
    expect(isAlive(agent.pid)).toBe(false);
  });
});

function never(): never {
  throw new Error('the program was not started');
}
