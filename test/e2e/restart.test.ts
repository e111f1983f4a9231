import { existsSync, readFileSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { agentsUnder, fixture, openStage, type Program, type Stage, until } from './program.ts';

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

/** An agent that runs until it is stopped. */
function sleeper(name: string, what = 'sleep 600'): string {
  return `  ${name}: { runtime: command, command: [sh, -c, "exec ${what}"], schedule: every 1h }\n`;
}

function readies(program: Program): number {
  return program
    .stdout()
    .split('\n')
    .filter((line) => line === 'ready').length;
}

const LINUX = process.platform === 'linux' && existsSync('/proc/self/stat');

describe('/restart nightdesk', () => {
  it.runIf(LINUX)(
    'replaces the program within its process, ends who runs, takes the new fleet.yaml over, and says that it is back',
    async () => {
      const stage = await open(`agents:\n${sleeper('scout')}`);
      const program = await stage.startReady();
      await until(() => agentsUnder(stage.folder).length > 0, 'scout runs');
      const before = agentsUnder(stage.folder);

      stage.sandbox.userSays('/restart nightdesk');
      const message = await stage.says('Nightdesk restarts', 'It waits for scout');
      stage.fleet(`agents:\n${sleeper('writer')}${sleeper('scout', 'sleep 601')}`);
      await stage.press(message, 'Now');
      const back = await stage.says('I am back after', 'version');
      await until(() => readies(program) === 2, 'it is ready again');
      const commands = await until(() => {
        const all = agentsUnder(stage.folder).map((pid) => readFileSync(`/proc/${pid}/cmdline`, 'utf8'));
        return ['sleep\u0000600', 'sleep\u0000601'].every((one) => all.some((line) => line.includes(one))) && all;
      }, 'the new agent runs, and who was stopped goes on, as fleet.yaml has it now');

      expect(program.child.exitCode).toBeNull();
      expect(readFileSync(`/proc/${program.pid}/cmdline`, 'utf8')).toContain('bin.js');
      expect(back.silent).toBe(true);
      expect(commands.length).toBeGreaterThan(1);
      expect(agentsUnder(stage.folder).filter((pid) => before.includes(pid))).toEqual([]);
      expect(stage.sandbox.messages().filter(({ text }) => text.includes('was away'))).toEqual([]);
      expect(await program.stop()).toBe(0);
      expect(agentsUnder(stage.folder)).toEqual([]);
    },
  );

  it.runIf(LINUX)('keeps the old process when fleet.yaml is broken by then, and says what is wrong', async () => {
    const stage = await open(`agents:\n${sleeper('scout')}`);
    const program = await stage.startReady();
    await until(() => agentsUnder(stage.folder).length > 0, 'scout runs');
    const before = agentsUnder(stage.folder);
    stage.fleet('agents:\n  scout: { runtime: nothing }\n');

    stage.sandbox.userSays('/restart nightdesk now');
    const told = await stage.says('I did not restart', 'fleet.yaml');

    expect(told.text).toMatch(/runtime/);
    expect(readies(program)).toBe(1);
    expect(agentsUnder(stage.folder)).toEqual(expect.arrayContaining(before));
    expect(await program.stop()).toBe(0);
  });

  it.runIf(LINUX)('is over after kill -9 in the middle of it: the next start restarts nothing', async () => {
    const stage = await open(`agents:\n${sleeper('scout')}`);
    const program = await stage.startReady();
    await until(() => agentsUnder(stage.folder).length > 0, 'scout runs');
    stage.sandbox.userSays('/restart nightdesk');
    await stage.says('It waits for scout');
    await program.kill();

    const next = await stage.startReady();
    await stage.says('I am back (version');
    stage.sandbox.userSays('/restart nightdesk');
    await stage.says('It waits for scout');

    expect(readies(next)).toBe(1);
    expect(await next.stop()).toBe(0);
  });

  it.runIf(LINUX)('ends instead of coming back when it is told to stop meanwhile', async () => {
    const stage = await open(
      `agents:\n  deaf: { runtime: command, command: [${fixture('ignore-term.sh')}], schedule: every 1h }\n`,
    );
    const program = await stage.startReady();
    await until(() => agentsUnder(stage.folder).length > 0, 'the agent runs');

    stage.sandbox.userSays('/restart nightdesk now');
    await until(() => program.stderr().includes('"restarting"'), 'it goes');

    expect(await program.stop()).toBe(0);
    expect(readies(program)).toBe(1);
  });
});
