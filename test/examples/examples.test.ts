import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, cpSync, existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createPlainServer, type Server as PlainServer } from 'node:net';
import { dirname, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, test } from 'vitest';
import { temporaryFolder } from '../fakes/temporary-folder.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const examples = join(repository, 'examples');
const fleets = globSync('**/fleet.yaml', { cwd: examples }).sort();

/** What a request was, and what it brought. */
interface Request {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

const servers: (Server | PlainServer)[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A service that answers each request by its path. */
async function imitate(answer: (request: Request) => { status: number; body?: unknown }): Promise<{
  readonly url: string;
  readonly requests: Request[];
}> {
  const requests: Request[] = [];
  const server = createServer((incoming, response) => void take(incoming, response));
  async function take(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const request = {
      method: incoming.method ?? '',
      path: incoming.url ?? '',
      headers: incoming.headers,
      body: await text(incoming),
    };
    requests.push(request);
    const { status, body } = answer(request);
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body ?? {}));
  }
  servers.push(server);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, requests };
}

/** A mailbox with one unseen letter, in the words of RFC 3501; gives where it is, and what it was told. */
async function imitateMailbox(loginAnswer: string): Promise<{ readonly host: string; readonly told: string[] }> {
  const letter = 'From: Ada <ada@example.com>\r\nSubject: Kilns\r\nMessage-ID: <1@example.com>\r\n\r\nHow hot?\r\n';
  const told: string[] = [];
  const server = createPlainServer((socket) => {
    socket.write('* OK ready\r\n');
    socket.on('data', (chunk) => {
      for (const line of chunk.toString().split('\r\n').filter(Boolean)) {
        const [tag = '', verb = ''] = line.split(' ');
        told.push(line.slice(tag.length + 1));
        const answers: Readonly<Record<string, string>> = {
          CAPABILITY: '* CAPABILITY IMAP4rev1\r\n',
          SELECT: '* 1 EXISTS\r\n',
          SEARCH: '* SEARCH 1\r\n',
          FETCH: `* 1 FETCH (BODY[] {${letter.length}}\r\n${letter})\r\n`,
        };
        socket.write(verb === 'LOGIN' ? `${tag} ${loginAnswer}\r\n` : `${answers[verb] ?? ''}${tag} OK done\r\n`);
      }
    });
    socket.on('error', () => undefined);
  });
  servers.push(server);
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return { host: `127.0.0.1:${(server.address() as AddressInfo).port}`, told };
}

interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of an example, in its folder. */
async function run(argv: readonly string[], env: Readonly<Record<string, string>>, stdin = ''): Promise<Ended> {
  const [program = '', ...args] = argv;
  const child: ChildProcess = spawn(join(examples, program), args, {
    cwd: join(examples, dirname(program)),
    env: { PATH: process.env['PATH'] ?? '', HOME: temporaryFolder(), ...env },
    stdio: 'pipe',
  });
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(stdin);
  const code = new Promise<number | null>((resolve) => void child.once('close', resolve));
  const [stdout, stderr] = await Promise.all([
    text(child.stdout ?? process.stdin),
    text(child.stderr ?? process.stdin),
  ]);
  return { code: await code, stdout, stderr };
}

/** A folder of programs that only exist, under the names of CLIs. */
function withPrograms(...names: readonly string[]): string {
  const folder = temporaryFolder();
  for (const name of names) {
    writeFileSync(join(folder, name), '#!/bin/sh\nexit 0\n');
    chmodSync(join(folder, name), 0o755);
  }
  return folder;
}

function hasPrograms(...names: readonly string[]): boolean {
  const folders = (process.env['PATH'] ?? '').split(':');
  return names.every((name) => folders.some((folder) => existsSync(join(folder, name))));
}

describe('the examples', () => {
  test.each(fleets)('examples/%s passes check', (fleet) => {
    const copy = temporaryFolder();
    cpSync(join(examples, dirname(fleet)), copy, { recursive: true });
    const path = `${withPrograms('claude', 'codex', 'gemini')}:${process.env['PATH'] ?? ''}`;

    const plan = execFileSync(
      process.execPath,
      [join(repository, 'src/bin.js'), 'check', '--config', join(copy, 'fleet.yaml')],
      { encoding: 'utf8', env: { PATH: path, HOME: copy, TELEGRAM_BOT_TOKEN: `123456:TEST-${'x'.repeat(30)}` } },
    );

    expect(plan).toContain('agents:');
    expect(plan).not.toContain('not active yet');
  });

  test('the index of examples names each of them', () => {
    const index = readFileSync(join(examples, 'README.md'), 'utf8');

    expect(fleets.map(dirname).filter((folder) => !index.includes(`](${folder})`))).toEqual([]);
    expect(fleets.length).toBeGreaterThanOrEqual(8);
  });

  test('the two copies of the check of Claude Code are the same', () => {
    const copies = ['cookbook/claude/validate-claude.sh', 'seven-agents/scripts/validate-claude.sh'];

    expect(new Set(copies.map((file) => readFileSync(join(examples, file), 'utf8'))).size).toBe(1);
  });
});

