import { describe, expect, it } from 'vitest';
import { createAnswerWait } from '../../src/questions/waiting.ts';
import { createBotWorld } from '../telegram/bot-world.ts';

const RUN = { run: 1, agent: 'scout' };

function setUp() {
  const world = createBotWorld();
  const { storage, questions } = world.rooms;
  storage.transaction(() =>
    storage.runs.add({ agent: 'scout', cause: 'schedule', publicationId: null, wantedAt: 0, generations: '{}' }),
  );
  const asked = questions.ask(RUN, { text: 'Go?', options: ['Yes'], withinMs: 60_000 });
  if (asked.kind === 'refused') throw new Error(asked.reason);
  const gone = new AbortController();
  const wait = createAnswerWait({ questions, storage, clock: world.clock });
  return { world, id: asked.id, gone, wait, timers: world.clock.timers };
}

describe('waiting for an answer', () => {
  it('ends with the commit of the answer', async () => {
    const { world, id, gone, wait, timers } = setUp();
    const waited = wait(RUN, id, 20_000, gone.signal);

    await world.presses(world.button(`question:${id}`, 'Yes'));

    expect(await waited).toEqual({ kind: 'answered', answer: 'Yes' });
    expect(world.clock.timers).toBe(timers);
  });

  it('ends while the question is open when its time is over', async () => {
    const { world, id, gone, wait } = setUp();
    const waited = wait(RUN, id, 20_000, gone.signal);

    await world.clock.pass(20_000);

    expect(await waited).toEqual({ kind: 'open' });
  });

  it('ends when the question expires', async () => {
    const { world, id, gone, wait } = setUp();
    const waited = wait(RUN, id, 200_000, gone.signal);
    await world.clock.pass(60_000);

    world.rooms.questions.expireDue(world.clock.now());

    expect(await waited).toEqual({ kind: 'expired' });
  });

  it('ends without a look at the database when whoever asked is gone', async () => {
    const { world, id, gone, wait, timers } = setUp();
    const waited = wait(RUN, id, 20_000, gone.signal);

    world.database.close();
    gone.abort();

    expect(await waited).toEqual({ kind: 'open' });
    expect(world.clock.timers).toBe(timers);
  });

  it('ends at once when the question is over already', async () => {
    const { id, gone, wait } = setUp();

    expect(await wait({ run: 2 }, id, 20_000, gone.signal)).toEqual({ kind: 'unknown' });
  });
});
