import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createSandbox } from '../../src/sandbox/sandbox.ts';
import { badLogLines, fixture, openStage, OWNER, type Stage } from './program.ts';

const stages: Stage[] = [];

afterEach(async () => {
  await Promise.all(stages.splice(0).map((stage) => stage.close()));
});

async function open(yaml: string): Promise<Stage> {
  const stage = await openStage();
  stages.push(stage);
  stage.fleet(yaml);
  return stage;
}

const IDLE = `agents:\n  scout: { runtime: command, command: [${fixture('print.sh')}, "0", hi], schedule: every 1h }\n`;

describe('nightdesk for its operator', () => {
  it('runs twice with one token on two servers, and is refused with 69 on the same one, slash or not', async () => {
    const stage = await open(IDLE);
    const other = await open(IDLE);
    await using server = await closing(stage.token);
    const first = await stage.startReady();

    const elsewhere = other.start({ TELEGRAM_BOT_TOKEN: stage.token, TELEGRAM_API_ROOT: server.sandbox.apiRoot });
    await elsewhere.ready();
    const codes = [await elsewhere.stop()];
    for (const root of [stage.sandbox.apiRoot, `${stage.sandbox.apiRoot}/`]) {
      const taken = other.start({ TELEGRAM_BOT_TOKEN: stage.token, TELEGRAM_API_ROOT: root });
      codes.push((await taken.ended).code);
    }

    expect(codes).toEqual([0, 69, 69]);
    expect(await first.stop()).toBe(0);
  });

  it('starts with the token of .env when its environment sets the token to nothing', async () => {
    const stage = await open(IDLE);
    stage.write('.env', `\uFEFFTELEGRAM_BOT_TOKEN=${stage.token}\nTELEGRAM_API_ROOT=${stage.sandbox.apiRoot}\n`);

    const program = await stage.startReady({ TELEGRAM_BOT_TOKEN: '', TELEGRAM_API_ROOT: '' });

    expect(await program.stop()).toBe(0);
  });

  it('ends with 78 and one line when TELEGRAM_API_ROOT has no scheme', async () => {
    const stage = await open(IDLE);

    const program = stage.start({ TELEGRAM_API_ROOT: '127.0.0.1:8081' });

    expect((await program.ended).code).toBe(78);
    expect(program.stderr()).toBe('nightdesk: TELEGRAM_API_ROOT is no address: it looks like http://127.0.0.1:8081\n');
  });

  it('keeps what fleet.yaml takes from the environment under the name of a secret out of the chat and the log', async () => {
    const secrets = ['swordfish-of-the-agent', 'swordfish-of-all', 'swordfish-in-a-header'];
    const stage = await open(
      `defaults: { env: { SHARED_KEY: "\${ALL}" } }\n` +
        'agents:\n  scout:\n    runtime: command\n    schedule: every 1h\n' +
        `    command: [${fixture('print.sh')}, "1", "", "no luck with ${secrets.join(' and ')} in plain-place-of-all"]\n` +
        '    env: { MAIL_PASSWORD: "${MAIL}", HEADER: "Basic:${SITE_AUTH}", PLACE: "${WHERE}", AUTH_FILE: "${WHERE}/auth" }\n',
    );

    const program = await stage.startReady({
      ALL: 'swordfish-of-all',
      MAIL: 'swordfish-of-the-agent',
      SITE_AUTH: 'swordfish-in-a-header',
      WHERE: 'plain-place-of-all',
      LOG_LEVEL: 'trace',
    });
    const alert = await stage.says('scout', 'no luck with');
    await program.stop();

    expect(alert.text).toContain('no luck with [secret] and [secret] and [secret] in plain-place-of-all');
    expect(badLogLines(program.stderr(), secrets)).toEqual([]);
  });

  it.each(['--version', 'version'])('says its version and ends with 0 at %s', async (argument) => {
    const stage = await open(IDLE);
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')) as {
      version: string;
    };

    const program = stage.nightdesk([argument]);

    expect((await program.ended).code).toBe(0);
    expect(program.stdout()).toBe(`${version}\n`);
  });
});

/** Another server that knows the same bot. */
async function closing(token: string) {
  const sandbox = await createSandbox({ token, owner: { id: OWNER, firstName: 'Ada' } });
  return { sandbox, [Symbol.asyncDispose]: () => sandbox.close() };
}

it.each(['start', 'check', 'status', 'doctor', 'backup', 'restore', 'sentinel', 'demo'])(
  'nightdesk %s --help says what there is, and does nothing',
  async (command) => {
    const stage = await openStage();
    stages.push(stage);
    const program = stage.nightdesk([command, '--help']);

    expect((await program.ended).code).toBe(0);
    expect(program.stdout()).toContain(`nightdesk ${command} `);
    expect(program.stderr()).toBe('');
  },
);
