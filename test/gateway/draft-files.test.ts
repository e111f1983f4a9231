import { resolve } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { createLoopbackServer } from '../../src/adapters/loopback-http.ts';
import { runAgentCommand } from '../../src/gateway/agent-commands.ts';
import { AGENT_TOOLS } from '../../src/gateway/agent-tools.ts';
import type { GatewayRooms } from '../../src/gateway/contract.ts';
import { createGateway } from '../../src/gateway/gateway.ts';
import { callGateway } from '../../src/gateway/gateway-client.ts';
import { createFakeLog, createFakeRooms, RUN, TOKEN } from './fake-rooms.ts';

const closers: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

async function serve(overrides: Partial<GatewayRooms> = {}) {
  const { rooms, acts } = createFakeRooms(overrides);
  const { log } = createFakeLog();
  const gateway = createGateway(rooms, log);
  const server = await createLoopbackServer(gateway.serve, { maxBodyBytes: 100_000, log });
  closers.push(() => server.close());
  return { gateway, url: server.url, acts };
}

async function command(url: string, ...options: readonly string[]) {
  let [stdout, stderr] = ['', ''];
  const code = await runAgentCommand(['draft', '--kind', 'post', '--to', 'all', ...options], {
    env: { NIGHTDESK_URL: url, NIGHTDESK_TOKEN: TOKEN },
    stdin: (async function* () {
      yield Buffer.from('hello');
    })(),
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
  });
  return { code, stdout, stderr };
}

const refusing: Partial<GatewayRooms> = {
  takeMedia: () => Promise.resolve({ kind: 'refused', reason: 'x.png: there is no such file; nothing was handed in' }),
};

describe('a draft with files', () => {
  test('is handed in once its files are copied, with paths as absolute as the command was called', async () => {
    const { url, acts } = await serve();

    const result = await command(url, '--media', 'out/a.png', '--media=/work/b.pdf');

    expect(result).toMatchObject({ code: 0, stdout: '12\n' });
    expect(acts).toMatchObject([
      { act: 'media', run: RUN, paths: [resolve('out/a.png'), '/work/b.pdf'] },
      { act: 'draft', draft: { body: 'hello', media: [{ name: resolve('out/a.png') }, { name: '/work/b.pdf' }] } },
    ]);
  });

  test('is refused with the reason, and handed in nowhere, when one of them cannot be copied', async () => {
    const { url, acts } = await serve(refusing);

    const result = await command(url, '--media', 'x.png');

    expect(result).toEqual({
      code: 1,
      stdout: '',
      stderr: 'nightdesk draft: x.png: there is no such file; nothing was handed in\n',
    });
    expect(acts).toEqual([]);
  });

  test('is wrong usage with more of them than ten, by the command and over HTTP', async () => {
    const { url, acts } = await serve();
    const paths = Array.from({ length: 11 }, (_, index) => `${index}.png`);

    const result = await command(url, ...paths.flatMap((path) => ['--media', path]));
    const body = { kind: 'post', to: 'all', body: 'hello', media: paths };
    const outcome = await callGateway(
      { url: new URL(url), token: TOKEN },
      { method: 'POST', target: '/v1/draft', body, repeatable: true },
    );

    expect(result).toMatchObject({ code: 64, stderr: expect.stringContaining('at most 10 times') as string });
    expect(outcome).toEqual({ kind: 'refused', reason: 'media must be at most 10 files' });
    expect(acts).toEqual([]);
  });

  test('takes the paths of the tool as they are: they start at the workdir', async () => {
    const { url, acts } = await serve();
    const tool = AGENT_TOOLS.find(({ name }) => name === 'draft');
    const asking = { now: () => 0, pause: () => Promise.resolve(), pollSeconds: 1, limitMs: 1 };

    const result = await tool?.run(
      { kind: 'post', to: 'all', body: 'hello', media: ['out/a.png'] },
      {
        call: (call) => callGateway({ url: new URL(url), token: TOKEN }, call),
        now: () => 0,
        asking,
        gone: new AbortController().signal,
      },
    );

    expect(result).toEqual({ text: '12', isError: false });
    expect(acts[0]).toEqual({ act: 'media', run: RUN, paths: ['out/a.png'] });
  });

  test('is not taken where nothing can be waited for', async () => {
    const { gateway, acts } = await serve();

    const response = gateway.handle({
      method: 'POST',
      target: '/v1/draft',
      authorization: `Bearer ${TOKEN}`,
      body: Buffer.from(JSON.stringify({ kind: 'post', to: 'all', body: 'hello', media: ['a.png'] })),
    });

    expect(response.status).toBe(501);
    expect(acts).toEqual([]);
  });
});
