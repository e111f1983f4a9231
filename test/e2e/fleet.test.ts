import { afterEach, expect, test } from 'vitest';
import { openStage, type Stage } from './program.ts';

const stages: Stage[] = [];

afterEach(async () => {
  await Promise.all(stages.splice(0).map((stage) => stage.close()));
});

/** A fleet of two pages that never runs by itself. */
function fleetOf(size: number): string {
  const agents = Array.from(
    { length: size },
    (_, n) => `  agent-${n}: { runtime: command, command: ["true"], schedule: "0 0 1 1 *" }\n`,
  );
  return `agents:\n${agents.join('')}`;
}

test('one message leads from the list to a panel, to a pause, back, to the other page, and past a restart with fewer agents', async () => {
  const stage = await openStage();
  stages.push(stage);
  stage.fleet(fleetOf(25));
  const first = await stage.startReady();
  stage.sandbox.userSays('/fleet');
  const { id } = await stage.says('The fleet: 25 agents', '1 to 20 of 25');
  const shows = (...parts: readonly string[]) =>
    stage.message((message) => message.id === id && parts.every((part) => message.text.includes(part)));
  const press = async (word: string) => await stage.press(await shows(''), word);

  await press('agent-3');
  await shows('agent-3: idle');
  expect(await press('Pause')).toBe('agent-3 is paused, until you resume it.');
  await shows('agent-3: held');
  await press('All agents');
  await shows('1 held or failed', '1 to 20 of 25');
  await press('Next');
  await shows('21 to 25 of 25');

  await first.stop();
  stage.fleet(fleetOf(22));
  await stage.startReady();
  expect(await press('agent-24')).toMatch(/^That list was outdated/);
  await shows('The fleet: 22 agents', '1 to 20 of 22');
  await press('Next');
  await shows('21 to 22 of 22');
  await press('agent-21');
  await shows('agent-21: idle');
  await press('All agents');
  await shows('21 to 22 of 22');
});
