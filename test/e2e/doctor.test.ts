import { chmodSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { badLogLines, fixture, openStage, type Program, type Stage, until } from './program.ts';

const stages: Stage[] = [];

afterEach(async () => {
  await Promise.all(stages.splice(0).map((stage) => stage.close()));
});

async function open(): Promise<Stage> {
  const stage = await openStage();
  stages.push(stage);
  stage.fleet(
    `agents:\n  scout: { runtime: command, command: [${fixture('print.sh')}, "0", hi], schedule: every 1h }\n`,
  );
  return stage;
}

interface Report {
  readonly ok: boolean;
  readonly running: boolean;
  readonly items: readonly {
    readonly id: string;
    readonly title: string;
    readonly state: string;
    readonly evidence: string;
    readonly at: number | null;
    readonly mend: string | null;
  }[];
}

function doctor(stage: Stage, args: readonly string[] = []): Program {
  return stage.nightdesk(['doctor', '--config', stage.path('fleet.yaml'), ...args], {
    TELEGRAM_BOT_TOKEN: stage.token,
    TELEGRAM_API_ROOT: stage.sandbox.apiRoot,
  });
}

async function report(stage: Stage): Promise<Report & { readonly code: number | null }> {
  const program = doctor(stage, ['--json']);
  const { code } = await program.ended;
  if (program.stdout() === '') throw new Error(`it reported nothing: ${program.stderr()}`);
  return { ...(JSON.parse(program.stdout()) as Report), code };
}

function stateOf({ items }: Report, id: string): string | undefined {
  return items.find((item) => item.id === id)?.state;
}

describe('nightdesk doctor', () => {
  it('judges a fleet that has never run, and changes nothing', async () => {
    const stage = await open();

    const found = await report(stage);

    expect(found.code).toBe(1);
    expect(found).toMatchObject({ ok: false, running: false });
    expect([stateOf(found, 'api'), stateOf(found, 'service'), stateOf(found, 'migrations')]).toEqual([
      'pass',
      'fail',
      'not-here',
    ]);
    expect(found.items.filter(({ state, mend }) => state === 'unknown' && mend === null)).toEqual([]);
    expect(stage.list('state')).toEqual([]);
  });

  it('judges a fleet that runs, without disturbing who polls', async () => {
    const stage = await open();
    const program = await stage.startReady();
    await until(() => stage.list('state').includes('pulse'), 'there is a pulse');

    const found = await report(stage);

    expect(found.running).toBe(true);
    expect(
      ['api', 'conflict', 'database', 'migrations', 'configuration', 'permissions'].map((id) => stateOf(found, id)),
    ).toEqual(Array.from({ length: 6 }, () => 'pass'));
    expect(stateOf(found, 'service')).toBe('fail');
    expect(await program.stop()).toBe(0);
    expect(badLogLines(program.stderr(), ['409'])).toEqual([]);
  });

  it('prints a line for each item to whoever reads it, without colours where it is no terminal', async () => {
    const stage = await open();

    const program = doctor(stage);
    await program.ended;

    const lines = program.stdout().split('\n');
    expect(lines.find((line) => line.includes('Bot API'))).toMatch(/^✓ Bot API +now +@\w+ answered in \d+ ms/);
    expect(lines.findIndex((line) => line.startsWith('✗'))).toBe(0);
    expect(lines.some((line) => line.trimStart().startsWith('→ '))).toBe(true);
    expect(program.stdout()).not.toContain('\x1b');
    expect(lines.at(-2)).toMatch(/^\d+ to mend, \d+ unknown, \d+ pass, \d+ do not apply here\.$/);
  });

  it('finds an .env that others can read, and says how to close it', async () => {
    const stage = await open();
    chmodSync(stage.write('.env', 'OTHER=1\n'), 0o644);

    const found = await report(stage);

    const item = found.items.find(({ id }) => id === 'permissions');
    expect(item).toMatchObject({ state: 'fail', mend: expect.stringContaining(`chmod 600 ${stage.path('.env')}`) });
  });

  it('finds settings that beat the login of a run, and tells no value of them', async () => {
    const stage = await open();
    stage.write('p.md', 'look');
    stage.fleet('agents:\n  thinker: { runtime: claude, prompt: ./p.md, schedule: every 1h }\n');
    stage.write(
      '.claude/settings.json',
      '{"env":{"ANTHROPIC_API_KEY":"sk-ant-api03-TEST-beats"},"apiKeyHelper":"cat /k"}',
    );

    const program = doctor(stage, ['--json']);
    await program.ended;

    const item = (JSON.parse(program.stdout()) as Report).items.find(({ id }) => id === 'overrides');
    expect(item?.state).toBe('fail');
    expect(item?.evidence).toContain('env.ANTHROPIC_API_KEY');
    expect(item?.evidence).toContain('apiKeyHelper');
    expect(program.stdout() + program.stderr()).not.toContain('TEST-beats');
  });

  it('names the Bot API that it cannot reach, never the token', async () => {
    const stage = await open();

    const program = stage.nightdesk(['doctor', '--config', stage.path('fleet.yaml'), '--json'], {
      TELEGRAM_BOT_TOKEN: stage.token,
      TELEGRAM_API_ROOT: 'http://127.0.0.1:9',
    });
    await program.ended;

    const found = JSON.parse(program.stdout()) as Report;
    expect(stateOf(found, 'api')).toBe('fail');
    expect(stateOf(found, 'conflict')).toBe('unknown');
    expect(program.stdout() + program.stderr()).not.toContain(stage.token);
  });

  it('ends with 78 when fleet.yaml is wrong', async () => {
    const stage = await open();
    stage.fleet('agents: { scout: { runtime: nothing } }\n');

    const program = doctor(stage);

    expect((await program.ended).code).toBe(78);
    expect(program.stderr()).toContain('runtime');
  });

  it('answers /checklist on the phone, where the machine is asked as well', async () => {
    const stage = await open();
    const program = await stage.startReady();

    stage.sandbox.userSays('/checklist');
    const message = await stage.says('📋 Checklist', '🟢 Bot API', '🟢 disk');

    expect(message.text).toContain('🔴 drills: never drilled: auth');
    expect(await stage.press(message, 'Back up')).toBe('Backing up…');
    await until(() => stage.list('state/backup').some((name) => name.endsWith('.db')), 'there is a backup');
    expect(await program.stop()).toBe(0);
    expect(readFileSync(stage.path('state/nightdesk.db'), 'latin1')).not.toContain(stage.token);
  });
});
