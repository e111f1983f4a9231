import { describe, expect, it } from 'vitest';
import type { Questions } from '../../src/questions/questions.ts';
import { createBotWorld, SECOND_OWNER } from '../telegram/bot-world.ts';

const MINUTE = 60_000;

function setUp() {
  const world = createBotWorld();
  const run = newRun('scout');

  function newRun(agent: string): number {
    const { storage } = world.rooms;
    return storage.transaction(() =>
      storage.runs.add({
        agent,
        cause: 'schedule',
        publicationId: null,
        wantedAt: world.clock.now(),
        generations: '{}',
      }),
    );
  }

  function ask(text: string, more: Partial<Parameters<Questions['ask']>[1]> & { readonly run?: number } = {}): number {
    const { run: asker = run, ...rest } = more;
    const result = world.rooms.questions.ask(
      { run: asker, agent: 'scout' },
      { text, options: [], withinMs: 30 * MINUTE, ...rest },
    );
    if (result.kind === 'refused') throw new Error(result.reason);
    return result.id;
  }

  function permission(request: string, detail = 'git push', forRun = 'commands that begin with git push'): number {
    world.rooms.questions.permission({ id: run, agent: 'scout' }, { request, tool: 'Bash', detail, forRun });
    const row = world.rooms.storage.questions.byRequest(run, `permission:${request}`);
    if (row === undefined) throw new Error('no such question');
    return row.id;
  }

  const labels = (key: string): string[] => {
    const content = world.content(key);
    return content?.kind === 'text' || content?.kind === 'document'
      ? (content.buttons ?? []).flat().map((button) => button.text)
      : [];
  };
  const state = (id: number) => world.rooms.storage.questions.get(id)?.state;
  return { world, run, newRun, ask, permission, labels, state };
}

