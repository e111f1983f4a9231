import { chmodSync } from 'node:fs';
import { delimiter } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { agentsUnder, badLogLines, fixture, openStage, type Stage, until } from './program.ts';

const stages: Stage[] = [];

afterEach(async () => {
  await Promise.all(stages.splice(0).map((stage) => stage.close()));
});

async function open(): Promise<Stage> {
  const stage = await openStage();
  stages.push(stage);
  return stage;
}

function silent(more: string): string {
  return `agents:\n  scout: { runtime: command, command: [${fixture('go-silent.sh')}, reading the feed, waiting for it], schedule: every 1h, heartbeat: 2s${more} }\n`;
}

describe('an agent that goes dark, end to end', () => {
  it('is told within its period and a second, with its last lines', async () => {
    const stage = await open();
    stage.fleet(silent(''));
    const program = await stage.startReady();
    await until(() => agentsUnder(stage.folder).length > 0, 'the agent runs');
    const runsSince = Date.now();

    const alert = await stage.says('scout has given no sign of life for 2 s', 'waiting for it');

    // The rest of the second belongs to the machine: the program looks at the deadline itself.
    expect(Date.now() - runsSince).toBeLessThan(3_000 + 1_000);
    expect(alert.text).toContain('Its last proof was output');
    expect(alert.silent).toBe(false);
    expect(await program.stop()).toBe(0);
    expect(badLogLines(program.stderr(), [stage.token])).toEqual([]);
  });

  it('is begun anew when fleet.yaml says restart', async () => {
    const stage = await open();
    stage.fleet(silent(', on_stuck: restart'));
    const program = await stage.startReady();

    await until(() => stage.list('state/logs/scout').length >= 2, 'a fresh run was started');

    expect(await program.stop()).toBe(0);
  });

  it('is ended and held when fleet.yaml says stop', async () => {
    const stage = await open();
    stage.fleet(silent(', on_stuck: stop'));
    const program = await stage.startReady();

    await stage.says('scout has given no sign of life', 'held until you press Restart');
    await until(() => agentsUnder(stage.folder).length === 0, 'its run is ended');

    expect(stage.list('state/logs/scout')).toHaveLength(1);
    expect(await program.stop()).toBe(0);
  });

  it('is told as stuck with the call that it makes over and over', async () => {
    const stage = await open();
    chmodSync(stage.write('bin/claude', `#!/bin/sh\nexec ${fixture('loop-claude.js')} "$@"\n`), 0o755);
    stage.write('prompt.md', 'Find the job.');
    stage.fleet(`agents:\n  scout: { runtime: claude, prompt: ./prompt.md, schedule: every 1h, heartbeat: 2s }\n`);
    const program = await stage.startReady({ PATH: `${stage.path('bin')}${delimiter}${process.env['PATH'] ?? ''}` });

    const alert = await stage.says('scout is stuck: it does the same over and over');

    expect(alert.text).toMatch(/Over and over: Bash: curl http:\/\/127\.0\.0\.1:9\/job\/1 \d+ times in \d s/);
    expect(await program.stop()).toBe(0);
  });
});
