import { readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import Database from 'better-sqlite3';
import { agentsUnder, badLogLines, fixture, OWNER, openStage, type Program, type Stage, until } from './program.ts';

const stages: Stage[] = [];

afterEach(async () => {
  await Promise.all(stages.splice(0).map((stage) => stage.close()));
});

async function open(): Promise<Stage> {
  const stage = await openStage();
  stages.push(stage);
  return stage;
}

function agent(stage: Stage, name: string, schedule: string, more = ''): string {
  return `  ${name}: { runtime: command, command: [${fixture('wait-for-file.sh')}, ${stage.path(`${name}.done`)}, "${name} works"], schedule: ${schedule}${more} }\n`;
}

function query<Row>(stage: Stage, sql: string): Row[] {
  const database = new Database(stage.path('state/nightdesk.db'), { readonly: true });
  try {
    return database.prepare<[], Row>(sql).all();
  } finally {
    database.close();
  }
}

/** The process of each agent that runs, once these do and no other. */
async function running(stage: Stage, ...names: readonly string[]): Promise<Readonly<Record<string, number>>> {
  return await until(
    () => {
      const rows = query<{ agent: string; pid: number }>(
        stage,
        `SELECT agent, pid FROM run WHERE state = 'running' ORDER BY agent`,
      );
      return (
        rows.map((row) => row.agent).join() === names.join() &&
        Object.fromEntries(rows.map((row) => [row.agent, row.pid]))
      );
    },
    `${names.join(', ')} run`,
  );
}

function hangUp(program: Program): void {
  process.kill(program.pid, 'SIGHUP');
}

function loads(stage: Stage): { how: string; actor: string | null }[] {
  return query(stage, 'SELECT how, actor FROM fleet_load ORDER BY id');
}

describe('a changed fleet.yaml, end to end', () => {
  it('is taken over by /reload while an agent runs, which does not notice', async () => {
    const stage = await open();
    stage.fleet(`agents:\n${agent(stage, 'scout', 'every 1h')}`);
    const program = await stage.startReady();
    const before = await running(stage, 'scout');
    stage.fleet(`agents:\n${agent(stage, 'scout', 'every 2h')}${agent(stage, 'writer', 'every 1h')}`);

    stage.sandbox.userSays('/reload');

    await stage.says('taken over', '➕ agent writer (every 1h)', '✏️ agents.scout.schedule: every 1h → every 2h');
    const after = await running(stage, 'scout', 'writer');
    expect(after['scout']).toBe(before['scout']);
    expect(agentsUnder(stage.folder)).toContain(after['scout']);
    stage.sandbox.userSays('/reload');
    await stage.says('Nothing has changed', `taken over by /reload`);
    expect(loads(stage)).toEqual([
      { how: 'start', actor: null },
      { how: 'reload', actor: `owner:${OWNER}` },
    ]);
    expect(await program.stop()).toBe(0);
  });

  it('is taken over at SIGHUP, and a bad one is an incident until the next good one', async () => {
    const stage = await open();
    stage.fleet(`agents:\n${agent(stage, 'scout', 'every 1h')}`);
    const program = await stage.startReady();
    const before = await running(stage, 'scout');
    stage.fleet(`agents:\n${agent(stage, 'scout', 'evry 1h')}`);

    hangUp(program);
    await stage.says('fleet.yaml is not valid', 'fleet.yaml:5: agents.scout.schedule', 'Nothing was changed');
    await until(() => program.stderr().includes('SIGHUP: fleet.yaml is not valid'), 'the terminal is told');
    stage.fleet(`agents:\n${agent(stage, 'scout', 'every 3h')}`);
    hangUp(program);

    await stage.says('SIGHUP on the host. fleet.yaml is taken over', 'every 1h → every 3h');
    await stage.says('fleet.yaml is valid again');
    await until(() => program.stderr().includes('SIGHUP: taken over: 1 change'), 'the terminal is told');
    expect(await running(stage, 'scout')).toEqual(before);
    expect(await program.stop()).toBe(0);
  });

  it('shows no value of .env, which is read anew with it', async () => {
    const stage = await open();
    const old = 'sk-ant-oat01-TEST-the-old-token-0123456789';
    const next = 'sk-ant-oat01-TEST-the-new-token-0123456789';
    stage.write('.env', `FEED_TOKEN=${old}\n`);
    stage.fleet(`agents:\n${agent(stage, 'scout', 'every 1h', ', env: { FEED_TOKEN: "${FEED_TOKEN}" }')}`);
    const program = await stage.startReady();
    await running(stage, 'scout');
    stage.write('.env', `FEED_TOKEN=${next}\n`);

    stage.sandbox.userSays('/reload');

    await stage.says('taken over', '✏️ agents.scout.env.FEED_TOKEN: changed');
    expect(await program.stop()).toBe(0);
    const database = readFileSync(stage.path('state/nightdesk.db'), 'latin1');
    for (const secret of [old, next]) {
      expect(database).not.toContain(secret);
      expect(badLogLines(program.stderr(), [secret])).toEqual([]);
    }
  });

  it('is asked for on the phone when it removes an agent, which then ends with its due times', async () => {
    const stage = await open();
    const scout = agent(stage, 'scout', 'every 1h');
    stage.fleet(`agents:\n${scout}${agent(stage, 'writer', 'every 1h')}`);
    const program = await stage.startReady();
    const before = await running(stage, 'scout', 'writer');
    stage.fleet(`agents:\n${scout}`);

    hangUp(program);
    const question = await stage.says('takes something away', '➖ agent writer');
    expect(await running(stage, 'scout', 'writer')).toEqual(before);
    await stage.press(question, 'Take it over');

    await stage.says('fleet.yaml is taken over', 'writer is being stopped');
    expect(await running(stage, 'scout')).toEqual({ scout: before['scout'] });
    stage.sandbox.userSays('/run writer');
    await stage.says('There is no agent "writer"');
    expect(await program.stop()).toBe(0);
  });

  it('is not taken over when it changes after it was asked for', async () => {
    const stage = await open();
    const scout = agent(stage, 'scout', 'every 1h');
    stage.fleet(`agents:\n${scout}${agent(stage, 'writer', 'every 1h')}`);
    const program = await stage.startReady();
    const before = await running(stage, 'scout', 'writer');
    stage.fleet(`agents:\n${scout}`);
    stage.sandbox.userSays('/reload');
    const question = await stage.says('takes something away', '➖ agent writer');
    stage.fleet(`agents:\n${agent(stage, 'writer', 'every 1h')}`);

    await stage.press(question, 'Take it over');

    await stage.says('fleet.yaml has changed since I asked');
    expect(await running(stage, 'scout', 'writer')).toEqual(before);
    expect(loads(stage)).toHaveLength(1);
    expect(await program.stop()).toBe(0);
  });
});
