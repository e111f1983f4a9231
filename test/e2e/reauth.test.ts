import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import type { ChatMessage } from '../../src/sandbox/rendered-message.ts';
import { badLogLines, fixture, openStage, type Stage, until } from './program.ts';

const CODE = 'TEST-code-4711#TEST-state-0815';
const TOKEN = `sk-ant-oat01-TEST-${'aB3_'.repeat(22)}-end`;
const stages: Stage[] = [];

afterEach(async () => {
  await Promise.all(stages.splice(0).map((stage) => stage.close()));
});

function login(name: string): string {
  return fileURLToPath(new URL(`../fixtures/logins/${name}`, import.meta.url));
}

/** A stage whose agent is refused until its token file says good. */
async function openRefused(credential: string, token = 'bad'): Promise<{ stage: Stage; file: string }> {
  const stage = await openStage();
  stages.push(stage);
  const file = stage.write('token', `${token}\n`);
  stage.fleet(
    `credentials:\n  claude: { ${credential.replaceAll('TOKEN_FILE', file)}, check_every: 1h, backoff: { first: 10m, max: 1h } }\n` +
      `agents:\n  scout: { runtime: command, command: [${fixture('refused-but-fine.sh')}, ${file}], schedule: every 1s, credentials: [claude] }\n`,
  );
  return { stage, file };
}

async function startDead(
  credential: string,
  token?: string,
): Promise<{ stage: Stage; alert: ChatMessage; stderr: () => string }> {
  const { stage } = await openRefused(credential, token);
  const program = await stage.startReady({ LOG_LEVEL: 'trace' });
  return { stage, alert: await stage.says('claude is dead', 'scout'), stderr: program.stderr };
}

/** All files of the stage, and whatever of them holds one of these words. */
function filesWith(folder: string, words: readonly string[]): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile() === true)
    .filter((file) => words.some((word) => readFileSync(file).includes(word)));
}

