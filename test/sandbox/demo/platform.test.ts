import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Platform } from '../../../src/sandbox/demo/platform.ts';
import { createPlatform } from '../../../src/sandbox/demo/platform.ts';

interface PostJson {
  id: string;
  url: string;
  text: string;
  author: { handle: string };
}

describe('the demo’s platform', () => {
  let platform: Platform;
  let now: number;
  let token: string;

  beforeEach(async () => {
    now = Date.parse('2026-06-01T20:00:00Z');
    platform = await createPlatform({ now: () => now });
    token = await login();
  });

  afterEach(() => platform.stop());

  async function login(): Promise<string> {
    const init = { method: 'POST', body: JSON.stringify({ client_id: 'kilnandkettle' }) };
    const answer = (await (await fetch(`${platform.url}/api/token`, init)).json()) as { access_token: string };
    return answer.access_token;
  }

  function get(path: string, bearer = token): Promise<Response> {
    return fetch(`${platform.url}${path}`, { headers: { authorization: `Bearer ${bearer}`, 'user-agent': 'a-test' } });
  }

  async function posts(path: string): Promise<PostJson[]> {
    return ((await (await get(path)).json()) as { posts: PostJson[] }).posts;
  }

  async function publish(body: unknown): Promise<{ status: number; post: PostJson }> {
    const headers = { authorization: `Bearer ${token}` };
    const response = await fetch(`${platform.url}/api/posts`, { method: 'POST', headers, body: JSON.stringify(body) });
    return { status: response.status, post: (await response.json()) as PostJson };
  }

  it('shows a few posts at the start and more with every minute', async () => {
    const atStart = (await posts('/api/search')).length;
    now += 60_000;
    const afterOneMinute = (await posts('/api/search')).length;
    now += 30 * 60_000;
    token = await login();
    const atTheEnd = (await posts('/api/search')).length;

    expect(atStart).toBeGreaterThanOrEqual(5);
    expect(atStart).toBeLessThanOrEqual(10);
    expect(afterOneMinute).toBeGreaterThan(atStart + 3);
    expect(atTheEnd).toBeGreaterThanOrEqual(60);
  });

  it('lists only newer posts when `since` is given', async () => {
    const since = new Date(now).toISOString();
    now += 30_000;

    const newer = await posts(`/api/search?since=${encodeURIComponent(since)}`);

    expect(newer.length).toBeGreaterThan(0);
    expect(newer.length).toBeLessThan((await posts('/api/search')).length);
  });

  it('lists as mentions exactly what names the business', async () => {
    now += 30 * 60_000;
    token = await login();

    const mentions = await posts('/api/mentions');

    expect(mentions.length).toBeGreaterThanOrEqual(20);
    expect(mentions.every((post) => post.text.includes('@kilnandkettle'))).toBe(true);
    expect((await posts('/api/search')).some((post) => post.text.includes('@kilnandkettle'))).toBe(false);
  });

  it('refuses every call with a realistic 401 once the first token is 90 seconds old', async () => {
    now += 89_999;
    const before = await get('/api/me');
    now += 1;
    const after = await get('/api/me');

    expect(before.status).toBe(200);
    expect(after.status).toBe(401);
    expect(after.headers.get('www-authenticate')).toContain('error="invalid_token"');
    expect(await after.json()).toMatchObject({ error: { type: 'OAuthException', code: 'token_expired' } });
  });

  it('gives twenty minutes to each token after the first', async () => {
    const second = await login();
    now += 20 * 60_000 - 1;

    expect((await get('/api/me', second)).status).toBe(200);
    now += 1;
    expect((await get('/api/me', second)).status).toBe(401);
    expect(platform.issuedTokens()).toBe(2);
  });

  it('ends every token at once when it is told to', async () => {
    platform.expireToken();

    expect((await get('/api/feed')).status).toBe(401);
    expect((await get('/api/feed', await login())).status).toBe(200);
  });

  it('counts calls by route, and those with a dead token by client', async () => {
    await get('/api/posts/thumbprint');
    platform.expireToken();
    await get('/api/feed');
    await get('/api/feed', 'never-issued');

    const stats = platform.stats();

    expect(stats.calls).toMatchObject({ 'POST /api/token': 1, 'GET /api/posts/ID': 1, 'GET /api/feed': 2 });
    expect(stats.deadTokenCalls).toBe(2);
    expect(stats.deadTokenCallsByClient).toEqual({ 'a-test': 2 });
  });

  it('publishes the same text twice when it is asked twice', async () => {
    const first = await publish({ text: 'Leave it.', in_reply_to: 'thumbprint' });
    const second = await publish({ text: 'Leave it.', in_reply_to: 'thumbprint' });

    expect([first.status, second.status]).toEqual([201, 201]);
    expect(first.post.id).not.toBe(second.post.id);
    expect(platform.published().map((post) => post.text)).toEqual(['Leave it.', 'Leave it.']);
  });

  it('refuses an empty post, a post to nobody and a body that is not JSON', async () => {
    const headers = { authorization: `Bearer ${token}` };
    const broken = await fetch(`${platform.url}/api/posts`, { method: 'POST', headers, body: '{"text": "cut o' });

    expect((await publish({ text: '  ' })).status).toBe(422);
    expect((await publish({ text: 'hello', in_reply_to: 'no-such-post' })).status).toBe(422);
    expect(broken.status).toBe(400);
    expect(platform.published()).toEqual([]);
  });

  it('refuses a body that is larger than any post', async () => {
    const headers = { authorization: `Bearer ${token}` };
    const body = JSON.stringify({ text: 'x'.repeat(200_000) });

    const response = await fetch(`${platform.url}/api/posts`, { method: 'POST', headers, body });

    expect(response.status).toBe(413);
  });

  it('shows a published reply under its post, marked at its own link', async () => {
    const { post } = await publish({ text: 'Leave it, <b>every</b> time & "always".', in_reply_to: 'thumbprint' });

    const page = await (await fetch(post.url)).text();

    expect(page).toContain('thumbprint fired into the base');
    expect(page).toContain('<article class="marked ours" id="kk-1">');
    expect(page).toContain('Leave it, &lt;b&gt;every&lt;/b&gt; time &amp; &quot;always&quot;.');
    expect(page).not.toContain('<b>every</b>');
  });

  it('has the author thank us once, some seconds after the first answer', async () => {
    await publish({ text: 'Leave it.', in_reply_to: 'thumbprint' });
    await publish({ text: 'Leave it!', in_reply_to: 'thumbprint' });
    const replies = async () =>
      ((await (await get('/api/posts/thumbprint')).json()) as { replies: PostJson[] }).replies;
    const before = await replies();
    now += 30_000;

    const after = await replies();

    expect(before).toHaveLength(2);
    expect(after.map((reply) => reply.author.handle)).toEqual(['kilnandkettle', 'kilnandkettle', 'hanna_throws']);
  });

  it('serves its pages under a policy that lets no script run', async () => {
    const response = await fetch(`${platform.url}/`);
    const missing = await fetch(`${platform.url}/p/nobody-said-that`);

    expect(response.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await response.text()).not.toContain('<script');
    expect(missing.status).toBe(404);
  });

  it('lets a right-to-left author write from the right', async () => {
    now += 60_000;

    const page = await (await fetch(`${platform.url}/p/seventeen`)).text();

    expect(page).toContain('<p class="text" dir="auto">صببتُ');
  });
});
