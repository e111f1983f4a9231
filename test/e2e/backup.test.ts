import Database from 'better-sqlite3';
import { createHash } from 'node:crypto';
import { closeSync, copyFileSync, openSync, readFileSync, readSync, statSync, truncateSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { listMigrations } from '../../storage/migrate.ts';
import { createCallbackData } from '../../src/telegram/callback-data.ts';
import { fixture, openStage, OWNER, type Stage, until } from './program.ts';

const stages: Stage[] = [];

afterEach(async () => {
  await Promise.all(stages.splice(0).map((stage) => stage.close()));
});

const SECRET = 'sk-ant-oat01-TEST-backups-hold-no-secret';

async function open(): Promise<Stage> {
  const stage = await openStage();
  stages.push(stage);
  const texts = ['Hello Ada\n', 'Hello Bob\n'].map((text, index) => stage.write(`text-${index}`, text));
  const writer = (index: number): string =>
    `  writer${index}: { runtime: command, command: [${fixture('submit-draft.sh')}, ${texts[index]}, --kind, reply, --to, "@ada"], schedule: every 24h, env: { API_TOKEN: "\${API_TOKEN}" } }\n`;
  stage.fleet(
    `agents:\n${writer(0)}${writer(1)}` +
      `  poster: { runtime: command, command: [${fixture('record-stdin.sh')}, ${stage.path('published')}], publishes: [reply] }\n` +
      'drafts: { kinds: { reply: { window: 4h } } }\nbackup: { keep: 3 }\nlogs: { keep_free: 1MB }\n',
  );
  return stage;
}

async function run(stage: Stage, ...args: string[]): Promise<{ code: number | null; stdout: string; stderr: string }> {
  const program = stage.nightdesk([...args, '--config', stage.path('fleet.yaml')], { API_TOKEN: SECRET });
  const { code } = await program.ended;
  return { code, stdout: program.stdout(), stderr: program.stderr() };
}

async function backUp(stage: Stage): Promise<string> {
  const { code, stdout, stderr } = await run(stage, 'backup');
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  return stdout.split(' (')[0] ?? '';
}

function hashOf(stage: Stage): string {
  return createHash('sha256')
    .update(readFileSync(stage.path('state/nightdesk.db')))
    .digest('hex');
}

/** A card as it was in the chat before the restore, with its button: Ada's draft, which is the first or the second to come. */
async function sendOldButton(stage: Stage, card: { readonly text: string }): Promise<number> {
  const hash = createHash('sha256').update('Hello Ada\n').digest('hex');
  const key = stage.read('state/secrets/callback.key').trim();
  const id = Number(/Draft #(\d+)/.exec(card.text)?.[1]);
  const data = createCallbackData(key).sign({ verb: 'approve', id, revision: 1 }, hash);
  const answer = await fetch(`${stage.sandbox.apiRoot}/bot${stage.token}/sendMessage`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      chat_id: OWNER,
      text: 'an old card',
      reply_markup: { inline_keyboard: [[{ text: 'Approve', callback_data: data }]] },
    }),
  });
  const { result } = (await answer.json()) as { result: { message_id: number } };
  return result.message_id;
}

const published = (stage: Stage): string[] => stage.list('published').filter((name) => name.endsWith('.json'));
const start = async (stage: Stage) => await stage.startReady({ API_TOKEN: SECRET });