describe('re-auth from the phone, end to end', () => {
  it('takes three taps from the alert to running again, and the code is nowhere afterwards', async () => {
    const { stage, alert, stderr } = await startDead(`login: [${login('asks-code.sh')}, TOKEN_FILE, "${CODE}"]`);

    await stage.press(alert, 'Re-auth');
    const card = await stage.message((message) => message.buttons.flat().some(({ url }) => url !== undefined));
    const prompt = await stage.says('Send me the code');
    const sent = stage.sandbox.userSays(CODE);
    const recovery = await stage.message((message) => message.reply_to === alert.id && message.id !== prompt.id);
    await until(() => stage.sandbox.messages().every(({ text }) => !text.includes('TEST-code')), 'the code is deleted');

    expect(card.buttons.flat()[0]?.url).toBe('https://login.example.com/oauth/authorize?code=true&state=TEST-state');
    expect(recovery.text).toMatch(/recovered/i);
    expect(sent).toBeDefined();
    await until(
      () =>
        stage.sandbox
          .messages()
          .some(({ id, text }) => (id === card.id && text.includes('it works')) || text.includes('next runs')),
      'the card says how it went',
    );
    expect(
      filesWith(stage.folder, ['TEST-code-4711', 'TEST-state-0815']).filter((file) => !file.endsWith('fleet.yaml')),
    ).toEqual([]);
    expect(badLogLines(stderr(), ['TEST-code-4711', 'TEST-state-0815'])).toEqual([]);
  });

  it('keeps the token that a login prints, cut at 80 columns, once the check has passed with it', async () => {
    const { stage, alert, stderr } = await startDead(
      `login: [${login('prints-token.sh')}, "${CODE}", ${TOKEN}], env: TEST_TOKEN, check: [${login('check-variable.sh')}, ${TOKEN}]`,
      'good',
    );

    await stage.press(alert, 'Re-auth');
    await stage.says('Send me the code');
    stage.sandbox.userSays(CODE);
    const recovery = await stage.message((message) => message.reply_to === alert.id && /recovered/i.test(message.text));
    await stage.says('Logged in to claude, and it works');

    expect(recovery.text).toContain('Logged in again');
    expect(stage.read('state/secrets/claude')).toContain(TOKEN);
    expect(filesWith(stage.folder, [TOKEN]).map((file) => file.replace(stage.folder, ''))).toEqual([
      '/fleet.yaml',
      '/state/secrets/claude',
    ]);
    expect(badLogLines(stderr(), [TOKEN, 'TEST-code-4711'])).toEqual([]);
  });

  it('takes a token that is pasted, without any program', async () => {
    const { stage, alert, stderr } = await startDead(
      `login: paste, env: TEST_TOKEN, check: [${login('check-variable.sh')}, ${TOKEN}]`,
      'good',
    );

    await stage.press(alert, 'Re-auth');
    const prompt = await stage.says('asks: the token');
    stage.sandbox.userSays(`${TOKEN.slice(0, 60)}\n${TOKEN.slice(60)}`, { replyTo: prompt.id });
    await stage.says('Logged in to claude, and it works');

    expect(prompt.asks).toBe('the answer');
    expect(stage.read('state/secrets/claude')).toContain(TOKEN);
    expect(stage.sandbox.messages().filter(({ text }) => text.includes(TOKEN.slice(0, 60)))).toEqual([]);
    expect(filesWith(stage.folder, [TOKEN.slice(0, 60), TOKEN.slice(60)])).toHaveLength(2);
    expect(badLogLines(stderr(), [TOKEN.slice(0, 60), TOKEN.slice(60)])).toEqual([]);
  });

  it('shows link and code of a device login, and notices by itself when it is done', async () => {
    const { stage, alert } = await startDead(`login: [${login('device-code.sh')}, TOKEN_FILE, ./done]`);

    await stage.press(alert, 'Re-auth');
    const card = await stage.says('ABCD-EFGHI');
    stage.write('done', '');
    await stage.message((message) => message.reply_to === alert.id && /recovered/i.test(message.text));

    expect(card.text).toContain('I notice by myself when it is done.');
    expect(card.buttons.flat().map(({ text, url }) => url ?? text)).toEqual([
      'https://auth.example.com/codex/device',
      'Cancel',
    ]);
    expect(card.entities).toContainEqual(
      expect.objectContaining({ type: 'code', offset: card.text.indexOf('ABCD-EFGHI'), length: 10 }),
    );
  });

  it('ends a login with all its processes when it is cancelled, and the credential is no worse off', async () => {
    const { stage } = await openRefused(`login: [${login('stays.sh')}]`, 'good');
    await stage.startReady();

    stage.sandbox.userSays('/reauth');
    const card = await stage.message((message) => message.buttons.flat().some(({ url }) => url !== undefined));
    await until(() => marked(stage).length >= 3, 'the login and its child run');
    await stage.press(card, 'Cancel');
    const after = await stage.says('came to nothing', 'cancelled');

    expect(after.id).toBe(card.id);
    expect(after.buttons.flat().map(({ text }) => text)).toEqual(['Re-auth']);
    expect(marked(stage)).toEqual([]);
    expect(stage.sandbox.messages().filter(({ text }) => text.includes('is dead'))).toEqual([]);
  });

  it('tells what to do next when Nightdesk was killed in the middle, and leaves nobody behind', async () => {
    const { stage } = await openRefused(`login: [${login('stays.sh')}]`, 'good');
    const program = await stage.startReady();
    stage.sandbox.userSays('/reauth claude');
    await stage.says('asks: Password');
    const before = marked(stage);

    await program.kill();
    await stage.startReady();
    const told = await stage.says('restarted in the middle', 'Press Re-auth');

    expect(before.length).toBeGreaterThanOrEqual(3);
    expect(marked(stage)).toEqual([]);
    expect(told.buttons.flat().map(({ text }) => text)).toEqual(['Re-auth']);
  });
});

/** Who lives with a mark of this stage's home in its environment. */
function marked(stage: Stage): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .filter((name) => {
      try {
        const environment = readFileSync(`/proc/${name}/environ`, 'utf8');
        return environment.includes('NIGHTDESK_MARK=') && environment.includes(`HOME=${stage.folder}\0`);
      } catch {
        return false; // It ended in between.
      }
    })
    .map(Number);
}
