import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { createLoopbackServer } from '../../src/adapters/loopback-http.ts';
import { runAgentCommand } from '../../src/gateway/agent-commands.ts';
import { createGateway } from '../../src/gateway/gateway.ts';
import type { GatewayRooms } from '../../src/gateway/contract.ts';
import { MAX_DRAFT_BYTES, MAX_REQUEST_BYTES } from '../../src/gateway/limits.ts';
import { createFakeLog, createFakeRooms, createFakeTasks, decision, ENDED_TOKEN, RUN, TOKEN } from './fake-rooms.ts';

// Processes, sockets and megabytes on a machine that may be busy.
vi.setConfig({ testTimeout: 30_000 });

const FIXTURE = new URL('fixtures/agent-command.ts', import.meta.url).pathname;
const closers: (() => Promise<void> | void)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function setUp(overrides: Partial<GatewayRooms> = {}) {
  const { rooms, ...fake } = createFakeRooms(overrides);
  const { log } = createFakeLog();
  const server = await createLoopbackServer(createGateway(rooms, log).serve, { maxBodyBytes: MAX_REQUEST_BYTES, log });
  closers.push(() => server.close());
  return { env: { NIGHTDESK_URL: server.url, NIGHTDESK_TOKEN: TOKEN }, server, ...fake };
}

/** A gateway that is not ours. */
async function listen(handle: RequestListener) {
  const server = createServer(handle).listen(0, '127.0.0.1');
  closers.push(() => void server.close());
  await once(server, 'listening');
  return { NIGHTDESK_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, NIGHTDESK_TOKEN: TOKEN };
}

/** Runs the command as a process with this environment and nothing else. */
function run(argv: readonly string[], env: Readonly<Record<string, string>>, stdin: string | Uint8Array = '') {
  return new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve, reject) => {
    const child = spawn(process.execPath, [FIXTURE, ...argv], { env });
    let [stdout, stderr] = ['', ''];
    child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    // A command that does not read its stdin ends before it is written.
    child.stdin.on('error', () => {});
    child.stdin.end(stdin);
    child.on('error', reject);
    child.on('close', (code) => resolve({ code, stdout, stderr }));
  });
}

/** Runs the command inside this process, for what ends before the gateway is called. */
async function runHere(
  argv: readonly string[],
  env: Readonly<Record<string, string>> = {},
  stdin: readonly Uint8Array[] = [],
) {
  let [stdout, stderr] = ['', ''];
  const code = await runAgentCommand(argv, {
    env,
    stdin: (async function* () {
      yield* stdin;
    })(),
    stdout: { write: (text) => (stdout += text) },
    stderr: { write: (text) => (stderr += text) },
  });
  return { code, stdout, stderr };
}

const IN_A_RUN = { NIGHTDESK_URL: 'http://127.0.0.1:9', NIGHTDESK_TOKEN: TOKEN };

