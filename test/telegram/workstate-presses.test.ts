import { expect, test } from 'vitest';
import { createBotWorld } from './bot-world.ts';

function version(task: string): string {
  return `# Active Tasks\n- ${task}\n# Critical Context\n# Next\n- rest\n`;
}

function keep(world: ReturnType<typeof createBotWorld>, text: string): void {
  const { storage } = world.rooms;
  storage.transaction(() =>
    storage.checkpoints.add({
      agent: 'scout',
      runId: null,
      at: world.clock.now(),
      author: 'agent',
      hash: text,
      contextPercent: 42,
      text,
    }),
  );
}

test('the buttons below a WORKSTATE.md show what changed, and send the file', async () => {
  const world = createBotWorld();
  keep(world, version('the report'));
  keep(world, version('the invoice'));
  expect(await world.says('/workstate scout')).toContain('Written by scout, with 42 % of its context full,');
  const key = world.lastReply();

  await world.presses(world.button(key, 'Changes'));
  await world.presses(world.button(key, 'File'));

  const [diff, file] = world.rooms.storage.outbox
    .due(Number.MAX_SAFE_INTEGER, 100)
    .filter((row) => row.key.startsWith('workstate:'))
    .map((row) => JSON.parse(row.content) as { kind: string; body: { text: string }; content?: string });
  expect(diff?.body.text).toContain('-- the report\n+- the invoice');
  expect(file).toMatchObject({ kind: 'document', content: version('the invoice') });
});

test('Write now says plainly when the agent does not run, and shows what it wrote last', async () => {
  const world = createBotWorld();
  keep(world, version('the report'));
  await world.says('/workstate scout');
  const key = world.lastReply();
  keep(world, version('the invoice'));

  const { answer } = await world.presses(world.button(key, 'Write now'));

  expect(answer?.text).toBe('scout is not running: this is what there is.');
  const [shown] = world.rooms.storage.outbox
    .due(Number.MAX_SAFE_INTEGER, 100)
    .filter((row) => row.key.startsWith('workstate:'))
    .map((row) => JSON.parse(row.content) as { body: { text: string } });
  expect(shown?.body.text).toContain('- the invoice');
});

test('/workstate AGENT diff bounds what it shows when nearly all has changed', async () => {
  const world = createBotWorld();
  keep(world, version(Array.from({ length: 9_000 }, (_, index) => `old ${index}`).join('\n- ')));
  keep(world, version(Array.from({ length: 9_000 }, (_, index) => `new ${index}`).join('\n- ')));
  const begun = performance.now();

  const said = await world.says('/workstate scout diff');

  expect(said).toContain('Nearly all of it: 9005 lines before, 9005 now.');
  expect(performance.now() - begun).toBeLessThan(2_000);
});
