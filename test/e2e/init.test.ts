import { existsSync, statSync } from 'node:fs';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStage, OWNER, type Stage, until } from './program.ts';

const STRANGER = 666;

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(async () => await stage.close());

function init(args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) {
  return stage.nightdesk(['init', '--dir', stage.path('fleet'), '--yes', '--timezone', 'UTC', ...args], {
    TELEGRAM_BOT_TOKEN: stage.token,
    TELEGRAM_API_ROOT: stage.sandbox.apiRoot,
    ...env,
  });
}

async function codeOf(program: ReturnType<typeof init>): Promise<string> {
  return await until(() => /\/start ([A-Z2-9]{16})/.exec(program.stdout())?.[1], 'a code is shown');
}

test('init pairs whoever sends the code, and what it writes starts and shows a first draft', async () => {
  const program = init();
  const code = await codeOf(program);
  expect(program.stdout()).toContain(`https://t.me/`);
  stage.sandbox.userSays(`/start ${code}`);

  expect((await program.ended).code).toBe(0);
  await stage.says('Paired.');
  expect(stage.read('fleet/fleet.yaml')).toContain(`owners: [${OWNER}]`);
  expect(stage.read('fleet/.env')).toBe(`TELEGRAM_BOT_TOKEN=${stage.token}\n`);
  expect(statSync(stage.path('fleet/.env')).mode & 0o777).toBe(0o600);

  const running = stage.nightdesk(['start', '--config', stage.path('fleet/fleet.yaml')], {
    TELEGRAM_API_ROOT: stage.sandbox.apiRoot,
  });
  await running.ready();
  const card = await stage.says('Your night desk works. Approve me.');
  expect(card.buttons.flat().map(({ text }) => text)).toContain('Approve');
  expect(await running.stop()).toBe(0);
});

test('init with a named owner pairs nobody, and its fleet passes check', async () => {
  const program = init(['--owner', '77']);

  expect((await program.ended).code).toBe(0);
  const check = stage.nightdesk(['check', '--config', stage.path('fleet/fleet.yaml')]);
  expect((await check.ended).code).toBe(0);
  expect(check.stdout()).toContain('hello');
  expect(stage.sandbox.pollCount).toBe(0);
});

test('strangers who guess at init’s code get no answer, and do not keep the owner out', async () => {
  const program = init();
  const code = await codeOf(program);
  for (let tries = 0; tries < 6; tries += 1) stage.sandbox.userSays(`/start GUESS${tries}`, { from: STRANGER });
  stage.sandbox.userSays(`/start ${code}`, { from: STRANGER });
  await until(() => stage.sandbox.pendingUpdates === 0, 'the guesses were read');
  expect(existsSync(stage.path('fleet'))).toBe(false);
  stage.sandbox.userSays(`/start ${code}`);

  expect((await program.ended).code).toBe(0);
  expect(stage.read('fleet/fleet.yaml')).toContain(`owners: [${OWNER}]`);
  expect(stage.sandbox.messages(STRANGER).filter(({ from }) => from === 'bot')).toEqual([]);
});

test('init leaves a fleet alone that is there', async () => {
  stage.write('fleet/fleet.yaml', 'mine\n');
  const program = init(['--owner', '77']);

  expect((await program.ended).code).toBe(78);
  expect(program.stderr()).toContain('is there already');
  expect(stage.read('fleet/fleet.yaml')).toBe('mine\n');
});

test.each([
  [
    'a token that Telegram does not know',
    { TELEGRAM_BOT_TOKEN: '999:TEST-somebody-else' },
    77,
    'does not know this token',
  ],
  ['a token of no form', { TELEGRAM_BOT_TOKEN: 'nonsense' }, 78, 'does not look like a bot token'],
  ['an API that cannot be reached', { TELEGRAM_API_ROOT: 'http://127.0.0.1:9' }, 75, 'cannot be reached'],
])('init refuses %s in one line, and writes nothing', async (_what, env, exit, words) => {
  const program = init(['--owner', '77'], env);

  expect((await program.ended).code).toBe(exit);
  expect(program.stderr()).toContain(words);
  expect(program.stderr().trim().split('\n')).toHaveLength(1);
  expect(existsSync(stage.path('fleet'))).toBe(false);
});

test('init gives up when somebody else polls with the token', async () => {
  stage.sandbox.setFault({ kind: 'conflict' } as never);
  const program = init();

  expect((await program.ended).code).toBe(69);
  expect(program.stderr()).toContain('another program uses this token');
  expect(existsSync(stage.path('fleet'))).toBe(false);
});

test('init that is interrupted while it waits changes nothing', async () => {
  const program = init();
  await codeOf(program);
  program.child.kill('SIGINT');

  expect((await program.ended).code).toBe(75);
  expect(existsSync(stage.path('fleet'))).toBe(false);
});
