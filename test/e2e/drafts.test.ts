import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import { agentsUnder, badLogLines, fixture, openStage, OWNER, type Stage, until } from './program.ts';

const stages: Stage[] = [];

afterEach(async () => {
  await Promise.all(stages.splice(0).map((stage) => stage.close()));
});

/** A fleet with one agent that hands in these texts, one run each, and a publisher. */
async function open(texts: readonly (string | Uint8Array)[], publisher: (stage: Stage) => string): Promise<Stage> {
  const stage = await openStage();
  stages.push(stage);
  const writers = texts.map((text, index) => {
    const file = stage.write(`text-${index}`, text);
    return `  writer${index}: { runtime: command, command: [${fixture('submit-draft.sh')}, ${file}, --kind, reply, --to, "@ada"], schedule: every 24h }\n`;
  });
  stage.fleet(
    `agents:\n${writers.join('')}  poster: { runtime: command, command: ${publisher(stage)}, publishes: [reply] }\n` +
      'drafts: { kinds: { reply: { window: 4h } } }\n',
  );
  return stage;
}

function recorder(stage: Stage): string {
  return `[${fixture('record-stdin.sh')}, ${stage.path('published')}]`;
}

function hanger(stage: Stage): string {
  return `[${fixture('hang-publisher.sh')}, ${stage.path('hung')}]`;
}

interface Status {
  readonly agents: readonly { readonly name: string; readonly lastRun: { readonly state: string } | null }[];
  readonly outbox: { readonly waiting: number };
}

async function statusOf(stage: Stage): Promise<Status> {
  const program = stage.nightdesk(['status', '--config', 'fleet.yaml', '--json']);
  await program.ended;
  return JSON.parse(program.stdout()) as Status;
}

interface Published {
  readonly id: number;
  readonly hash: string;
  readonly body: string;
}

function published(stage: Stage): Published[] {
  return stage
    .list('published')
    .filter((name) => name.endsWith('.json'))
    .map((name) => JSON.parse(stage.read(`published/${name}`)) as Published);
}