describe('nightdesk draft', () => {
  test('submits what stands on stdin and prints the id', async () => {
    const { env, acts } = await setUp();

    const result = await run(
      [
        'draft',
        '--kind',
        'reply',
        '--to=@ada',
        '--url',
        'https://example.com/1',
        '--context',
        'her question',
        '--window',
        '1h30m',
        '--priority',
        '1',
        '--key',
        'k',
      ],
      env,
      'Hello.',
    );

    expect(result).toEqual({ code: 0, stdout: '12\n', stderr: '' });
    expect(acts).toEqual([
      {
        act: 'draft',
        run: RUN,
        draft: {
          kind: 'reply',
          to: '@ada',
          url: 'https://example.com/1',
          context: 'her question',
          windowMs: 5_400_000,
          priority: 1,
          key: 'k',
          body: 'Hello.',
        },
      },
    ]);
  });

  test('prints the same id when the key is given again', async () => {
    const { env } = await setUp();
    const argv = ['draft', '--kind', 'reply', '--to', '@ada', '--key', 'k'];

    const results = [await run(argv, env, 'Hello.'), await run(argv, env, 'Hello.')];

    expect(results.map(({ stdout }) => stdout)).toEqual(['12\n', '12\n']);
  });

  test.each(['line\n', '\uFEFF  \r\n both ends \n\n', '\u{1F600}ä\u0001"\\'])(
    'hands over %j byte for byte',
    async (body) => {
      const { env, acts } = await setUp();

      const { code } = await run(['draft', '--kind', 'reply', '--to', '@ada'], env, body);

      expect(code).toBe(0);
      expect(acts).toMatchObject([{ draft: { body } }]);
    },
  );

  test('hands over a body of exactly 1 MiB that JSON makes six times as long', async () => {
    const { env, acts } = await setUp();
    const body = '\u0001'.repeat(MAX_DRAFT_BYTES);

    const { code } = await run(['draft', '--kind', 'reply', '--to', '@ada'], env, body);

    expect(code).toBe(0);
    expect(acts).toMatchObject([{ draft: { body } }]);
  });

  test.each<[string, Uint8Array, string]>([
    ['empty', Buffer.from(''), 'the body on stdin is empty'],
    ['blank', Buffer.from(' \n'), 'the body on stdin is empty'],
    ['not UTF-8', Buffer.from([0x61, 0xff]), 'the body on stdin is not UTF-8'],
    ['cut inside a character', Buffer.from('ä').subarray(0, 1), 'the body on stdin is not UTF-8'],
    ['with a NUL', Buffer.from('a\0b'), 'the body on stdin holds a NUL character'],
    [
      'too long',
      Buffer.alloc(MAX_DRAFT_BYTES + 1, 'x'),
      'the body has more than 1048576 bytes: a person has to read all of it',
    ],
  ])('exits 65 without a call when the body is %s', async (_condition, body, reason) => {
    const { env, acts } = await setUp();

    const result = await run(['draft', '--kind', 'reply', '--to', '@ada'], env, body);

    expect(result).toEqual({ code: 65, stdout: '', stderr: `nightdesk draft: ${reason}\n` });
    expect(acts).toEqual([]);
  });

  test('hands in another version of a draft, with nothing but its number and the text', async () => {
    const { env, acts } = await setUp();

    const result = await run(['draft', '--revises', '7'], env, ' Shorter.\n');

    expect(result).toEqual({ code: 0, stdout: '7\n', stderr: '' });
    expect(acts).toMatchObject([{ act: 'version', version: { draft: 7, body: ' Shorter.\n' } }]);
  });

  test.each([
    [['--revises', 'seven'], '--revises must be the number of a draft, as in --revises 12'],
    [
      ['--revises', '7', '--priority', '1'],
      '--priority cannot be given with --revises: another version changes the text only',
    ],
  ])('exits 64 for a version that is asked for wrongly: %j', async (argv, reason) => {
    const { env, acts } = await setUp();

    expect(await run(['draft', ...argv], env, 'x')).toEqual({
      code: 64,
      stdout: '',
      stderr: `nightdesk draft: ${reason}\n`,
    });
    expect(acts).toEqual([]);
  });

  test('exits 1 with the reason when the desk refuses', async () => {
    const { env } = await setUp({
      submitDraft: () => ({ kind: 'refused', reason: 'nobody publishes\nthe kind reply' }),
    });

    const result = await run(['draft', '--kind', 'reply', '--to', '@ada'], env, 'Hello.');

    expect(result).toEqual({ code: 1, stdout: '', stderr: 'nightdesk draft: nobody publishes the kind reply\n' });
  });
});

