import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Studio } from './studio.ts';
import { openStudio } from './studio.ts';

describe('the demo’s publisher', { timeout: 60_000 }, () => {
  let studio: Studio;
  const approved = {
    id: 7,
    revision: 1,
    hash: 'h',
    kind: 'reply',
    agent: 'outbound-engager',
    to: '@hanna_throws',
    body: 'Leave it.',
  };

  beforeEach(async () => {
    studio = await openStudio();
    await studio.login();
  });

  afterEach(() => studio.close());

  function publish(draft: unknown, url?: string) {
    const stdin = typeof draft === 'string' ? draft : JSON.stringify(draft);
    return studio.run('agents/publisher', { stdin, ...(url === undefined ? {} : { url }) });
  }

  function reply() {
    return { ...approved, url: `${studio.platform.url}/p/thumbprint` };
  }

  it('publishes a reply under its post and says where on its last line', async () => {
    const { code, output } = await publish(reply());

    const last: unknown = JSON.parse(output.trim().split('\n').at(-1) ?? '');
    expect(code).toBe(0);
    expect(last).toEqual({ url: `${studio.platform.url}/p/kk-1`, id: 'kk-1' });
    expect(studio.platform.published()).toMatchObject([{ text: 'Leave it.', replyTo: 'thumbprint' }]);
    expect(studio.workstate('publisher')).toContain('Draft 7 is live');
  });

  it('publishes a post to nobody in particular', async () => {
    const { code } = await publish({ ...approved, kind: 'post', url: null });

    expect(code).toBe(0);
    expect(studio.platform.published()).toMatchObject([{ text: 'Leave it.', replyTo: undefined }]);
  });

  it('refuses JSON that is cut off anywhere', async () => {
    const whole = JSON.stringify(reply());
    const cuts = [0, 1, Math.floor(whole.length / 2), whole.length - 1];

    const ended = await Promise.all(cuts.map((length) => publish(whole.slice(0, length))));

    expect(ended.map(({ code }) => code)).toEqual([65, 65, 65, 65]);
    expect(studio.platform.published()).toEqual([]);
  });

  it('refuses a draft without a body, a reply without its post, and a kind that it does not know', async () => {
    const ended = await Promise.all([
      publish({ ...reply(), body: ' ' }),
      publish({ ...reply(), url: null }),
      publish({ ...reply(), kind: 'email' }),
    ]);

    expect(ended.map(({ code }) => code)).toEqual([65, 65, 65]);
  });

  it('exits 77 after one call when the token is dead', async () => {
    studio.platform.expireToken();

    const { code, output } = await publish(reply());

    expect(code).toBe(77);
    expect(output).toContain('401');
    expect(studio.platform.stats().deadTokenCallsByClient).toEqual({ publisher: 1 });
    expect(studio.platform.published()).toEqual([]);
  });

  it('exits 75 when the platform answers 503 or nobody answers', async () => {
    const broken = createServer((_request, response) => response.writeHead(503).end('down for maintenance'));
    await new Promise<void>((resolve) => broken.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(broken.address() as AddressInfo).port}`;

    const answered503 = await publish(reply(), url);
    await new Promise((resolve) => broken.close(resolve));
    const refused = await publish(reply(), url);

    expect([answered503.code, refused.code]).toEqual([75, 75]);
  });

  it('says failed, and not "again", when the answer is lost after sending', async () => {
    const deaf = createServer((request) => request.socket.destroy());
    await new Promise<void>((resolve) => deaf.listen(0, '127.0.0.1', resolve));

    const { code } = await publish(reply(), `http://127.0.0.1:${(deaf.address() as AddressInfo).port}`);

    expect(code).toBe(1);
    await new Promise((resolve) => deaf.close(resolve));
  });
});
