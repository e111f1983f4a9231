import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { createWeb } from '../../src/adapters/web.ts';

const servers: Server[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function serve(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const SECRET = '/ping/SECRET-uuid';

describe('createWeb', () => {
  it('is content with any answer of 2xx', async () => {
    const asked: string[] = [];
    const root = await serve((request, response) => {
      asked.push(request.url ?? '');
      response.writeHead(204).end();
    });

    expect(await createWeb().call(`${root}${SECRET}`, 5_000)).toEqual({ kind: 'ok' });
    expect(asked).toEqual([SECRET]);
  });

  it.each([404, 500])('names a status of %d as the reason, and nothing of the address', async (status) => {
    const root = await serve((_request, response) => response.writeHead(status).end('SECRET-uuid unknown'));

    const answer = await createWeb().call(`${root}${SECRET}`, 5_000);

    expect(answer).toEqual({ kind: 'failed', reason: `status ${status}` });
  });

  it('gives up on an address that hangs, and on one whose answer never ends', async () => {
    const hanging = await serve(() => undefined);
    const endless = await serve((_request, response) => response.writeHead(200).write('and so on'));

    const answers = await Promise.all([
      createWeb().call(`${hanging}${SECRET}`, 300),
      createWeb().call(`${endless}${SECRET}`, 300),
    ]);

    expect(answers).toEqual([{ kind: 'failed', reason: 'no answer within 0.3 s' }, { kind: 'ok' }]);
  });

  it.each(['http://127.0.0.1:9/ping/SECRET-uuid', 'no address SECRET-uuid', 'ftp://x/SECRET-uuid'])(
    'fails without a word of the address at %s',
    async (url) => {
      const answer = await createWeb().call(url, 5_000);

      expect(answer.kind).toBe('failed');
      expect(JSON.stringify(answer)).not.toContain('SECRET');
    },
  );
});
