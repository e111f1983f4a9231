import Database from 'better-sqlite3';
import { afterEach, describe, expect, it } from 'vitest';
import type { ChatMessage } from '../../src/sandbox/rendered-message.ts';
import { agentsUnder, openStage, type Program, type Stage, until } from './program.ts';

const stages: Stage[] = [];

afterEach(async () => {
  await Promise.all(stages.splice(0).map((stage) => stage.close()));
});

async function open(more = ''): Promise<{ stage: Stage; program: Program }> {
  const stage = await openStage();
  stages.push(stage);
  stage.fleet(`${more}agents:\n  scout: { runtime: command, command: [/bin/true], schedule: every 1h }\n`);
  return { stage, program: await stage.startReady() };
}

/** Everything that a drill may leave behind, as the database has it. */
function leftovers(stage: Stage): readonly unknown[] {
  const database = new Database(stage.path('state/nightdesk.db'), { readonly: true });
  try {
    return [
      `SELECT state FROM drill WHERE state = 'running'`,
      `SELECT title FROM incident WHERE state <> 'resolved'`,
      'SELECT agent FROM hold WHERE released_at IS NULL',
      `SELECT name FROM credential WHERE name LIKE '~~%' AND state <> 'unknown'`,
      `SELECT agent FROM due WHERE state = 'waiting' AND agent LIKE '~%'`,
      `SELECT agent FROM run WHERE state IN ('starting', 'running')`,
    ].flatMap((sql) => database.prepare(sql).all());
  } finally {
    database.close();
  }
}

/** What the bot said since the drill was asked for. */
function saidSince(stage: Stage, asked: number): readonly ChatMessage[] {
  return stage.sandbox.messages().filter(({ id, from }) => id > asked && from === 'bot');
}

describe('/drill', () => {
  it.each(['auth', 'heartbeat', 'stuck', 'orphan', 'budget', 'disk'])(
    'rings for %s in three messages: the begin, the alert, the report, and leaves nothing behind',
    async (kind) => {
      const { stage, program } = await open();

      const asked = stage.sandbox.userSays(`/drill ${kind}`);
      const report = await stage.says(`Drill ${kind}: `);

      expect(report.text).toMatch(
        new RegExp(`^🧪 Drill ${kind}: passed\nNoticed after .*, told after .* \\(incident \\d+\\)\\.\nEverything`),
      );
      const said = saidSince(stage, asked);
      expect(said).toHaveLength(3);
      expect(said[1]?.text).toContain('🧪 Drill: ');
      expect(leftovers(stage)).toEqual([]);
      await until(() => agentsUnder(stage.folder).length === 0, 'no program of the drill is left');
      expect(await program.stop()).toBe(0);
    },
  );

  it('works while the fleet is paused, and is no agent of /status', async () => {
    const { stage } = await open();
    stage.sandbox.userSays('/pause all');
    await stage.says('paused');

    stage.sandbox.userSays('/drill auth');
    await stage.says('Drill auth: passed');
    stage.sandbox.userSays('/status');
    const status = await stage.says('scout');

    expect(status.text).not.toContain('~drill');
  });

  it('alone says when each was drilled, and what came of it', async () => {
    const { stage } = await open();
    stage.sandbox.userSays('/drill auth');
    await stage.says('Drill auth: passed');

    stage.sandbox.userSays('/drill');
    const list = await stage.says('Fire drills');

    expect(list.text).toMatch(/🟢 auth: passed \d+ s ago, told after \d+/);
    expect(list.text).toContain('⚪️ telegram: never');
  });

  it('is told by a real sentinel that the control plane plays dead, and lives on', async () => {
    const { stage } = await open();
    const look = async (): Promise<number | null> => {
      const env = { TELEGRAM_BOT_TOKEN: stage.token, TELEGRAM_API_ROOT: stage.sandbox.apiRoot };
      return (await stage.nightdesk(['sentinel', '--config', stage.path('fleet.yaml')], env).ended).code;
    };
    await until(
      () => stage.list('state').includes('pulse') && !stage.read('state/pulse').includes('provedAt'),
      'proof',
    );

    const asked = stage.sandbox.userSays('/drill dark');
    await until(() => stage.read('state/pulse').includes('drillUntil'), 'it plays dead');
    const during = await look();
    const report = await stage.says('Drill dark: ');
    await until(() => !stage.read('state/pulse').includes('drillUntil'), 'it lives again');

    expect(during).toBe(1);
    expect(report.text).toMatch(/^🧪 Drill dark: passed\nTold after /);
    expect(await look()).toBe(0);
    expect(saidSince(stage, asked).map(({ text }) => text.split('\n')[0])).toEqual([
      '🧪 Drill dark',
      expect.stringMatching(/^🧪 Drill: Nightdesk is dark on /),
      '🧪 Drill dark: passed',
    ]);
  });

  it('that a kill -9 cut short is failed and cleared away by the next start', async () => {
    const { stage, program } = await open();
    stage.sandbox.userSays('/drill dark');
    await stage.says('Now I play dead');
    stage.sandbox.userSays('/drill auth');
    const busy = await stage.says('One at a time');
    await program.kill();

    await stage.startReady();
    const report = await stage.says('Drill dark: FAILED');
    stage.sandbox.userSays('/drill auth');
    await stage.says('Drill auth: passed');

    expect(busy.text).toContain('the drill dark has been going on');
    expect(report.text).toContain('Nightdesk ended in the middle of it. Please drill again.');
    expect(leftovers(stage)).toEqual([]);
  });

  it('names those that there are when it knows none of that name', async () => {
    const { stage } = await open();

    stage.sandbox.userSays('/drill fire');
    const answer = await stage.says('There is no drill');

    expect(answer.text).toBe(
      'There is no drill "fire". There are: auth, heartbeat, stuck, telegram, disk, orphan, budget, dark.',
    );
  });
});