describe('a draft, end to end', () => {
  it('goes out once with exactly the fields of the contract, and its card shows where, when it is approved', async () => {
    const stage = await open(['Hello Ada\n'], recorder);
    const program = await stage.startReady();
    const card = await stage.says('Draft #1', 'Hello Ada');

    await stage.press(card, 'Approve');
    const after = await stage.message((message) => message.id === card.id && message.text.includes('Published'));
    const late = await stage.press({ ...card, buttons: [] }, 'Approve').catch((error: Error) => error.message);

    const [draft] = published(stage);
    expect(draft).toEqual({
      id: 1,
      revision: 1,
      hash: createHash('sha256').update('Hello Ada\n').digest('hex'),
      kind: 'reply',
      agent: 'writer0',
      to: '@ada',
      url: null,
      context: null,
      body: 'Hello Ada\n',
      attempt: 1,
      approved_by: OWNER,
      approved_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
    });
    expect(after.entities.map((entity) => entity.url)).toContain('https://social.example/p/1');
    expect(after.buttons).toEqual([]);
    expect(late).toContain('has no button');
    expect(published(stage)).toHaveLength(1);
    expect(await program.stop()).toBe(0);
    expect(badLogLines(program.stderr(), [stage.token, stage.token.split(':')[1] ?? '-'])).toEqual([]);
  });

  it('keeps its text byte for byte, whatever it is written in', async () => {
    const texts = [
      '👩‍👩‍👧 naïve café 🇩🇪\n',
      'مرحبا بالعالم ‏(שלום)‏\nزيادة',
      '  two leading blanks, trailing blanks  \n\n\n',
      '\ttab\r\nCRLF *bold* _x_ <b>&amp; `code` {"json": "\\u0041"}',
      `${'ß'.repeat(524_288)}`,
    ];
    const stage = await open(texts, recorder);
    const program = await stage.startReady();
    const cards = await Promise.all(texts.map((_, index) => stage.says(' by ', `writer${index}`)));

    for (const card of cards) await stage.press(card, 'Approve');
    await until(() => published(stage).length === texts.length, 'all went out');

    const bodies = published(stage).map((draft) => draft.body);
    expect(texts.filter((text) => !bodies.includes(text)).map((text) => text.slice(0, 40))).toEqual([]);
    expect(
      published(stage).every((draft) => draft.hash === createHash('sha256').update(draft.body).digest('hex')),
    ).toBe(true);
    expect(await program.stop()).toBe(0);
  });

  it('comes as a document with Approve on it when it does not fit a message', async () => {
    const text = `${'A long story. '.repeat(600)}\n`;
    const stage = await open([text], recorder);
    const program = await stage.startReady();
    const card = await stage.message((message) => message.document !== undefined);

    const file = await (await fetch(`${stage.sandbox.apiRoot}${card.document?.url}`)).text();
    await stage.press(card, 'Approve');
    await until(() => published(stage).length === 1, 'it went out');

    expect(file).toBe(text);
    expect(published(stage)[0]?.body).toBe(text);
    expect(await program.stop()).toBe(0);
  });

  it('still can be approved on its old card after kill -9 and a restart, and the run that was cut off is lost and swept', async () => {
    const stage = await open(['Hello again\n'], recorder);
    stage.write(
      'fleet.yaml',
      stage.read('fleet.yaml').replace(
        'agents:\n',
        // Under bubblewrap they would die with Nightdesk: nothing would be left to sweep.
        `containment: group\nagents:\n  slow: { runtime: command, command: [${fixture('fork-child.sh')}], schedule: every 24h }\n`,
      ),
    );
    const first = await stage.startReady();
    const card = await stage.says('Draft #1', 'Hello again');
    const leftovers = await until(() => {
      const pids = agentsUnder(stage.folder);
      return pids.length >= 2 ? pids : undefined;
    }, 'the slow agent and its child run');

    while ((await statusOf(stage)).outbox.waiting > 0); // Killed earlier, it would rightly send the card again.

    await first.kill();
    expect(agentsUnder(stage.folder).length).toBeGreaterThanOrEqual(2);
    const second = await stage.startReady();
    await until(() => !leftovers.some((pid) => agentsUnder(stage.folder).includes(pid)), 'the leftovers are swept');
    await stage.press(card, 'Approve');
    await until(() => published(stage).length === 1, 'it went out');

    const { agents } = await statusOf(stage);
    expect(agents.find((agent) => agent.name === 'slow')?.lastRun?.state).toBe('lost');
    expect(await second.stop()).toBe(0);
    expect(stage.sandbox.messages().filter((message) => message.text.startsWith(card.text.slice(0, 12)))).toHaveLength(
      1,
    );
  });

  it.each([
    ['It is live', 0, 'Published'],
    ['Publish again', 1, 'Published'],
  ])(
    'is of unknown fate when Nightdesk was killed while it went out, until the owner says "%s"',
    async (answer, more, end) => {
      const stage = await open(['Only once\n'], hanger);
      const first = await stage.startReady();
      const card = await stage.says('Draft #1', 'Only once');
      await stage.press(card, 'Approve');
      const took = (): number => stage.list('hung').filter((name) => name.startsWith('took-')).length;
      await until(() => took() === 1, 'the publisher has the draft');

      await first.kill();
      const second = await stage.startReady();
      const question = await stage.message((message) =>
        message.buttons.flat().some((button) => button.text === answer),
      );
      await stage.message((message) => message.id === card.id && message.text.includes('❓'));
      expect(took()).toBe(1);
      stage.write('hung/go', '');
      await stage.press(question, answer);
      await stage.message((message) => message.id === card.id && message.text.includes(end));

      expect(took()).toBe(1 + more);
      expect(await second.stop()).toBe(0);
    },
  );

  it('goes back to the owner with the reason when its publisher fails, and goes out when it is approved again', async () => {
    const stage = await open(['Try me\n'], (of) => `[${fixture('record-stdin.sh')}, ${of.path('published')}, "3"]`);
    const program = await stage.startReady();
    const card = await stage.says('Draft #1', 'Try me');

    await stage.press(card, 'Approve');
    const failure = await stage.message((message) => message.reply_to === card.id);
    const again = await stage.message(
      (message) => message.id === card.id && message.buttons.flat().some((button) => button.text.includes('Approve')),
    );
    await stage.press(again, 'Approve');
    await until(() => published(stage).length === 2, 'it was tried again');

    expect(failure.text).toContain('exit 3');
    expect(again.text).toContain('exit 3');
    expect(await program.stop()).toBe(0);
  });
});
