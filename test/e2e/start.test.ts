import Database from 'better-sqlite3';
import { createHash } from 'node:crypto';
import { readFileSync, symlinkSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { agentsUnder, fixture, openStage, OWNER, type Stage, until } from './program.ts';

const stages: Stage[] = [];

afterEach(async () => {
  await Promise.all(stages.splice(0).map((stage) => stage.close()));
});

async function open(yaml?: string): Promise<Stage> {
  const stage = await openStage();
  stages.push(stage);
  if (yaml !== undefined) stage.fleet(yaml);
  return stage;
}

const IDLE = `agents:\n  scout: { runtime: command, command: [${fixture('print.sh')}, "0", hi], schedule: every 1h }\n`;

describe('nightdesk start', () => {
  it('says ready on a line of its own and ends with 0 at SIGTERM, with nobody left behind, even an agent deaf to TERM', async () => {
    const stage = await open(
      `agents:\n  deaf: { runtime: command, command: [${fixture('ignore-term.sh')}], schedule: every 1h }\n` +
        `  forker: { runtime: command, command: [${fixture('fork-child.sh')}], schedule: every 1h }\n`,
    );
    const program = await stage.startReady();
    await until(() => agentsUnder(stage.folder).length >= 3, 'both agents run');
    const startedAt = performance.now();

    const code = await program.stop();

    expect(code).toBe(0);
    expect(performance.now() - startedAt).toBeLessThan(30_000);
    expect(agentsUnder(stage.folder)).toEqual([]);
    expect(program.stdout().split('\n')).toContain('ready');
    expect(program.stdout()).toBe('ready\n');
  });

  it.runIf(process.platform === 'linux')(
    'sweeps what an earlier start left behind, also when the state folder is reached by another path',
    async () => {
      const stage = await open();
      const fleet = (home: string, schedule: string) =>
        stage.write(
          'fleet.yaml',
          `timezone: UTC\nhome: ${home}\ncontainment: group\ntelegram: { owners: [${OWNER}] }\nagents:\n` +
            `  daemon: { runtime: command, command: [sh, "-c", "setsid -f sleep 600; sleep 600"], schedule: "${schedule}" }\n`,
        );
      fleet('./state', 'every 1h');
      const first = await stage.startReady();
      await until(() => agentsUnder(stage.folder).length >= 2, 'the daemon is on its own');
      await first.kill();
      symlinkSync(stage.path('state'), stage.path('other'));
      fleet('./other', '0 0 1 1 *');

      await stage.startReady();

      expect(agentsUnder(stage.folder)).toEqual([]);
    },
  );

  it('gives an agent exactly the environment of the contract', async () => {
    const stage = await open(
      `agents:\n  scout:\n    runtime: command\n    command: [${fixture('print-environment.sh')}]\n    schedule: every 1h\n    env: { SOURCE: "\${FEED_URL}" }\n`,
    );
    await stage.startReady({
      FEED_URL: 'https://feed.example',
      SECRET_OF_OTHERS: 'no',
      LANG: 'C.UTF-8',
      LOG_LEVEL: 'debug',
    });
    const log = await until(() => {
      const [name] = stage.list('state/logs/scout');
      const text = name === undefined ? '' : stage.read(`state/logs/scout/${name}`);
      return text.includes('NIGHTDESK_TOKEN') ? text : undefined;
    }, 'the agent printed its environment');

    const environment = Object.fromEntries(
      log
        .split('\n')
        .slice(2)
        .filter((line) => line !== '')
        .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
    );

    expect(
      Object.keys(environment)
        .filter((name) => !['PWD', 'SHLVL', 'OLDPWD', '_'].includes(name))
        .sort(),
    ).toEqual([
      'HOME',
      'LANG',
      'NIGHTDESK_AGENT',
      'NIGHTDESK_MARK',
      'NIGHTDESK_RUN',
      'NIGHTDESK_TOKEN',
      'NIGHTDESK_URL',
      'PATH',
      'SOURCE',
      'TERM',
      'TZ',
    ]);
    expect(environment).toMatchObject({ NIGHTDESK_AGENT: 'scout', SOURCE: 'https://feed.example', TZ: 'UTC' });
    expect(log.split('\n')[0]).toBe(stage.path('state/agents/scout'));
  });

  it('lets agents use the agent commands in their runs, and answers garbage with 400', async () => {
    const stage = await open();
    stage.fleet(
      `agents:
  scout:
    runtime: command
    command: [${fixture('use-commands.sh')}, ${stage.path('answers')}]
    schedule: every 1h
    failure_modes:
      - { tool: search, on: rate-limit, then: { wait: 60s, retry: 1, else: alert } }
      - { tool: files, on: not-found, then: skip }
drafts: { kinds: { reply: { window: 4h } } }
`,
    );
    const program = await stage.startReady();
    const answers = await until(
      () => (stage.list('.').includes('answers') ? stage.read('answers') : undefined),
      'answers',
    );

    expect(answers).toMatch(/^beat: .* -> 0\nprogress: .* -> 0\ndraft: 1 -> 0\nagain: 1 -> 0\n/);
    expect(answers).toMatch(/^kind: nightdesk draft: .*kind "poem" is unknown.* -> 1$/m);
    expect(answers).toContain('fail: wait 60 -> 0\nskip: skip -> 0\n');
    expect(answers).toMatch(/^decisions: \[\] -> 0$/m);
    expect(answers.trim().split('\n').at(-1)).toBe('400');
    const card = await stage.says('Draft #1', '@ada');
    expect(
      card.buttons
        .flat()
        .map((button) => button.text)
        .join(' '),
    ).toMatch(/Approve.*Edit.*Reject/);
    await program.stop();
  });

  it('is refused with 69 and the pid of the holder when the state folder or the token is taken', async () => {
    const stage = await open(IDLE);
    const other = await open(IDLE);
    const program = await stage.startReady();

    const sameHome = stage.start({ TELEGRAM_BOT_TOKEN: other.token, TELEGRAM_API_ROOT: other.sandbox.apiRoot });
    const sameToken = other.start({ TELEGRAM_BOT_TOKEN: stage.token, TELEGRAM_API_ROOT: stage.sandbox.apiRoot });

    expect([(await sameHome.ended).code, (await sameToken.ended).code]).toEqual([69, 69]);
    expect(sameHome.stderr()).toContain(`process ${program.pid} on `);
    expect(sameToken.stderr()).toContain(`process ${program.pid} on `);
    expect(sameHome.stderr().trim().split('\n')).toHaveLength(1);
    expect(await program.stop()).toBe(0);
    const again = await stage.startReady();
    expect(await again.stop()).toBe(0);
  });

  it('ends with 77 when Telegram refuses the token', async () => {
    const stage = await open(IDLE);

    const program = stage.start({ TELEGRAM_BOT_TOKEN: '999:TEST-wrong-token-of-nobody' });

    expect((await program.ended).code).toBe(77);
    expect(program.stderr()).toContain('nightdesk: Telegram refused the bot token');
    expect(program.stdout()).not.toContain('ready');
    expect(program.stderr()).not.toContain('TEST-wrong-token');
  });

  it('ends with 78 and says in one line what is wrong when it cannot be configured', async () => {
    const stage = await open(IDLE);
    const without = { TELEGRAM_BOT_TOKEN: '' };
    stage.write('broken.yaml', 'agents: [unclosed\n');
    stage.write(
      'typo.yaml',
      `telegram: { owners: [1] }\nagents:\n  scout: { runtime: command, command: [x], shedule: every 5m }\n`,
    );

    const broken = stage.nightdesk(['start', '--config', 'broken.yaml'], { TELEGRAM_BOT_TOKEN: stage.token });
    const typo = stage.nightdesk(['start', '--config', 'typo.yaml'], { TELEGRAM_BOT_TOKEN: stage.token });
    const noToken = stage.start(without);
    const noFile = stage.nightdesk(['start', '--config', 'nowhere.yaml'], { TELEGRAM_BOT_TOKEN: stage.token });
    const oddToken = stage.start({ TELEGRAM_BOT_TOKEN: 'no token at all' });
    stage.write('home-is-a-file', 'x');
    stage.write('file-home.yaml', `home: ./home-is-a-file\ntelegram: { owners: [1] }\n${IDLE}`);
    const fileHome = stage.nightdesk(['start', '--config', 'file-home.yaml'], { TELEGRAM_BOT_TOKEN: stage.token });
    const all = [broken, typo, noToken, noFile, oddToken, fileHome];

    expect(await Promise.all(all.map(async (program) => (await program.ended).code))).toEqual([78, 78, 78, 78, 78, 78]);
    for (const program of all) expect(program.stderr().trim().split('\n')).toHaveLength(1);
    expect(broken.stderr()).toMatch(/broken\.yaml:\d+/);
    expect(typo.stderr()).toMatch(/typo\.yaml:3.*shedule/);
    expect(noToken.stderr()).toContain('TELEGRAM_BOT_TOKEN is not set');
    expect(oddToken.stderr()).not.toContain('no token at all');
    expect(fileHome.stderr()).toContain('home-is-a-file');
  });

  it('reads the token from .env beside fleet.yaml, or from a file', async () => {
    const stage = await open(IDLE);
    const other = await open(IDLE);
    stage.write('.env', `TELEGRAM_BOT_TOKEN=${stage.token}\nTELEGRAM_API_ROOT=${stage.sandbox.apiRoot}\n`);
    const file = other.write('token.txt', `${other.token}\n`);

    const fromEnv = stage.nightdesk(['start', '--config', 'fleet.yaml']);
    const fromFile = other.start({ TELEGRAM_BOT_TOKEN: '', TELEGRAM_BOT_TOKEN_FILE: file });
    await Promise.all([fromEnv.ready(), fromFile.ready()]);

    expect(await Promise.all([fromEnv.stop(), fromFile.stop()])).toEqual([0, 0]);
  });

  it('starts all the same and says so when a program is missing', async () => {
    const stage = await open(
      `${IDLE}  ghost: { runtime: command, command: [./no-such-program], schedule: every 1h }\n`,
    );

    const program = await stage.startReady();
    const alert = await stage.says('ghost failed');

    expect(program.stderr()).toMatch(/fleet\.yaml:\d+.*no-such-program/);
    expect(alert.text).toContain('no-such-program');
    await until(() => stage.list('state/logs/scout').length === 1, 'the other agent ran');
    expect(await program.stop()).toBe(0);
  });

  it('keeps the rest of the fleet alive when one workdir cannot be made', async () => {
    const stage = await open();
    stage.write('in-the-way', 'x');
    stage.fleet(
      `${IDLE}  blocked: { runtime: command, command: [${fixture('print.sh')}, "0"], schedule: every 1h, workdir: ./in-the-way/deep }\n`,
    );

    const program = await stage.startReady();
    const alert = await stage.says('blocked failed');

    expect(alert.text).toContain('in-the-way');
    await until(() => stage.list('state/logs/scout').length === 1, 'the other agent ran');
    expect(await program.stop()).toBe(0);
  });

  it('refuses a database of a newer version with 78 and leaves it untouched', async () => {
    const stage = await open(IDLE);
    await (await stage.startReady()).stop();
    const file = stage.path('state/nightdesk.db');
    const database = new Database(file);
    database.pragma('user_version = 9999');
    database.pragma('journal_mode = DELETE');
    database.close();
    const hash = (): string => createHash('sha256').update(readFileSync(file)).digest('hex');
    const before = hash();

    const program = stage.start();

    expect((await program.ended).code).toBe(78);
    expect(program.stderr().trim().split('\n')).toHaveLength(1);
    expect(program.stderr()).toContain('newer');
    expect(hash()).toBe(before);
  });

  it('runs the agents and is ready as soon as Telegram is back when it was down at the start', async () => {
    const stage = await open(IDLE);
    stage.sandbox.setFault({ kind: 'down' });

    const program = stage.start();
    await until(() => stage.list('state/logs/scout').length === 1, 'the agent ran');
    expect(program.stdout()).toBe('');
    stage.sandbox.setFault(undefined);
    await program.ready();

    expect(await program.stop()).toBe(0);
  });
});

describe('nightdesk status', () => {
  it('tells the same before, while and after it runs, as text and as JSON', async () => {
    const stage = await open(IDLE);
    const ask = async (...options: readonly string[]): Promise<string> => {
      const program = stage.nightdesk(['status', '--config', 'fleet.yaml', ...options]);
      expect((await program.ended).code).toBe(0);
      expect(program.stderr()).toBe('');
      return program.stdout();
    };

    expect(await ask()).toMatch(/has not run/);
    expect(JSON.parse(await ask('--json'))).toMatchObject({ running: false, pid: null });
    const program = await stage.startReady();
    await until(() => stage.list('state/logs/scout').length === 1, 'the agent ran');
    const [text, json] = await Promise.all([ask(), ask('--json')]);
    expect(text).toContain(`running, process ${program.pid};`);
    expect(text).toMatch(/^scout: /m);
    expect(JSON.parse(json)).toMatchObject({ running: true, pid: program.pid, agents: [{ name: 'scout' }] });
    await program.stop();

    expect(await ask()).toMatch(/^NOT running; last seen alive \d+ s ago/);
    expect(JSON.parse(await ask('--json'))).toMatchObject({
      running: false,
      pid: null,
      agents: [{ name: 'scout', condition: 'idle' }],
    });
  });
});

describe('nightdesk check', () => {
  it('prints the plan and ends with 0, or names what is missing and ends with 78', async () => {
    const stage = await open(IDLE);
    stage.write(
      'missing.yaml',
      `telegram: { owners: [1] }\nagents:\n  scout: { runtime: command, command: [./nothing.sh], schedule: every 5m }\n`,
    );

    const good = stage.nightdesk(['check', '--config', 'fleet.yaml'], { TELEGRAM_BOT_TOKEN: stage.token });
    const bad = stage.nightdesk(['check', '--config', 'missing.yaml']);
    const which = stage.nightdesk(['check']);
    const codes = await Promise.all([good, bad, which].map(async (program) => (await program.ended).code));

    expect(codes).toEqual([0, 78, 64]);
    expect(good.stdout()).toMatch(/scout \(command\): every 1h; next run /);
    expect(good.stderr()).toBe('');
    expect(bad.stderr()).toMatch(/missing\.yaml:3.*nothing\.sh/);
    expect(which.stderr()).toContain('--config');
  });

  it('names a token that start would refuse, and ends with 78', async () => {
    const stage = await open(IDLE);

    const program = stage.nightdesk(['check', '--config', 'fleet.yaml'], { TELEGRAM_BOT_TOKEN: 'no token' });

    expect((await program.ended).code).toBe(78);
    expect(program.stderr()).toContain('TELEGRAM_BOT_TOKEN does not look like a bot token');
    expect(program.stdout()).toContain('scout (command)');
  });

  it('calls a file good where there is no token at all, and says that start needs one', async () => {
    const stage = await open(IDLE);

    const program = stage.nightdesk(['check', '--config', 'fleet.yaml'], { TELEGRAM_BOT_TOKEN: '' });

    expect((await program.ended).code).toBe(0);
    expect(program.stderr()).toContain('TELEGRAM_BOT_TOKEN is not set');
  });
});
