import { afterEach, describe, expect, it } from 'vitest';
import { agentsUnder, badLogLines, fixture, openStage, type Stage, until } from './program.ts';

const stages: Stage[] = [];

afterEach(async () => {
  await Promise.all(stages.splice(0).map((stage) => stage.close()));
});

describe('a dead credential, end to end', () => {
  it('is one alert while the agent still runs, names it and all its agents, and is over after Re-auth', async () => {
    const stage = await openStage();
    stages.push(stage);
    const token = stage.write('token', 'bad\n');
    const agent = (name: string): string =>
      `  ${name}: { runtime: command, command: [${fixture('refused-but-fine.sh')}, ${token}], schedule: every 1s, credentials: [claude] }\n`;
    stage.fleet(
      `credentials:\n  claude:\n    login: [${fixture('login-token.sh')}, ${token}]\n    check_every: 1h\n    backoff: { first: 10m, max: 1h }\n` +
        `agents:\n${['scout', 'creator', 'engager'].map(agent).join('')}`,
    );
    const program = await stage.startReady();

    const alert = await stage.says('claude', 'scout', 'creator', 'engager');
    expect(alert.text).toContain('401 Unauthorized');
    expect(alert.silent).toBe(false);
    await until(() => agentsUnder(stage.folder).length === 0, 'nobody goes on with the dead credential');
    const runs = (): number =>
      ['scout', 'creator', 'engager'].flatMap((name) => stage.list(`state/logs/${name}`)).length;
    const runsAtDeath = runs();
    await stage.press(alert, 'Re-auth');
    const recovery = await stage.message((message) => message.reply_to === alert.id);
    await until(() => runs() > runsAtDeath, 'the agents are back');

    expect(runsAtDeath).toBeLessThanOrEqual(3);
    expect(recovery.text).toMatch(/recovered/i);
    expect(recovery.silent).toBe(true);
    expect(stage.sandbox.messages().filter((message) => message.text.includes('401 Unauthorized'))).toHaveLength(1);
    expect(await program.stop()).toBe(0);
    expect(badLogLines(program.stderr(), [stage.token])).toEqual([]);
  });

  it('holds its agents before any of them runs when its check says so, and frees them when the check passes', async () => {
    const stage = await openStage();
    stages.push(stage);
    const token = stage.write('token', 'bad\n');
    stage.fleet(
      `credentials:\n  mail:\n    check: [${fixture('check-token.sh')}, ${token}]\n    check_every: 1h\n    backoff: { first: 1s, max: 2s }\n` +
        `agents:\n  clerk: { runtime: command, command: [${fixture('refused-but-fine.sh')}, ${token}], schedule: every 1s, credentials: [mail] }\n`,
    );
    const program = await stage.startReady();
    const alert = await stage.says('mail', 'clerk', 'the token has expired');
    expect(stage.list('state/logs/clerk')).toEqual([]);

    stage.write('token', 'good\n');
    await stage.message((message) => message.reply_to === alert.id);
    await until(() => stage.list('state/logs/clerk').length > 0, 'the agent runs');

    expect(
      alert.buttons
        .flat()
        .map((button) => button.text)
        .join(' '),
    ).not.toContain('Re-auth');
    expect(await program.stop()).toBe(0);
  });

  it('never shows the tokens of runs in the log', async () => {
    const stage = await openStage();
    stages.push(stage);
    stage.fleet(
      `agents:\n  scout: { runtime: command, command: [${fixture('print-environment.sh')}], schedule: every 1h }\n`,
    );
    const program = await stage.startReady({ LOG_LEVEL: 'trace' });
    const text = await until(() => {
      const [name] = stage.list('state/logs/scout');
      const log = name === undefined ? '' : stage.read(`state/logs/scout/${name}`);
      return log.includes('NIGHTDESK_TOKEN=') ? log : undefined;
    }, 'the agent printed its token into its own log');
    const token = /^NIGHTDESK_TOKEN=(.+)$/m.exec(text)?.[1] ?? '';

    await program.stop();

    expect(token.length).toBeGreaterThan(20);
    expect(text).not.toContain(stage.token);
    expect(badLogLines(`${program.stderr()}${program.stdout()}`, [token, stage.token])).toEqual([]);
  });
});
