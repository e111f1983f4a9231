import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createProcesses } from '../../src/adapters/execa-processes.ts';
import type { Containment } from '../../src/containment/containment.ts';
import type { ProcessExit, RunningProcess, SpawnRequest } from '../../src/ports.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';
import { LAYERS, needLayer } from './layers.ts';

const PATH = process.env['PATH'] ?? '';

const started: { readonly agent: RunningProcess; readonly layer: Containment }[] = [];

afterEach(async () => {
  for (const { agent, layer } of started.splice(0)) {
    agent.signal('SIGKILL');
    await layer.sweepAll();
  }
});

describe.skipIf(process.platform !== 'linux').each(LAYERS)('a program under %s', (name) => {
  async function start(
    context: Parameters<typeof needLayer>[3],
    argv: SpawnRequest['argv'],
    more: Partial<SpawnRequest> = {},
  ) {
    const processes = createProcesses();
    const layer = await needLayer(name, processes, temporaryFolder(), context);
    const heard = { stdout: '', stderr: '' };
    const said = Promise.withResolvers<void>();
    const agent = processes.spawn(layer.wrap({ argv, cwd: '/', env: { PATH }, ...more }, 3), (chunk, stream) => {
      heard[stream] += String(chunk);
      if (heard.stdout.includes('\n')) said.resolve();
    });
    started.push({ agent, layer });
    return { agent, heard, said: said.promise, layer };
  }

  async function run(
    ...parts: Parameters<typeof start>
  ): Promise<{ exit: ProcessExit; stdout: string; stderr: string }> {
    const { agent, heard } = await start(...parts);
    const exit = await agent.exit;
    return { exit, ...heard };
  }

  it('gets its stdin, and is heard on both streams with its exit code', async (context) => {
    const script = 'tr a-z A-Z; echo "and more" >&2; exit 37';

    const { exit, stdout, stderr } = await run(context, ['sh', '-c', script], { stdin: 'größe: one\ntwo\n' });

    expect(exit).toEqual({ kind: 'exited', code: 37 });
    expect(stdout).toBe('GRößE: ONE\nTWO\n');
    expect(stderr).toBe('and more\n');
  });

  it('takes part in a conversation over a stdin that stays open', async (context) => {
    const { agent, heard, said } = await start(
      context,
      ['sh', '-c', 'while read -r line; do echo "<$line>"; done; echo end'],
      {
        stdin: 'first\n',
        keepsInputOpen: true,
      },
    );
    await said;

    agent.write('second\n');
    agent.closeInput();
    await agent.exit;

    expect(heard.stdout).toBe('<first>\n<second>\nend\n');
  });

  it('runs in its folder with its environment, and is found on its own PATH', async (context) => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'bin'));
    writeFileSync(join(folder, 'bin', 'my-agent'), '#!/bin/sh\npwd\necho "$GREETING $*"\n');
    chmodSync(join(folder, 'bin', 'my-agent'), 0o755);

    const { stdout, exit } = await run(context, ['my-agent', 'a b', '$(id)', '-x'], {
      cwd: folder,
      env: { PATH: `${join(folder, 'bin')}:/bin:/usr/bin`, GREETING: 'hello "you"\n!' },
    });

    expect(exit).toEqual({ kind: 'exited', code: 0 });
    expect(stdout).toBe(`${folder}\nhello "you"\n! a b $(id) -x\n`);
  });

  it('reads and writes files and devices as who we are', async (context) => {
    const folder = temporaryFolder();

    const { stdout, stderr } = await run(
      context,
      ['sh', '-c', 'id -u; head -c 3 /dev/zero | wc -c; echo x > /dev/null; echo y > file'],
      {
        cwd: folder,
      },
    );

    expect(stderr).toBe('');
    expect(stdout.split(/\s+/).slice(0, 2)).toEqual([String(process.getuid?.()), '3']);
    expect(readFileSync(join(folder, 'file'), 'utf8')).toBe('y\n');
  });

  it('reaches what listens on loopback', async (context) => {
    const server = createServer((_, response) => response.end('reached'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;

    const { stdout } = await run(context, [
      process.execPath,
      '-e',
      `fetch('${url}').then(async (r) => console.log(await r.text()))`,
    ]);
    server.close();

    expect(stdout).toBe('reached\n');
  });

  it('may end in its own way on SIGTERM', async (context) => {
    const script = 'trap "echo bye; exit 5" TERM; echo ready; while :; do sleep 0.05; done';
    const { agent, heard, said } = await start(context, ['sh', '-c', script]);
    await said;

    agent.signal('SIGTERM');

    expect(await agent.exit).toEqual({ kind: 'exited', code: 5 });
    expect(heard.stdout).toBe('ready\nbye\n');
  });

  it('is told to have ended by SIGTERM when that ended it', async (context) => {
    const { agent, heard, said } = await start(context, ['sh', '-c', 'echo ready; sleep 60']);
    await said;

    agent.signal('SIGTERM');

    expect(await agent.exit).toEqual({ kind: 'signalled', signal: 'SIGTERM' });
    expect(heard.stderr).toBe('');
  });

  it('is told to have ended by SIGKILL when it was deaf to all else', async (context) => {
    const { agent, said } = await start(context, [
      'sh',
      '-c',
      'trap "" TERM; echo ready; while :; do sleep 0.05; done',
    ]);
    await said;

    agent.signal('SIGTERM');
    agent.signal('SIGKILL');

    expect(await agent.exit).toEqual({ kind: 'signalled', signal: 'SIGKILL' });
  });

  it('ends though it is stopped as soon as it is started', async (context) => {
    const { agent, layer } = await start(context, ['sleep', '60']);

    agent.signal('SIGTERM');
    const wait = new Promise((resolve) => setTimeout(resolve, 1000));
    await Promise.race([agent.exit, wait]);
    agent.signal('SIGKILL');

    expect((await agent.exit).kind).toBe('signalled');
    expect((await layer.sweep({ id: 3, identity: agent.identity })).survivors).toEqual([]);
  });

  it('cannot be started in the same words as without a layer', async (context) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'plain.sh'), '#!/bin/sh\n', { mode: 0o644 });
    writeFileSync(join(folder, 'lost.sh'), '#!/no/such/interpreter\n', { mode: 0o755 });
    const cases: readonly [SpawnRequest['argv'], string][] = [
      [['no-such-agent'], '/'],
      [[join(folder, 'missing')], '/'],
      [[join(folder, 'plain.sh')], '/'],
      [[join(folder, 'lost.sh')], '/'],
      [[folder], '/'],
      [['./plain.sh'], folder],
      [['/bin/sh'], join(folder, 'gone')],
      [['/bin/echo', 'a\0b'], '/'],
    ];

    for (const [argv, cwd] of cases) {
      const bare = createProcesses().spawn({ argv, cwd, env: { PATH } }, () => undefined);
      const { exit } = await run(context, argv, { cwd });

      expect(exit).toEqual(await bare.exit);
      expect(exit.kind).toBe('not-started');
    }
  });
});