describe('nightdesk beat, progress and fail', () => {
  test('beat says nothing and exits 0', async () => {
    const { env, acts } = await setUp();

    expect(await run(['beat'], env)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(await run(['beat', 'reading', 'mail'], env)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(acts).toMatchObject([{ note: undefined }, { note: 'reading mail' }]);
  });

  test('beat declares a long step, and says when the timeout comes before its end', async () => {
    const { env, acts } = await setUp();

    expect(await run(['beat', '--for', '10m', 'training'], env)).toEqual({ code: 0, stdout: '', stderr: '' });
    const { code, stderr } = await run(['beat', '--for=2h', 'training'], env);

    expect(code).toBe(0);
    expect(stderr).toBe('nightdesk beat: this run is stopped at its timeout in 12m, before that step may end\n');
    expect(acts).toMatchObject([{ forMs: 600_000, note: 'training' }, { forMs: 7_200_000 }]);
  });

  test('progress takes words that begin with dashes after --', async () => {
    const { env, acts } = await setUp();

    expect(await run(['progress', '--', '--done--', 'ä'], env)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(acts).toMatchObject([{ text: '--done-- ä' }]);
  });

  test('fail prints the answer', async () => {
    const { env, acts } = await setUp();

    const result = await run(
      ['fail', '--tool', 'search', '--kind', 'rate-limit', '--credential', 'google', '429 Too Many'],
      env,
    );

    expect(result).toEqual({ code: 0, stdout: 'wait 60\n', stderr: '' });
    expect(acts).toMatchObject([
      { failure: { tool: 'search', kind: 'rate-limit', credential: 'google', text: '429 Too Many' } },
    ]);
  });

  test('a call of a run that has ended exits 1 and says so', async () => {
    const { env } = await setUp();

    const result = await run(['beat'], { ...env, NIGHTDESK_TOKEN: ENDED_TOKEN });

    expect(result).toEqual({ code: 1, stdout: '', stderr: 'nightdesk beat: this run has ended\n' });
  });
});

describe('nightdesk decisions', () => {
  const edited = decision({
    verdict: 'edited',
    key: 'k',
    reason: 'too\nlong',
    body_before: 'a\nb\n',
    body_after: 'a\u001B[31m',
  });

  test('prints what is to be different in another version, with the text as it is', async () => {
    const wanted = decision({ verdict: 'revise', reason: 'shorter', body_before: 'a\nb' });
    const { env } = await setUp({
      decisions: () => [wanted, decision({ verdict: 'revised' }), decision({ verdict: 'undone' })],
    });

    const { stdout } = await run(['decisions'], env);

    expect(stdout.split('\n')).toEqual([
      '2026-07-01T08:00:00.000Z  draft 12, reply to @ada: revise, another version is wanted: shorter',
      '  its text now:',
      '    a',
      '    b',
      '2026-07-01T08:00:00.000Z  draft 12, reply to @ada: revised, your other version waits for a decision',
      '2026-07-01T08:00:00.000Z  draft 12, reply to @ada: undone, it waits for a decision again',
      '',
    ]);
  });

  test('prints a line each, and the texts of an edit', async () => {
    const { env } = await setUp({
      decisions: () => [decision({ verdict: 'published', url: 'https://example.com/1' }), edited],
    });

    const result = await run(['decisions'], env);

    expect(result).toEqual({
      code: 0,
      stderr: '',
      stdout: [
        '2026-07-01T08:00:00.000Z  draft 12, reply to @ada: published https://example.com/1',
        '2026-07-01T08:00:00.000Z  draft 12 [k], reply to @ada: edited: too long',
        '  before:',
        '    a',
        '    b',
        '  after:',
        '    a\uFFFD[31m',
        '',
      ].join('\n'),
    });
  });

  test('prints the same as JSON with --json', async () => {
    const { env } = await setUp({ decisions: () => [edited] });

    const { stdout } = await run(['decisions', '--json'], env);

    expect(JSON.parse(stdout)).toEqual([edited]);
  });

  test('prints an empty array with --json when there are none', async () => {
    const { env } = await setUp();

    expect((await run(['decisions', '--json'], env)).stdout).toBe('[]\n');
  });

  test('hints at the next page when there may be more', async () => {
    const { env } = await setUp({ decisions: () => Array.from({ length: 200 }, () => decision()) });

    const { stderr } = await run(['decisions', '--since', '2026-07-01'], env);

    expect(stderr).toBe('nightdesk decisions: there may be more: go on with --since 2026-07-01T08:00:00.000Z\n');
  });

  test.each([
    ['2026-07-01T10:00:00+02:00', Date.UTC(2026, 6, 1, 8)],
    ['2026-07-01', Date.UTC(2026, 6, 1)],
  ])('asks since %s', async (since, at) => {
    const { env, acts } = await setUp();

    await run(['decisions', '--since', since], env);

    expect(acts).toEqual([{ act: 'decisions', agent: 'scout', since: at }]);
  });

  test('counts a duration back from now', async () => {
    const { env, acts } = await setUp();
    const before = Date.now();

    await run(['decisions', '--since=2h'], env);

    const [act] = acts;
    const since = act?.act === 'decisions' ? (act.since ?? 0) : 0;
    expect(since).toBeGreaterThanOrEqual(before - 7_200_000);
    expect(since).toBeLessThanOrEqual(Date.now() - 7_200_000);
  });
});

describe('a command line that is wrong', () => {
  test.each<[string, readonly string[], string]>([
    ['draft', ['--knid', 'reply'], 'unknown option --knid; did you mean --kind?'],
    ['draft', ['--widnow=4h'], 'unknown option --widnow; did you mean --window?'],
    [
      'draft',
      ['-k', 'reply'],
      'unknown option -k; it takes --kind, --to, --url, --context, --window, --priority, --key, --revises, --media, --help',
    ],
    ['draft', ['--kind'], '--kind needs a value'],
    ['draft', ['--kind', '--to', 'x'], '--kind needs a value; one that begins with a dash is written --kind=--to'],
    ['draft', ['--kind', 'a', '--kind', 'b'], '--kind is given twice'],
    ['draft', ['--to', 'x'], '--kind is missing: what is it, as fleet.yaml names it?'],
    ['draft', ['--kind', 'x'], '--to is missing: who gets it?'],
    ['draft', ['--kind', 'x', '--to', 'y', 'Hello.'], 'takes no argument, but was given "Hello."'],
    ['draft', ['--kind', 'x', '--to', 'y', '--priority', '6'], '--priority must be 1 (the most urgent) to 5'],
    [
      'draft',
      ['--kind', 'x', '--to', 'y', '--window', '30'],
      '--window must be a duration such as "30s", "5m", "4h", "7d" or "1h30m": write the unit, "30s" or "30m"',
    ],
    ['beat', ['--note', 'x'], 'unknown option --note; it takes --for, --help'],
    ['beat', ['--for', 'long'], '--for must be a duration such as "30s", "5m", "4h", "7d" or "1h30m"'],
    ['beat', ['--for', '25h', 'training'], '--for must be a duration of at most 24h'],
    ['beat', ['--for', '0s'], '--for must be a duration of at least 1s'],
    ['progress', [], 'say in a few words what got done'],
    ['fail', ['--kind', 'auth', 'x'], '--tool is missing: which tool failed?'],
    ['fail', ['--tool', 't', 'x'], '--kind is missing: one of auth, rate-limit, not-found, other'],
    ['fail', ['--tool', 't', '--kind', 'timeout', 'x'], '--kind must be one of auth, rate-limit, not-found, other'],
    ['fail', ['--tool', 't', '--kind', 'auth'], 'the text is missing: what did the tool say?'],
    ['decisions', ['--josn'], 'unknown option --josn; did you mean --json?'],
    ['decisions', ['--json=yes'], '--json takes no value'],
    [
      'decisions',
      ['--since', 'monday'],
      '--since must be an ISO 8601 time, as in 2026-07-01T08:00:00Z, or how far back, as in 2h',
    ],
    ['ask', [], 'the text is missing: what do you ask?'],
    ['ask', ['--within', 'soon', 'Go?'], '--within must be a duration such as "30s", "5m", "4h", "7d" or "1h30m"'],
    ['ask', ['--within', '900d', 'Go?'], '--within must be a duration of at most 366d'],
    ['ask', ['--within', '5m', '--within', '6m', 'Go?'], '--within is given twice'],
    [
      'ask',
      ['--option', '--within', '5m', 'Go?'],
      '--option needs a value; one that begins with a dash is written --option=--within',
    ],
    ['mcp', ['now'], 'takes no argument, but was given "now"'],
    ['drafts', [], 'unknown command; did you mean draft?'],
  ])('exits 64 with one line: nightdesk %s %j', async (name, argv, reason) => {
    expect(await runHere([name, ...argv], IN_A_RUN)).toEqual({
      code: 64,
      stdout: '',
      stderr: `nightdesk ${name}: ${reason}\n`,
    });
  });

  test.each(['draft', 'beat', 'progress', 'fail', 'decisions', 'ask', 'mcp'])(
    'is explained by nightdesk %s --help, inside a run or not',
    async (name) => {
      const { code, stdout, stderr } = await runHere([name, '--help']);

      expect([code, stderr]).toEqual([0, '']);
      expect(stdout.startsWith(`nightdesk ${name}`)).toBe(true);
    },
  );

  test.each<Readonly<Record<string, string>>>([
    {},
    { NIGHTDESK_URL: 'http://127.0.0.1:9' },
    { NIGHTDESK_TOKEN: TOKEN },
  ])('exits 64 outside a run, with the environment %j', async (env) => {
    const { code, stderr } = await runHere(['beat'], env);

    expect(code).toBe(64);
    expect(stderr).toBe(
      "nightdesk beat: this works only inside an agent's run: NIGHTDESK_URL and NIGHTDESK_TOKEN are not set\n",
    );
  });
});

describe('nightdesk ask', () => {
  test('asks with all that it was given, waits, and prints the answer', async () => {
    const { env, acts, settle, waiting } = await setUp();

    const asked = run(
      ['ask', 'Which', 'city?', '--option', 'Berlin', '--option=Paris', '--within', '5m', '--key', 'c'],
      env,
    );
    await vi.waitUntil(() => waiting() > 0, { timeout: 10_000 });
    settle({ kind: 'answered', answer: 'Paris' });

    expect(await asked).toEqual({ code: 0, stdout: 'Paris\n', stderr: '' });
    const ask = { text: 'Which city?', options: ['Berlin', 'Paris'], withinMs: 300_000, key: 'c' };
    expect(acts).toEqual([{ act: 'ask', run: RUN, ask }]);
  });

  test('waits thirty minutes when it is not told how long', async () => {
    const { env, acts, settle } = await setUp();
    settle({ kind: 'answered', answer: 'Yes' });

    await run(['ask', 'Go?'], env);

    expect(acts).toEqual([{ act: 'ask', run: RUN, ask: { text: 'Go?', options: [], withinMs: 1_800_000 } }]);
  });

  test('exits 1 with one line when nobody answers in time', async () => {
    const { env, settle } = await setUp();
    settle({ kind: 'expired' });

    const result = await run(['ask', '--within', '90s', 'Go?'], env);

    expect(result).toEqual({ code: 1, stdout: '', stderr: 'nightdesk ask: nobody answered within 1m30s\n' });
  });

  test('exits 1 with the reason when the question is refused', async () => {
    const { env } = await setUp({ ask: () => ({ kind: 'refused', reason: 'too many' }) });

    expect(await run(['ask', 'Go?'], env)).toEqual({ code: 1, stdout: '', stderr: 'nightdesk ask: too many\n' });
  });

  test('exits 1 when its run has ended while it waited', async () => {
    const seen: string[] = [];
    const env = await listen((request, response) => {
      request.resume();
      seen.push(request.url ?? '');
      if (seen.length === 1) return response.end('{"id":3,"key":"k","state":"open"}');
      response.writeHead(401).end('{"error":"this run has ended"}');
    });

    const result = await run(['ask', 'Go?'], env);

    expect(result).toEqual({ code: 1, stdout: '', stderr: 'nightdesk ask: this run has ended\n' });
    expect(seen).toEqual(['/v1/ask', '/v1/answer?id=3&wait=20']);
  });

  test('goes on waiting when the control plane is away for a moment', async () => {
    let seen = 0;
    const env = await listen((request, response) => {
      request.resume();
      seen += 1;
      if (seen === 1) return response.end('{"id":3,"key":"k","state":"open"}');
      if (seen < 5) return request.socket.destroy();
      response.end('{"id":3,"state":"answered","answer":"Yes"}');
    });

    const result = await run(['ask', 'Go?'], env);

    expect(result).toEqual({ code: 0, stdout: 'Yes\n', stderr: '' });
  });
});

describe('a control plane that does not answer', () => {
  test('exits 69 within ten seconds, saying that nothing was sent', async () => {
    const { env, server } = await setUp();
    await server.close();
    const startedAt = performance.now();

    const result = await run(['draft', '--kind', 'reply', '--to', '@ada'], env, 'Hello.');

    expect(result).toEqual({
      code: 69,
      stdout: '',
      stderr: 'nightdesk draft: the control plane cannot be reached (ECONNREFUSED): nothing was sent\n',
    });
    expect(performance.now() - startedAt).toBeLessThan(10_000);
  });

  test.each([
    { key: [], tries: 1, code: 69, stdout: '' },
    { key: ['--key', 'k'], tries: 3, code: 0, stdout: '12\n' },
  ])(
    'makes $tries tries of a draft with the options $key when answers are lost',
    async ({ key, tries, code, stdout }) => {
      let seen = 0;
      const env = await listen((request, response) => {
        seen += 1;
        request.resume();
        if (seen < 3) request.socket.destroy();
        else response.end('{"id":12}');
      });

      const result = await run(['draft', '--kind', 'reply', '--to', '@ada', ...key], env, 'Hello.');

      expect([result.code, result.stdout, seen]).toEqual([code, stdout, tries]);
      if (code === 69)
        expect(result.stderr).toContain('whether this was taken is unknown; with --key it could safely be sent again');
    },
  );

  test('is said to be not understood when it answers with something else', async () => {
    const env = await listen((_request, response) => response.end('{"id":"twelve"}'));

    const result = await run(['draft', '--kind', 'reply', '--to', '@ada'], env, 'Hello.');

    expect(result).toEqual({
      code: 69,
      stdout: '',
      stderr: "nightdesk draft: the control plane's answer cannot be understood\n",
    });
  });
});

describe('nightdesk task', () => {
  const claimed = {
    id: 5,
    title: 'Look',
    brief: 'Look around.',
    phases: [{ name: 'research', output: null }],
    phase: 'research',
    attempt: 1,
  };

  test('add hands over the brief on stdin byte for byte, and prints the id', async () => {
    const calls: unknown[] = [];
    const tasks = createFakeTasks({
      add: (caller, task) => {
        calls.push({ caller, task });
        return { kind: 'added', id: 5, existing: false, differs: false };
      },
    });
    const { env } = await setUp({ tasks });

    const result = await run(
      ['task', 'add', '--for', 'scout', '--title', 'Look', '--phase', 'a', '--phase', 'b', '--key', 'k'],
      env,
      '\uFEFFLook\naround.\n',
    );

    expect(result).toEqual({ code: 0, stdout: '5\n', stderr: '' });
    expect(calls).toEqual([
      {
        caller: RUN,
        task: { for: 'scout', title: 'Look', phases: ['a', 'b'], key: 'k', brief: '\uFEFFLook\naround.\n' },
      },
    ]);
  });

  test('add prints the same id and a word on stderr when the key is another task', async () => {
    const add = () => ({ kind: 'added', id: 5, existing: true, differs: true }) as const;
    const { env } = await setUp({ tasks: createFakeTasks({ add }) });

    const result = await run(['task', 'add', '--for', 'scout', '--title', 'Look', '--key', 'k'], env, '');

    expect(result).toEqual({
      code: 0,
      stdout: '5\n',
      stderr: 'nightdesk task: task #5 has this key already, and says something else: it stays as it is\n',
    });
  });

  test('claim prints the task as JSON, and nothing with exit 1 when there is none', async () => {
    const some = await setUp({ tasks: createFakeTasks({ claim: () => claimed }) });
    const none = await setUp();

    const [first, second] = [await run(['task', 'claim'], some.env), await run(['task', 'claim'], none.env)];

    expect(first).toMatchObject({ code: 0, stderr: '' });
    expect(JSON.parse(first.stdout)).toEqual(claimed);
    expect(second).toEqual({ code: 1, stdout: '', stderr: '' });
  });

  test('show prints the task, and with --phase an output as it is', async () => {
    const task = { ...claimed, state: 'open', agent: 'scout', by: 'boss', reason: null, attempts: 0 } as const;
    const { env } = await setUp({ tasks: createFakeTasks({ show: () => task }) });

    const whole = await run(['task', 'show', '#5'], env);
    const one = await run(['task', 'show', '5', '--phase', 'research'], env);

    expect(JSON.parse(whole.stdout)).toEqual(task);
    expect(one).toEqual({ code: 0, stdout: 'line one\n', stderr: '' });
  });

  test('phase-done, done and fail name the task, and a refusal is one sentence', async () => {
    const acts: unknown[] = [];
    const note =
      (what: string) =>
      (...given: readonly unknown[]) => {
        acts.push([what, ...given.slice(1)]);
        return { kind: 'done' } as const;
      };
    const { env } = await setUp({
      tasks: createFakeTasks({
        phaseDone: note('phase-done'),
        done: () => ({ kind: 'refused', reason: 'run 6 of scout has task #5' }),
        fail: note('fail'),
      }),
    });

    const results = [
      await run(['task', 'phase-done', '5'], env, 'out\n'),
      await run(['task', 'done', '5'], env),
      await run(['task', 'fail', '5', 'it', 'is', 'gone'], env),
    ];

    expect(results).toEqual([
      { code: 0, stdout: '', stderr: '' },
      { code: 1, stdout: '', stderr: 'nightdesk task: run 6 of scout has task #5\n' },
      { code: 0, stdout: '', stderr: '' },
    ]);
    expect(acts).toEqual([
      ['phase-done', 5, 'out\n'],
      ['fail', 5, 'it is gone'],
    ]);
  });

  test.each([
    [['task'], 'which one: add, claim, show, phase-done, done, fail?'],
    [['task', 'clam'], 'clam is unknown; did you mean claim?'],
    [['task', 'claim', '--for', 'x'], 'claim takes no --for'],
    [['task', 'claim', 'now'], 'claim takes no "now"'],
    [['task', 'show'], 'show needs the number of a task'],
    [['task', 'done', 'five'], '"five" is not the number of a task'],
    [['task', 'fail', '5'], 'the reason is missing: why can it not be done?'],
    [['task', 'add', '--title', 'T'], '--for is missing: which agent is to do it?'],
    [['task', 'add', '--for', 'scout'], '--title is missing: what is it, in a line?'],
    [['task', 'add', '--for', 'scout', '--title', ' '], '--title must not be empty'],
    [['task', 'add', '--for', 'scout', '--title', 'T', '--phase='], '--phase must not be empty'],
    [
      ['task', 'add', '--for', 'scout', '--title', 'T', '--phase', 'a', '--phase', 'a'],
      '--phase "a" is given twice: phases need names of their own',
    ],
    [
      ['task', 'add', '--for', 'scout', '--title', 'T', ...Array.from({ length: 51 }, (_, n) => `--phase=p${n}`)],
      'a task has at most 50 phases, and 51 are given',
    ],
  ])('answers %j with what is wrong and exit 64', async (argv, reason) => {
    expect(await runHere(argv, IN_A_RUN)).toEqual({ code: 64, stdout: '', stderr: `nightdesk task: ${reason}\n` });
  });

  test.each<[readonly string[], Uint8Array, string]>([
    [['task', 'phase-done', '5'], Buffer.from(' \n'), 'the output on stdin is empty: the later phases build on it'],
    [['task', 'phase-done', '5'], Buffer.from([0xff]), 'the output on stdin is not UTF-8'],
    [
      ['task', 'phase-done', '5'],
      Buffer.alloc(MAX_DRAFT_BYTES + 1, 'x'),
      'the output has more than 1024 KiB: put the data into a file, and name it',
    ],
    [
      ['task', 'add', '--for', 'scout', '--title', 'T'],
      Buffer.alloc(256 * 1024 + 1, 'x'),
      'the brief has more than 256 KiB: put the data into a file, and name it',
    ],
    [['task', 'add', '--for', 'scout', '--title', 'T'], Buffer.from('a\0'), 'the brief on stdin holds a NUL character'],
  ])('takes no text on stdin that is none for %j, and exits 65', async (argv, bytes, reason) => {
    expect(await runHere(argv, IN_A_RUN, [bytes])).toEqual({
      code: 65,
      stdout: '',
      stderr: `nightdesk task: ${reason}\n`,
    });
  });
});