describe.skipIf(!hasPrograms('curl', 'jq', 'bash'))('mastodon.sh', () => {
  const program = 'seven-agents/scripts/mastodon.sh';
  const draft = (changes: object = {}): string =>
    JSON.stringify({ id: 7, revision: 2, kind: 'post', url: null, body: 'Kilns "cool"\nslowly', ...changes });

  test('publishes an approved draft byte for byte, under a key of its own', async () => {
    const server = await imitate(() => ({ status: 200, body: { url: 'https://m.example/@us/9', id: '9' } }));

    const ended = await run([program, 'publish'], { MASTODON_URL: server.url, MASTODON_TOKEN: 'TEST-token' }, draft());

    expect(ended).toMatchObject({ code: 0, stdout: '{"url":"https://m.example/@us/9","id":"9"}\n' });
    expect(server.requests).toHaveLength(1);
    expect(JSON.parse(server.requests[0]?.body ?? '')).toEqual({ status: 'Kilns "cool"\nslowly' });
    expect(server.requests[0]?.headers).toMatchObject({
      'idempotency-key': 'nightdesk-7-2',
      authorization: 'Bearer TEST-token',
    });
  });

  test('answers the post that the draft names', async () => {
    const server = await imitate(({ method }) =>
      method === 'GET' ? { status: 200, body: { statuses: [{ id: '55' }] } } : { status: 200, body: { id: '9' } },
    );

    await run([program, 'publish'], { MASTODON_URL: server.url }, draft({ url: 'https://m.example/@a/1' }));

    expect(JSON.parse(server.requests[1]?.body ?? '')).toMatchObject({ in_reply_to_id: '55' });
  });

  test.each([
    [401, 77],
    [503, 75],
    [429, 75],
    [422, 1],
  ])('a publication that is answered %i ends with %i', async (status, code) => {
    const server = await imitate(() => ({ status }));

    expect((await run([program, 'publish'], { MASTODON_URL: server.url }, draft())).code).toBe(code);
  });

  test('a draft that is cut off is not published', async () => {
    const server = await imitate(() => ({ status: 200 }));

    const ended = await run([program, 'publish'], { MASTODON_URL: server.url }, draft().slice(0, -9));

    expect(ended.code).not.toBe(0);
    expect(server.requests).toEqual([]);
  });

  test.each([
    [200, 0, 'AUTH_OK'],
    [401, 1, 'AUTH_FAILED'],
    [500, 75, 'answers 500'],
  ])('its check says of status %i: exit %i, %s', async (status, code, words) => {
    const server = await imitate(() => ({ status }));

    const ended = await run([program, 'check'], { MASTODON_URL: server.url, MASTODON_TOKEN: 'TEST-token' });

    expect(ended.code).toBe(code);
    expect(ended.stdout).toContain(words);
    expect(`${ended.stdout}${ended.stderr}`).not.toContain('TEST-token');
  });
});

describe.skipIf(!hasPrograms('curl', 'jq'))('the rotation of a Graph secret', () => {
  const env = (url: string): Record<string, string> => ({
    LOGIN_ROOT: url,
    GRAPH_ROOT: url,
    GRAPH_CLIENT_SECRET: 'TEST-old&secret',
    RETRY_SECONDS: '0',
  });

  test('makes a secret with the one that works, removes those whose end is past, and prints the new one last', async () => {
    const server = await imitate(({ path }) => {
      if (path.includes('/token')) return { status: 200, body: { access_token: 'TEST-access' } };
      if (path.includes('addPassword')) return { status: 200, body: { secretText: 'TEST-new' } };
      if (path.includes('$select'))
        return {
          status: 200,
          body: {
            passwordCredentials: [
              { keyId: 'old', endDateTime: '2001-01-01T00:00:00Z' },
              { keyId: 'now', endDateTime: '2099-01-01T00:00:00Z' },
            ],
          },
        };
      return { status: 204 };
    });

    const ended = await run(['cookbook/graph/rotate-graph.sh'], env(server.url));

    expect(ended).toMatchObject({ code: 0, stdout: '{"secret":"TEST-new"}\n' });
    expect(new URLSearchParams(server.requests[0]?.body).get('client_secret')).toBe('TEST-old&secret');
    expect(server.requests.filter(({ path }) => path.includes('removePassword')).map(({ body }) => body)).toEqual([
      '{"keyId":"old"}',
    ]);
  });

  test.each([
    [{ access_token: 'TEST-access' }, 0, 'AUTH_OK'],
    [{ error: 'invalid_client' }, 1, 'AUTH_FAILED: invalid_client'],
    [{ error: 'temporarily_unavailable' }, 75, 'temporarily_unavailable'],
  ])('its check answers %j with %i', async (body, code, words) => {
    const server = await imitate(() => ({ status: 200, body }));

    const ended = await run(['cookbook/graph/validate-graph.sh'], env(server.url));

    expect(ended.code).toBe(code);
    expect(`${ended.stdout}${ended.stderr}`).toContain(words);
  });
});