describe('a question of an agent', () => {
  it('is shown with its deadline and a button for each answer', () => {
    const { world, ask, labels } = setUp();

    const id = ask('Which city?', { options: ['Berlin', 'Paris'] });

    expect(world.textOf(`question:${id}`)).toBe(
      [
        '❓ scout asks · run 1',
        '',
        'Which city?',
        '',
        '⏳ Answer by 13:30',
        'Press an answer, or reply to this message with your own.',
      ].join('\n'),
    );
    expect(labels(`question:${id}`)).toEqual(['Berlin', 'Paris']);
  });

  it('is answered by a button, and the card then says what, by whom and when', async () => {
    const { world, run, ask, labels } = setUp();
    const id = ask('Which city?', { options: ['Berlin', 'Paris'] });

    const { answer } = await world.presses(world.button(`question:${id}`, 'Paris'));

    expect(answer?.text).toBe('scout reads your answer.');
    expect(world.rooms.questions.look({ run }, id)).toEqual({ kind: 'answered', answer: 'Paris' });
    expect(world.textOf(`question:${id}`)).toContain(`✅ Answered 13:00 by Ada:\nParis`);
    expect(labels(`question:${id}`)).toEqual([]);
  });

  it('is answered by a reply to its card', async () => {
    const { world, run, ask } = setUp();
    const id = ask('Which city?');
    const messageId = world.deliver(`question:${id}`);

    const said = await world.says('Rome, and Pisa', { replyTo: messageId });

    expect(said).toBe('scout reads your answer.');
    expect(world.rooms.questions.look({ run }, id)).toEqual({ kind: 'answered', answer: 'Rome, and Pisa' });
  });

  it('takes a reply to its card even while a dialogue about a draft is open', async () => {
    const { world, run, ask } = setUp();
    const draft = world.submit('hello');
    await world.presses(world.button(`draft:${draft}:r1`, 'Edit'));
    const id = ask('Which city?');

    await world.says('Rome', { replyTo: world.deliver(`question:${id}`) });

    expect(world.rooms.questions.look({ run }, id)).toEqual({ kind: 'answered', answer: 'Rome' });
    expect(world.draft(draft)?.body).toBe('hello');
  });

  it('takes no message that is not a reply, but says how to answer', async () => {
    const { world, run, ask } = setUp();
    const id = ask('Which city?', { options: ['Berlin', 'Paris'] });

    const said = await world.says('Rome');

    expect(said).toBe(
      'I was not waiting for a message, so I did nothing with it. To answer scout, reply to its question with it. What I can do: /help',
    );
    expect(world.rooms.questions.look({ run }, id)).toEqual({ kind: 'open' });
  });

  it('takes only the first of two answers, and tells the second one what the first did', async () => {
    const { world, run, ask } = setUp();
    const id = ask('Which city?', { options: ['Berlin', 'Paris'] });
    const [berlin, paris] = ['Berlin', 'Paris'].map((label) => world.button(`question:${id}`, label));

    await world.presses(berlin);
    const second = await world.presses(paris, { from: SECOND_OWNER });

    expect(second.answer).toMatchObject({ text: 'It was already answered: Berlin', alert: true });
    expect(world.rooms.questions.look({ run }, id)).toEqual({ kind: 'answered', answer: 'Berlin' });
  });

  it('lists answers by number when they are too long for a button', () => {
    const { world, ask, labels } = setUp();
    const long = `Go on with the plan ${'as it was '.repeat(10)}`;

    const id = ask('What now?', { options: [long, 'Stop'] });

    expect(world.textOf(`question:${id}`)).toContain(`1. ${long}\n2. Stop`);
    expect(labels(`question:${id}`)[1]).toBe('2. Stop');
  });

  it('is one question when its key comes again in the same run, and another in another run', () => {
    const { ask, newRun } = setUp();
    const first = ask('Which city?', { key: 'city' });

    expect(ask('Which town?', { key: 'city' })).toBe(first);
    expect(ask('Which city?', { key: 'city', run: newRun('writer') })).not.toBe(first);
  });

  it('is one question when the same words come again while it is open, and a new one after that', async () => {
    const { world, ask } = setUp();
    const first = ask('Which city?', { options: ['Paris'] });
    expect(ask('Which city?', { options: ['Paris'] })).toBe(first);

    await world.presses(world.button(`question:${first}`, 'Paris'));

    expect(ask('Which city?', { options: ['Paris'] })).not.toBe(first);
  });

  it('is found again by the key that it was given where the agent chose none', () => {
    const { world, run, ask } = setUp();
    ask('First?', { key: 'ask-2' });
    const asker = { run, agent: 'scout' };

    const given = world.rooms.questions.ask(asker, { text: 'Second?', options: [], withinMs: MINUTE });

    expect(given).toMatchObject({ kind: 'asked', key: 'ask-3' });
    expect(ask('whatever', { key: 'ask-3' })).toBe(given.kind === 'asked' ? given.id : undefined);
  });

  it('is known to its own run only', () => {
    const { world, ask, newRun } = setUp();
    const id = ask('Which city?');

    expect(world.rooms.questions.look({ run: newRun('writer') }, id)).toEqual({ kind: 'unknown' });
    expect(world.rooms.questions.look({ run: 1 }, id + 1)).toEqual({ kind: 'unknown' });
  });

  it('is refused when its run has eight open already, but not when one of them is asked again', () => {
    const { world, run, ask } = setUp();
    for (let n = 0; n < 8; n += 1) ask(`Question ${n}?`);

    const ninth = world.rooms.questions.ask({ run, agent: 'scout' }, { text: 'More?', options: [], withinMs: MINUTE });

    expect(ninth).toMatchObject({ kind: 'refused' });
    expect(ask('Question 3?')).toBeGreaterThan(0);
  });

  it('expires at its deadline, and its card says so', async () => {
    const { world, run, ask, labels } = setUp();
    const id = ask('Which city?', { options: ['Paris'], withinMs: 5 * MINUTE });
    expect(world.rooms.questions.expireDue(world.clock.now())).toBe(world.clock.now() + 5 * MINUTE);

    await world.clock.pass(5 * MINUTE);

    expect(world.rooms.questions.expireDue(world.clock.now())).toBeUndefined();
    expect(world.rooms.questions.look({ run }, id)).toEqual({ kind: 'expired' });
    expect(world.textOf(`question:${id}`)).toContain('⌛ Expired 13:05: nobody answered in time');
    expect(labels(`question:${id}`)).toEqual([]);
  });

  it('is over for a tap after the deadline, even before the scheduler looked', async () => {
    const { world, run, ask } = setUp();
    const id = ask('Which city?', { options: ['Paris'], withinMs: MINUTE });
    const button = world.button(`question:${id}`, 'Paris');
    await world.clock.pass(MINUTE);

    const { answer } = await world.presses(button);

    expect(answer).toMatchObject({ text: 'Its time is over: nobody answered.', alert: true });
    expect(world.rooms.questions.look({ run }, id)).toEqual({ kind: 'expired' });
  });

  it('is withdrawn when its run ends, and answers come too late then', async () => {
    const { world, run, ask, labels, state } = setUp();
    const id = ask('Which city?', { options: ['Paris'] });
    const button = world.button(`question:${id}`, 'Paris');
    world.deliver(`question:${id}`);

    world.rooms.questions.withdraw(run);
    const { answer } = await world.presses(button);

    expect(state(id)).toBe('withdrawn');
    expect(answer?.text).toBe('Its run is over: nobody waits for the answer any more.');
    expect(world.textOf(`question:${id}`)).toContain('⚪️ The run is over: nothing was answered');
    expect(labels(`question:${id}`)).toEqual([]);
  });

  it('never comes when its run ends before its card was shown', () => {
    const { world, run, ask, state } = setUp();
    const id = ask('Which city?');

    world.rooms.questions.withdraw(run);

    expect(state(id)).toBe('withdrawn');
    expect(world.content(`question:${id}`)).toBeUndefined();
  });

  it('survives a restart of Nightdesk as a row with its card', () => {
    const { world, run, ask, state } = setUp();
    const id = ask('Which city?');

    world.restart();

    expect(state(id)).toBe('open');
    expect(world.rooms.questions.look({ run }, id)).toEqual({ kind: 'open' });
    expect(world.rooms.questions.expireDue(world.clock.now())).toBe(world.clock.now() + 30 * MINUTE);
  });

  it('shows no secret and no control character', () => {
    const { world, ask } = setUp();

    const id = ask('May I use 123456789:TEST-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\u0007?');

    expect(world.textOf(`question:${id}`)).toContain('May I use [secret]\uFFFD?');
  });

  it('proves that its run is alive', () => {
    const { world, run, ask } = setUp();

    ask('Which city?');

    expect(world.rooms.storage.runs.get(run)?.beatAt).toBe(world.clock.now());
  });
});

