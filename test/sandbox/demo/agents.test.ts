import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Studio } from './studio.ts';
import { openStudio, optionOf } from './studio.ts';

/** Each test starts several real programs. */
const patienceMs = 60_000;

describe('the demo’s agents', { timeout: patienceMs }, () => {
  let studio: Studio;

  beforeEach(async () => {
    studio = await openStudio();
    await studio.login();
  });

  afterEach(() => studio.close());

  it('find posts once, and leave small talk and mentions alone', async () => {
    const first = await studio.run('agents/scout');
    const second = await studio.run('agents/scout');

    expect([first.code, second.code]).toEqual([0, 0]);
    expect(first.output).toContain('worth an answer: Hanna Vesik');
    expect(first.output).not.toContain('swan');
    expect(second.output).not.toContain('worth an answer');
    expect(studio.deskCalls('progress')).toHaveLength(1);
    expect(readdirSync(join(studio.folder, 'shared'))).toEqual(['finds.json']);
  });

  it('draft a reply to what the scout found, with its post, link, window and key', async () => {
    await studio.run('agents/scout');

    const run = await studio.run('agents/outbound-engager');

    expect(run).toMatchObject({ code: 0 });
    const [draft] = studio.deskCalls('draft');
    expect(optionOf(draft, '--kind')).toBe('reply');
    expect(optionOf(draft, '--to')).toBe('@hanna_throws');
    expect(optionOf(draft, '--url')).toBe(`${studio.platform.url}/p/thumbprint`);
    expect(optionOf(draft, '--window')).toBe('10m');
    expect(optionOf(draft, '--key')).toBe('reply-thumbprint-1');
    expect(optionOf(draft, '--context')).toContain('“Forty mugs');
    expect(optionOf(draft, '--context')).toContain('a minute stands for an hour');
    expect(studio.workstate('outbound-engager')).toContain('Draft 1 answers @hanna_throws');
  });

  it('draft nothing twice, and stop at five undecided', async () => {
    studio.advance(10 * 60_000);
    await studio.login();
    await studio.run('agents/scout');
    for (let run = 0; run < 7; run += 1) await studio.run('agents/outbound-engager');

    const keys = studio.deskCalls('draft').map((call) => optionOf(call, '--key'));

    expect(new Set(keys).size).toBe(keys.length);
    expect(keys).toHaveLength(5);
  });

  it('take a rejection as a wish for another answer', async () => {
    await studio.run('agents/scout');
    await studio.run('agents/outbound-engager');
    studio.decide([{ draft: 1, verdict: 'rejected', reason: 'we never shout' }]);

    await studio.run('agents/outbound-engager');

    const second = studio.deskCalls('draft')[1];
    expect(optionOf(second, '--key')).toBe('reply-thumbprint-2');
    expect(optionOf(second, '--context')).toContain('Second try. You said: “we never shout”');
    expect(second?.stdin).toContain('A wiped foot is only clean');
    expect(studio.workstate('outbound-engager')).toContain('“we never shout”');
  });

  it('answer mentions, the most urgent first', async () => {
    const run = await studio.run('agents/inbound-engager');

    expect(run).toMatchObject({ code: 0 });
    expect(optionOf(studio.deskCalls('draft')[0], '--key')).toBe('reply-at-fur-1');
  });

  it('plan own posts first, then draft two and wait', async () => {
    for (let run = 0; run < 4; run += 1) expect(await studio.run('agents/creator')).toMatchObject({ code: 0 });

    const drafts = studio.deskCalls('draft');
    expect(drafts.map((call) => optionOf(call, '--key'))).toEqual(['post-episode-49', 'post-overheard-61']);
    expect(drafts.map((call) => optionOf(call, '--kind'))).toEqual(['post', 'post']);
    expect(studio.workstate('creator')).toContain('the-bisque-212');
  });

  it('ask the owner once for a title, and draft with the one that was pressed', async () => {
    studio.answer('The Twelfth Time');

    for (let run = 0; run < 3; run += 1) await studio.run('agents/creator');

    const asked = studio.deskCalls('ask');
    expect(asked).toHaveLength(1);
    expect(asked[0]?.args.filter((arg) => arg === '--option')).toHaveLength(3);
    expect(optionOf(asked[0], '--within')).toBe('3m');
    const [draft] = studio.deskCalls('draft');
    expect(draft?.stdin).toContain('episode 49, on Tuesday: “The Twelfth Time”.');
    expect(optionOf(draft, '--context')).toContain('You chose the title: “The Twelfth Time”');
  });

  it('take a title in the owner’s own words as one line, without quotation marks of its own', async () => {
    studio.answer('  “Greg,\n  again” ');

    for (let run = 0; run < 2; run += 1) await studio.run('agents/creator');

    expect(studio.deskCalls('draft')[0]?.stdin).toContain('on Tuesday: “Greg, again”.');
    expect(studio.workstate('creator')).toContain('You chose the title: “Greg, again”');
  });

  it('go on with a title of their own and say so, when nobody answers', async () => {
    await studio.run('agents/creator');

    const run = await studio.run('agents/creator');

    expect(run).toMatchObject({ code: 0 });
    expect(run.output).toContain('no answer, so I take my own: They Stayed for a Biscuit');
    const [draft] = studio.deskCalls('draft');
    expect(draft?.stdin).toContain('on Tuesday: “They Stayed for a Biscuit”.');
    expect(optionOf(draft, '--context')).toContain('You didn’t say which title, so I took “They Stayed for a Biscuit”');
  });

  it('ask for the title once more when the run was cut off while it waited', async () => {
    studio.answer('The Twelfth Time');
    await studio.run('agents/creator');
    writeFileSync(join(studio.folder, 'shared', 'episode-title.json'), '{"title":null,"times":1}');

    await studio.run('agents/creator');

    expect(studio.deskCalls('ask')).toHaveLength(1);
    expect(studio.deskCalls('draft')[0]?.stdin).toContain('“The Twelfth Time”');
  });

  it('ask for the title no third time, however often they are cut off', async () => {
    await studio.run('agents/creator');
    writeFileSync(join(studio.folder, 'shared', 'episode-title.json'), '{"title":null,"times":2}');

    await studio.run('agents/creator');

    expect(studio.deskCalls('ask')).toEqual([]);
    expect(studio.deskCalls('draft')[0]?.stdin).toContain('“They Stayed for a Biscuit”');
  });

  it('hand in the long letter whole, once there is room for it', async () => {
    for (let run = 0; run < 3; run += 1) await studio.run('agents/creator');
    studio.decide([{ draft: 1, verdict: 'approved', reason: null }]);

    await studio.run('agents/creator');

    const letter = studio.deskCalls('draft')[2]?.stdin ?? '';
    expect(letter.length).toBeGreaterThan(4096);
    expect(letter.trimEnd()).toMatch(/asleep on the proofs$/);
  });

  it('report the numbers as progress', async () => {
    await studio.run('agents/publisher', { stdin: JSON.stringify({ id: 1, kind: 'post', body: 'Hello.' }) });

    await studio.run('agents/analyst');

    expect(studio.deskCalls('progress')[0]?.args[0]).toContain('0 replies and 1 posts live');
  });

  it('set a focus once three decisions say what the owner likes', async () => {
    await studio.run('agents/scout');
    for (let run = 0; run < 3; run += 1) await studio.run('agents/outbound-engager');
    studio.decide([1, 2, 3].map((draft) => ({ draft, verdict: 'published', reason: null })));
    await studio.run('agents/outbound-engager');

    const run = await studio.run('agents/orchestrator');

    expect(run.output).toContain('new focus:');
    expect(studio.workstate('orchestrator')).toContain('Focus: ');
  });

  it('each write a WORKSTATE.md with its three parts', async () => {
    const agents = ['scout', 'outbound-engager', 'inbound-engager', 'creator', 'analyst', 'orchestrator'];
    for (const agent of agents) await studio.run(`agents/${agent}`);

    const parts = ['## Active Tasks', '## Critical Context', '## Next'];
    const incomplete = agents.filter((agent) => !parts.every((part) => studio.workstate(agent).includes(part)));
    expect(incomplete).toEqual([]);
  });
});

