import { afterEach, expect, it } from 'vitest';
import { fixture, openStage, type Stage, until } from './program.ts';

const stages: Stage[] = [];

afterEach(async () => {
  await Promise.all(stages.splice(0).map((stage) => stage.close()));
});

it('a draft is sent back with one line, comes again with what changed, and is taken back and approved once more', async () => {
  const stage = await openStage();
  stages.push(stage);
  stage.fleet(`agents:
  writer: { runtime: command, command: [${fixture('write-anew.sh')}, We are sorry., Sorry.], schedule: every 24h }
  poster: { runtime: command, command: [${fixture('record-stdin.sh')}, ${stage.path('published')}], publishes: [reply] }
drafts: { kinds: { reply: { window: 4h, undo: 1h } } }
`);
  const program = await stage.startReady();
  const first = await stage.says('Draft #1', 'We are sorry.');

  await stage.press(first, 'Revise');
  await stage.says('What should be different in draft #1?');
  stage.sandbox.userSays('shorter');
  const second = await stage.message(({ text }) => text.includes('revision 2') && text.includes('What changed'));
  await stage.press(second, 'Approve');
  const waiting = await stage.message(({ id, buttons }) => id === second.id && buttons.flat()[0]?.text === 'Undo');
  await stage.press(waiting, 'Undo');
  await stage.message(({ id, buttons }) => id === second.id && buttons.flat()[0]?.text === 'Approve');

  expect(second.text).toContain('Sorry.');
  expect(waiting.text).toContain('goes out at');
  expect(stage.list('published')).toEqual([]);
  expect(await program.stop()).toBe(0);

  stage.write('fleet.yaml', stage.read('fleet.yaml').replace(', undo: 1h', ''));
  const again = await stage.startReady();
  const card = await stage.message(({ id }) => id === second.id);
  await stage.press(card, 'Approve');
  await until(() => stage.list('published').some((name) => name.endsWith('.json')), 'it went out');

  const [name = ''] = stage.list('published').filter((file) => file.endsWith('.json'));
  expect(JSON.parse(stage.read(`published/${name}`))).toMatchObject({ id: 1, revision: 2, body: 'Sorry.' });
  expect(await again.stop()).toBe(0);
});
