import Database from 'better-sqlite3';
import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync } from 'node:fs';
import { afterEach, expect, it } from 'vitest';
import { listMigrations } from '../../storage/migrate.ts';
import { createCallbackData } from '../../src/telegram/callback-data.ts';
import { writeReleased } from '../storage/fixtures/released/write-released.ts';
import { fixture, openStage, OWNER, type Stage } from './program.ts';

const stages: Stage[] = [];

afterEach(async () => {
  await Promise.all(stages.splice(0).map((stage) => stage.close()));
});

const KEY = 'the-key-of-an-installation-that-was-made-long-ago';

/** A card as the first release had sent it, in the chat and in its row. */
async function sendOldCard(stage: Stage): Promise<number> {
  const hash = createHash('sha256').update('Hello dear Bob').digest('hex');
  const data = createCallbackData(KEY).sign({ verb: 'approve', id: 2, revision: 2 }, hash);
  const answer = await fetch(`${stage.sandbox.apiRoot}/bot${stage.token}/sendMessage`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      chat_id: OWNER,
      text: 'Draft #2: Hello dear Bob',
      reply_markup: { inline_keyboard: [[{ text: 'Approve', callback_data: data }]] },
    }),
  });
  const { result } = (await answer.json()) as { result: { message_id: number } };
  const database = new Database(stage.path('state/nightdesk.db'));
  database.prepare(`UPDATE outbox SET message_id = ? WHERE key = 'draft:2:r2'`).run(result.message_id);
  database.close();
  return result.message_id;
}

it('a fleet of the first release goes on: its cards work, and its owner is told once that it was upgraded', async () => {
  const stage = await openStage();
  stages.push(stage);
  stage.fleet(
    `agents:\n  scout: { runtime: command, command: [${fixture('print.sh')}, "0", hi], schedule: every 24h }\n` +
      `  poster: { runtime: command, command: [${fixture('record-stdin.sh')}, ${stage.path('published')}], publishes: [reply] }\n`,
  );
  mkdirSync(stage.path('state'), { mode: 0o700 });
  stage.write('state/secrets/callback.key', `${KEY}\n`);
  writeReleased(stage.path('state/nightdesk.db'), 1, Date.now() - 60_000);
  const card = await sendOldCard(stage);

  const program = await stage.startReady();
  expect(program.stdout()).toContain(
    `the database went from schema 1 to ${listMigrations().length}; a copy of before:`,
  );
  const news = await stage.says('Nightdesk was upgraded', `from schema 1 to ${listMigrations().length}`);
  expect(news.silent).toBe(true);
  await stage.sandbox.userPresses(card, 'Approve');
  await stage.message((message) => message.id === card && message.text.includes('Published'));
  expect(await program.stop()).toBe(0);
  const again = await stage.startReady();
  await again.stop();

  const [name = ''] = stage.list('published').filter((file) => file.endsWith('.json'));
  expect(JSON.parse(readFileSync(stage.path(`published/${name}`), 'utf8'))).toMatchObject({
    id: 2,
    body: 'Hello dear Bob',
  });
  expect(stage.list('state/backup')).toHaveLength(1);
  const messages = stage.sandbox.messages().filter(({ text }) => text.includes('was upgraded'));
  expect(messages).toHaveLength(1);
});