describe.skipIf(!hasPrograms('curl'))('the check of a Gemini key', () => {
  test.each([
    [200, 0, 'AUTH_OK'],
    [400, 1, 'AUTH_FAILED'],
    [503, 75, 'could not tell'],
  ])('says of status %i: exit %i', async (status, code, words) => {
    const server = await imitate(() => ({ status }));

    const ended = await run(['cookbook/gemini/validate-gemini.sh'], {
      GEMINI_API_ROOT: server.url,
      GEMINI_API_KEY: 'TEST-key',
    });

    expect(ended.code).toBe(code);
    expect(`${ended.stdout}${ended.stderr}`).toContain(words);
    expect(server.requests[0]?.headers['x-goog-api-key']).toBe('TEST-key');
  });
});

describe('the check of Claude Code', () => {
  test.each([
    ['{"type":"result","is_error":false}', 0, 0, 'AUTH_OK'],
    ['{"is_error":true,"api_error_status":401,"result":"Failed to authenticate"}', 1, 1, 'AUTH_FAILED'],
    ['{"is_error":true,"api_error_status":429}', 1, 75, 'could not tell'],
  ])('takes %s for what it is', async (said, exit, code, words) => {
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'claude'), `#!/bin/sh\necho '${said}'\nexit ${exit}\n`);
    chmodSync(join(folder, 'claude'), 0o755);

    const ended = await run(['cookbook/claude/validate-claude.sh'], { PATH: `${folder}:${process.env['PATH'] ?? ''}` });

    expect(ended.code).toBe(code);
    expect(`${ended.stdout}${ended.stderr}`).toContain(words);
  });
});

describe.skipIf(!hasPrograms('python3'))('mail.py', () => {
  const program = 'cookbook/imap/mail.py';
  const env = (host: string): Record<string, string> => ({
    MAIL_USER: 'desk@example.com',
    MAIL_PASSWORD: 'TEST-password',
    MAIL_PLAIN: 'yes',
    IMAP_HOST: host,
  });

  test('hands a new letter over as a task, and marks it as seen afterwards', async () => {
    const folder = withPrograms('nightdesk');
    writeFileSync(
      join(folder, 'nightdesk'),
      `#!/bin/sh\necho "$@" >> ${folder}/said\n[ "$1" = task ] && cat >> ${folder}/said\nexit 0\n`,
    );
    const mailbox = await imitateMailbox('OK in');

    const ended = await run([program, 'fetch'], {
      ...env(mailbox.host),
      PATH: `${folder}:${process.env['PATH'] ?? ''}`,
    });

    expect(ended).toMatchObject({ code: 0, stderr: '' });
    const said = readFileSync(join(folder, 'said'), 'utf8');
    expect(said).toContain('task add --for answerer --title Kilns --key <1@example.com>');
    expect(said).toContain('From: Ada <ada@example.com>\nSubject: Kilns\n\nHow hot?');
    expect(mailbox.told.some((line) => line.startsWith('STORE 1 +FLAGS'))).toBe(true);
  });

  test.each([
    ['fetch', 'NO [AUTHENTICATIONFAILED] Invalid credentials', 77],
    ['check', 'NO [AUTHENTICATIONFAILED] Invalid credentials', 1],
    ['check', 'NO [UNAVAILABLE] Temporary authentication failure', 75],
    ['check', 'OK in', 0],
  ])('%s ends after the answer %s with %i', async (command, answer, code) => {
    const mailbox = await imitateMailbox(answer);

    const ended = await run([program, command], env(mailbox.host));

    expect(ended.code).toBe(code);
    expect(ended.stdout.includes('AUTH_FAILED')).toBe(answer.includes('AUTHENTICATIONFAILED'));
    expect(`${ended.stdout}${ended.stderr}`).not.toContain('TEST-password');
  });

  test('refuses a draft that is cut off before it speaks to any server', async () => {
    const ended = await run(
      ['cookbook/imap/mail.py', 'send'],
      { MAIL_USER: 'desk@example.com', SMTP_HOST: '127.0.0.1:1', MAIL_PLAIN: 'yes' },
      '{"id": 1, "to": "a@exa',
    );

    expect(ended.code).toBe(1);
    expect(ended.stderr).not.toContain('cannot be reached');
  });

  test('says that it may be tried again where nobody answers', async () => {
    const ended = await run(['cookbook/imap/mail.py', 'fetch'], {
      MAIL_USER: 'desk@example.com',
      IMAP_HOST: '127.0.0.1:1',
      MAIL_PLAIN: 'yes',
    });

    expect(ended.code).toBe(75);
  });
});
