import { afterEach, beforeEach, expect, test } from 'vitest';
import { openStage, type Stage, until } from './program.ts';

let stage: Stage;
beforeEach(async () => {
  stage = await openStage();
});
afterEach(async () => await stage.close());

test('the demo restarts itself in its own process, and its phone stays', async () => {
  const demo = stage.nightdesk(['demo', '--port', '0'], { TMPDIR: stage.folder });
  await demo.ready();
  const phone = /http:\/\/\S+\/phone/.exec(demo.stdout())?.[0] ?? '';

  const sent = await fetch(`${phone}/send`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ text: '/restart nightdesk now' }),
  });

  expect(sent.status).toBe(200);
  await until(() => (demo.stdout().match(/^ready$/gm)?.length === 2 ? true : undefined), 'ready is printed again');
  expect((await fetch(phone)).status).toBe(200);
  expect(await demo.stop()).toBe(0);
}, 90_000);