describe('a permission that a CLI asks for', () => {
  it('is shown with what it wants to run, what an answer for the run covers, and the deadline', () => {
    const { world, permission, labels } = setUp();

    const id = permission('req-1', 'rm -rf build &&\n  npm run build');

    const content = world.content(`question:${id}`);
    expect(world.textOf(`question:${id}`)).toBe(
      [
        '🔐 scout asks: may it use Bash? · run 1',
        '',
        'rm -rf build &&',
        '  npm run build',
        '“Allow for this run” covers: commands that begin with git push',
        '',
        '⏳ Decide by 13:10, or it is denied',
      ].join('\n'),
    );
    expect(content?.kind === 'text' && content.body.entities.map(({ type }) => type)).toContain('pre');
    expect(labels(`question:${id}`)).toEqual(['Allow once', 'Deny', 'Allow for this run']);
  });

  it.each([
    ['Allow once', 'once', 'Allowed once.', '✅ Allowed once 13:00 by Ada'],
    ['Allow for this run', 'run', 'Allowed for this run.', '✅ Allowed for this run 13:00 by Ada'],
    ['Deny', 'deny', 'Denied.', '🚫 Denied 13:00 by Ada'],
  ])('is delivered once as decided by %s', async (label, decided, said, shown) => {
    const { world, run, permission, labels } = setUp();
    const id = permission('req-1');

    const { answer } = await world.presses(world.button(`question:${id}`, label));

    expect(answer?.text).toBe(said);
    expect(world.textOf(`question:${id}`)).toContain(shown);
    expect(labels(`question:${id}`)).toEqual([]);
    expect(world.rooms.questions.undelivered(run)).toMatchObject([{ id, request: 'req-1', permission: decided }]);
    world.rooms.questions.delivered(id);
    expect(world.rooms.questions.undelivered(run)).toEqual([]);
  });

  it('wakes the runner when it is decided', async () => {
    const { world, permission } = setUp();
    const id = permission('req-1');
    let wakes = 0;
    world.rooms.storage.onChange('runs', () => (wakes += 1));

    await world.presses(world.button(`question:${id}`, 'Deny'));

    expect(wakes).toBe(1);
  });

  it('counts as denied when nobody answers in time, and both card and agent are told', async () => {
    const { world, run, permission } = setUp();
    const id = permission('req-1');

    await world.clock.pass(10 * MINUTE);
    world.rooms.questions.expireDue(world.clock.now());

    expect(world.rooms.questions.undelivered(run)).toEqual([
      { id, request: 'req-1', permission: 'deny', reason: 'nobody answered within 10 min, so it counts as denied' },
    ]);
    expect(world.textOf(`question:${id}`)).toContain('⌛ Denied 13:10: nobody answered in time');
  });

  it('is one question when the same request comes again', () => {
    const { world, permission } = setUp();

    expect(permission('req-1')).toBe(permission('req-1', 'something else'));
    expect(world.textOf('question:1')).toContain('git push');
  });

  it('is not given by a text', async () => {
    const { world, permission, state } = setUp();
    const id = permission('req-1');

    const said = await world.says('yes', { replyTo: world.deliver(`question:${id}`) });

    expect(said).toBe('I take no permission from a text: press one of the buttons on its card.');
    expect(state(id)).toBe('open');
  });

  it('is no answer to a question of an agent with the same name', () => {
    const { world, run, ask, permission } = setUp();
    const asked = ask('Which city?', { key: 'req-1' });
    const id = permission('req-1');

    expect(id).not.toBe(asked);
    expect(world.rooms.questions.look({ run }, id)).toEqual({ kind: 'unknown' });
  });

  it('goes whole into a file when it is too long for a message, and its card stays one', async () => {
    const { world, permission, labels } = setUp();
    const command = `cat <<'EOF' > notes.txt\n${'a line of notes\n'.repeat(400)}EOF\nrm -rf /srv`;

    const id = permission('req-1', command);

    const content = world.content(`question:${id}`);
    expect(content).toMatchObject({ kind: 'document', content: command });
    expect(world.textOf(`question:${id}`)?.length).toBeLessThanOrEqual(1024);
    expect(world.textOf(`question:${id}`)).toContain('📄 The whole of it is in the file.');
    expect(labels(`question:${id}`)).toEqual(['Allow once', 'Deny', 'Allow for this run']);
    await world.presses(world.button(`question:${id}`, 'Deny'));
    expect(world.content(`question:${id}`)).toMatchObject({ kind: 'document', content: command, buttons: [] });
  });

  it('says in full what an answer for the run covers, in the file when it is long', () => {
    const { world, permission } = setUp();
    const covers = 'any of these commands: '.concat('make all, '.repeat(100), 'rm');

    const id = permission('req-1', 'make', covers);

    const content = world.content(`question:${id}`);
    expect(content?.kind === 'document' && content.content).toContain(covers);
  });

  it.each([
    ['in another order', 'echo \u202egpj.exe', 'echo \\u{202e}gpj.exe'],
    ['not at all', 'rm\u200b -rf\u0008', 'rm\\u{200b} -rf\\u{8}'],
  ])('shows what a phone would show %s as an escape', (_how, command, shown) => {
    const { world, permission } = setUp();

    expect(world.textOf(`question:${permission('req-1', command)}`)).toContain(shown);
  });

  it('shows no secret', () => {
    const { world, permission } = setUp();

    const id = permission('req-1', 'curl -H "Authorization: Bearer abcdefghijklmnopqrstuvwxyz"');

    expect(JSON.stringify(world.content(`question:${id}`))).not.toContain('abcdefghijklmnopqrstuvwxyz');
    expect(world.content(`question:${id}`)).toMatchObject({
      kind: 'text',
      body: { entities: [{ type: 'bold' }, { type: 'pre' }, {}] },
    });
  });

  it('is denied without a card when dozens of it are open already', () => {
    const { world, run, permission, state } = setUp();
    for (let n = 0; n < 20; n += 1) permission(`req-${n}`);

    const id = permission('req-20');

    expect(state(id)).toBe('answered');
    expect(world.content(`question:${id}`)).toBeUndefined();
    expect(world.rooms.questions.undelivered(run)).toMatchObject([{ request: 'req-20', permission: 'deny' }]);
  });

  it('is denied unread when nobody could read it, and its card says so', () => {
    const { world, run, permission, labels } = setUp();

    const id = permission('req-1', 'x'.repeat(1024 * 1024 + 1));

    expect(world.rooms.questions.undelivered(run)).toMatchObject([
      { permission: 'deny', reason: 'it is too long for a person to read, so it counts as denied' },
    ]);
    expect(world.textOf(`question:${id}`)).toContain('🚫 Denied 13:00 by nightdesk');
    expect(labels(`question:${id}`)).toEqual([]);
    const content = world.content(`question:${id}`);
    expect(content?.kind === 'document' && content.content).toContain('… cut here: it has 1048577 characters');
  });

  it('is denied when it does not say what it wants, since a yes would be one to anything', () => {
    const { world, run, permission, labels } = setUp();

    const id = permission('req-1', ' \n');

    expect(world.rooms.questions.undelivered(run)).toMatchObject([
      { permission: 'deny', reason: 'it does not say what it wants to do, so it counts as denied' },
    ]);
    expect(labels(`question:${id}`)).toEqual([]);
  });

  it('is settled by no button of another question', async () => {
    const { world, permission, state } = setUp();
    const [first, second] = [permission('req-1'), permission('req-2')];
    const [, , ...rest] = world.button(`question:${first}`, 'Allow once').split(':');

    const { answer } = await world.presses(['choose', second, ...rest].join(':'));

    expect(answer?.alert).toBe(true);
    expect(state(second)).toBe('open');
  });
});

describe('settled questions', () => {
  it('are dropped when they are older than what is kept, and open ones are not', async () => {
    const { world, ask, state } = setUp();
    const [old, open] = [ask('Old?', { options: ['Yes'] }), ask('Open?')];
    await world.presses(world.button(`question:${old}`, 'Yes'));

    world.rooms.storage.transaction(() => world.rooms.storage.purges.sweep('question', world.clock.now() + 1, 0, 100));

    expect([state(old), state(open)]).toEqual([undefined, 'open']);
  });
});