describe('backup and restore', () => {
  it('goes on from a backup without publishing anything twice', async () => {
    const stage = await open();
    const program = await start(stage);
    const cards = [await stage.says('Hello Ada'), await stage.says('Hello Bob')];
    const copy = await backUp(stage);
    expect(statSync(copy).mode & 0o777).toBe(0o600);
    for (const card of cards) {
      await stage.press(card, 'Approve');
      await stage.message((message) => message.id === card.id && message.text.includes('Published'));
    }
    expect(published(stage)).toHaveLength(2);

    const refused = await run(stage, 'restore', copy, '--yes');
    expect(refused.code).toBe(69);
    expect(refused.stderr).toContain(`process ${program.pid}`);
    await program.stop();
    const restored = await run(stage, 'restore', copy, '--yes');
    expect({ code: restored.code, stderr: restored.stderr }).toEqual({ code: 0, stderr: '' });
    expect(restored.stdout).toContain('2 drafts waiting then');
    await start(stage);

    const first = await stage.says('I run from a backup of', '2 drafts waiting then');
    const again = await Promise.all(
      ['Hello Ada', 'Hello Bob'].map((text) =>
        stage.message(
          (message) => message.id > first.id && message.text.includes(text) && message.text.includes('♻️ From a backup'),
        ),
      ),
    );
    // What Telegram brings again of before: a press on a card that no row knows any more.
    const [ada] = again;
    if (ada === undefined) throw new Error('no card');
    const old = await stage.sandbox.userPresses(await sendOldButton(stage, ada), 'Approve');
    expect(old.text).toContain('from before the backup');
    await stage.press(ada, 'Reject');
    await stage.message((message) => message.id === ada.id && message.text.includes('Rejected'));
    expect(published(stage)).toHaveLength(2);
    expect(stage.list('state/backup').filter((name) => name.startsWith('before-restore'))).toHaveLength(1);
  });

  it('asks what became of a draft that was approved when the backup was made', async () => {
    const stage = await open();
    const program = await start(stage);
    const card = await stage.says('Hello Ada');
    await program.stop();
    const copy = await backUp(stage);
    const database = new Database(copy);
    database.exec(
      `UPDATE draft SET state = 'approved', decided_at = 1, decided_by = 'owner:4242' WHERE id = 1;
       INSERT INTO publication (draft_id, revision, hash, attempt, publisher, state, approved_by, approved_at, next_at)
         SELECT draft_id, revision, hash, 1, 'poster', 'wanted', 'owner:4242', 1, 1 FROM draft_revision WHERE draft_id = 1`,
    );
    database.close();

    expect((await run(stage, 'restore', copy, '--yes')).code).toBe(0);
    await start(stage);

    const question = await stage.says('I do not know whether it went out', 'I run from a backup of');
    expect(question.id).toBeGreaterThan(card.id);
    expect(published(stage)).toEqual([]);
    expect(await stage.press(question, 'It is live')).toContain('counts as published');
    expect(published(stage)).toEqual([]);
  });

  it('refuses what is no sound backup with one line and 78, and changes nothing', async () => {
    const stage = await open();
    const program = await start(stage);
    await stage.says('Hello Bob');
    await program.stop();
    const copy = await backUp(stage);
    const before = hashOf(stage);
    const bad = (name: string): string => {
      copyFileSync(copy, stage.path(name));
      return stage.path(name);
    };
    truncateSync(bad('cut'), Math.floor(statSync(copy).size / 2));
    truncateSync(bad('one-page-less'), statSync(copy).size - 4_096);
    truncateSync(bad('empty'), 0);
    const newer = new Database(bad('newer'));
    newer.pragma(`user_version = ${listMigrations().length + 1}`);
    newer.close();
    const foreign = new Database(stage.path('foreign'));
    foreign.exec('CREATE TABLE theirs (id)');
    foreign.close();
    stage.write('letter', 'this is a letter to my aunt\n'.repeat(500));

    for (const name of ['cut', 'one-page-less', 'empty', 'newer', 'foreign', 'letter', 'missing']) {
      const { code, stdout, stderr } = await run(stage, 'restore', stage.path(name), '--yes');
      expect({ name, code, stdout, lines: stderr.trim().split('\n').length }).toEqual({
        name,
        code: 78,
        stdout: '',
        lines: 1,
      });
      expect(stderr).toContain(stage.path(name));
    }

    expect(hashOf(stage)).toBe(before);
    expect(stage.list('state').filter((name) => name.includes('restoring'))).toEqual([]);
    expect(stage.list('state/backup').filter((name) => name.startsWith('before-restore'))).toEqual([]);
    expect((await run(stage, 'restore', copy)).code).toBe(64);
  });

  it('writes no secret into a backup', async () => {
    const stage = await open();
    const program = await start(stage);
    await stage.says('Hello Bob');
    const copy = await backUp(stage);
    await program.stop();

    const bytes = readFileSync(copy);
    expect(bytes.includes(SECRET)).toBe(false);
    expect(bytes.includes(stage.token)).toBe(false);
    expect(bytes.includes('Hello Bob')).toBe(true);
  });

  it('restores into a state folder that has no database yet', async () => {
    const stage = await open();
    const program = await start(stage);
    await stage.says('Hello Bob');
    await program.stop();
    const copy = stage.path('kept.db');
    copyFileSync(await backUp(stage), copy);
    const descriptor = openSync(copy, 'r');
    const head = Buffer.alloc(16);
    readSync(descriptor, head, 0, 16, 0);
    closeSync(descriptor);
    expect(head.toString()).toContain('SQLite format 3');
    stage.write('fleet.yaml', stage.read('fleet.yaml').replace('home: ./state', 'home: ./elsewhere'));

    expect((await run(stage, 'restore', copy, '--yes')).code).toBe(0);
    await start(stage);

    await stage.says('I run from a backup of');
    await until(() => stage.list('elsewhere').includes('nightdesk.db'), 'a database');
  });
});
