import { describe, expect, it } from 'vitest';
import { createWhyCommand } from '../../commands/why.ts';
import { createCallbackData } from '../../src/telegram/callback-data.ts';
import { renderStatus } from '../../src/telegram/cards/status-card.ts';
import { loadFleetStatus } from '../../src/vigil/status.ts';
import { createTaskWorld } from '../work/task-world.ts';

const AGENTS = [
  '  boss: { runtime: command, command: [/bin/boss], schedule: every 1h }',
  '  scout: { runtime: command, command: [/bin/scout], on: task }',
].join('\n');

const callbackData = createCallbackData('a key of the test');

function textOf(reply: unknown): string {
  return JSON.stringify(reply);
}

describe('tasks on the phone', () => {
  it('are a line of /status when there are any: how many, and what is under way', () => {
    const world = createTaskWorld(AGENTS);
    const { fleet, storage, clock } = world;
    const setting = { timezone: fleet.timezone, callbackData, silences: [] };
    const read = (): string => textOf(renderStatus(loadFleetStatus(fleet, storage, clock.now()), setting));
    expect(read()).not.toContain('🧩');
    world.give({ for: 'scout', title: 'Write the report', brief: '', phases: ['a', 'b'] });
    world.give({ for: 'scout', title: 'Other', brief: '' });

    expect(read()).toContain('🧩 2 tasks open');
    world.tasks.claim(world.begin('scout'), 'command');

    expect(read()).toContain('🧩 2 tasks open, 1 under way: #1 Write the report (scout, phase 1 of 2)');
  });

  it('are named by /why with how far they are, and how often they ended without a result', () => {
    const world = createTaskWorld(AGENTS);
    const why = createWhyCommand(world.fleet, world.storage, callbackData);
    const read = (): string => textOf(why.run({ argument: 'scout', actor: 'owner:1', now: world.clock.now() }));
    world.give({ for: 'scout', title: 'Write the report', brief: '', phases: ['a', 'b'] });
    const run = world.begin('scout');
    world.tasks.claim(run, 'command');

    expect(read()).toContain(`🧩 Task #1 Write the report, phase 1 of 2: run ${run.run} is at it`);
    world.end(run, { state: 'failed', failure: 'crash' });

    expect(read()).toContain('🧩 Task #1 Write the report, phase 1 of 2: open, 1 attempt without a result');
  });
});