describe('the demo’s agents on a dead token', { timeout: patienceMs }, () => {
  let studio: Studio;

  beforeEach(async () => {
    studio = await openStudio();
    await studio.login();
    await studio.run('agents/scout');
    studio.platform.expireToken();
  });

  afterEach(() => studio.close());

  it('call once in each run and end, each in its own way', async () => {
    const names = ['scout', 'outbound-engager', 'inbound-engager', 'creator', 'analyst'];
    const ended = Object.fromEntries(
      await Promise.all(names.map(async (name) => [name, await studio.run(`agents/${name}`)] as const)),
    );

    expect(studio.platform.stats().deadTokenCallsByClient).toEqual(Object.fromEntries(names.map((name) => [name, 1])));
    expect(ended['scout']).toMatchObject({ code: 77 });
    expect(ended['scout']?.output).toContain(
      '401 Unauthorized {"error":{"type":"OAuthException","code":"token_expired"',
    );
    expect(ended['outbound-engager']).toMatchObject({ code: 1 });
    expect(ended['outbound-engager']?.output).toMatch(/^AUTH_FAILED: /m);
    expect(ended['inbound-engager']).toMatchObject({ code: 0 });
    expect(ended['inbound-engager']?.output).toContain('token_expired');
    expect(ended['creator']).toMatchObject({ code: 77 });
    expect(ended['analyst']).toMatchObject({ code: 0 });
    expect(studio.deskCalls('fail')[0]?.args.slice(0, 6)).toEqual([
      '--tool',
      'murmur',
      '--kind',
      'auth',
      '--credential',
      'murmur',
    ]);
    expect(studio.deskCalls('draft')).toEqual([]);
  });

  it('work again after a login, with nothing lost', async () => {
    await studio.run('agents/scout');
    await studio.login();
    studio.advance(60_000);

    const run = await studio.run('agents/scout');

    expect(run).toMatchObject({ code: 0 });
    expect(run.output).toContain('worth an answer');
  });

  it('do not stop the orchestrator, which has no credential', async () => {
    expect(await studio.run('agents/orchestrator')).toMatchObject({ code: 0 });
  });

  it('check-auth tells alive, dead and unreachable apart', async () => {
    const args = [studio.platform.url, studio.tokenFile];
    const dead = await studio.run('check-auth', { args });
    await studio.login();
    const alive = await studio.run('check-auth', { args });
    const unreachable = await studio.run('check-auth', { args: ['http://127.0.0.1:9', studio.tokenFile] });

    expect(dead.code).toBe(1);
    expect(dead.output).toMatch(/^AUTH_FAILED: GET \/api\/me: 401/);
    expect(alive).toMatchObject({ code: 0 });
    expect(alive.output).toMatch(/^AUTH_OK\n/);
    expect(unreachable.code).toBe(75);
    expect(unreachable.output).not.toContain('AUTH_FAILED');
  });

  it('login stores the token for its owner only, and prints no secret', async () => {
    const { code, output } = await studio.run('login', { args: [studio.platform.url, studio.tokenFile] });

    expect(code).toBe(0);
    expect(output).toContain('Logged in');
    expect(output).not.toContain('mur_');
    expect(statSync(studio.tokenFile).mode & 0o777).toBe(0o600);
  });
});
