import { afterEach, describe, expect, it } from 'vitest';
import { agentsUnder, badLogLines, fixture, openStage, type Stage, until } from './program.ts';

const stages: Stage[] = [];

afterEach(async () => {
  await Promise.all(stages.splice(0).map((stage) => stage.close()));
});

/** An agent that reports what the file of its name says, one tool a line, each time that the file changes; then it waits. */
const REPORTER = `
import { existsSync, readFileSync } from 'node:fs';
let told = '';
for (;;) {
  const text = existsSync(process.argv[2]) ? readFileSync(process.argv[2], 'utf8') : '';
  if (text !== told) {
    told = text;
    for (const line of text.split('\\n').filter(Boolean)) {
      const [tool, kind = 'other'] = line.split(' ');
      await fetch(process.env.NIGHTDESK_URL + '/v1/fail', {
        method: 'POST',
        headers: { authorization: 'Bearer ' + process.env.NIGHTDESK_TOKEN, 'content-type': 'application/json' },
        body: JSON.stringify({ tool, kind, text: 'it broke' }),
      });
    }
  }
  await new Promise((resolve) => setTimeout(resolve, 100));
}
`;

/** A fleet whose scout reports what the file `tools` says, and whose fallback appends what it is told to the file `told`. */
async function openReporting(alerts: string): Promise<Stage> {
  const stage = await openStage();
  stages.push(stage);
  const reporter = stage.write('reporter.mjs', REPORTER);
  const fallback = stage.write('fallback.sh', 'cat >> "$1"\n');
  stage.fleet(
    `alerts: { fallback: [sh, ${fallback}, ${stage.path('told')}]${alerts} }\n` +
      `credentials:\n  mail: { check: [${fixture('check-token.sh')}, ${stage.write('token', 'good\n')}], check_every: 1h }\n` +
      `agents:\n  scout: { runtime: command, command: [${process.execPath}, ${reporter}, ${stage.path('tools')}], schedule: continuous, credentials: [mail] }\n`,
  );
  return stage;
}

function tools(from: number, to: number): string {
  return Array.from({ length: to - from + 1 }, (_, index) => `tool-${from + index}\n`).join('');
}

function alerts(stage: Stage): readonly string[] {
  return stage.sandbox
    .messages()
    .filter(
      ({ from, text }) => from === 'bot' && /reports:|incidents? more at once|could not be reached|is dead/.test(text),
    )
    .map(({ text }) => text);
}

function told(stage: Stage): string {
  return stage.list('.').includes('told') ? stage.read('told') : '';
}

describe('incidents, end to end', () => {
  it('a hundred at once are four messages, one press acknowledges the rest, and /incidents names the first', async () => {
    const stage = await openReporting('');
    await stage.startReady();

    stage.write('tools', tools(1, 100));
    const storm = await stage.says('97 incidents more at once');
    await stage.press(storm, 'Ack');
    await stage.message(({ id, text }) => id === storm.id && text.includes('Acknowledged: 97.'));
    const messages = alerts(stage);
    stage.sandbox.userSays('/incidents');
    const list = await stage.says('100 open incidents');

    expect(messages).toHaveLength(4);
    expect(list.text).toContain('#1 scout reports: tool-1 failed (other)');
    expect(list.text).toContain('shown ');
  });

  it('a dead login that nobody acknowledges is sent anew with a sound, and over the fallback, until it is acknowledged', async () => {
    const stage = await openReporting(', repeat: 3s');
    await stage.startReady();

    stage.write('token', 'bad\n');
    stage.write('tools', 'mail auth\n');
    const first = await stage.says('mail', 'is dead', 'Told again below');
    const second = await stage.message(({ id, text }) => id > first.id && text.includes('is dead'));
    await until(() => told(stage).includes('Nobody has acknowledged 1 open incident'), 'the fallback told of it');
    const newest = await stage.message(
      ({ id, text, buttons }) => id >= second.id && text.includes('is dead') && buttons.length > 0,
    );
    await stage.press(newest, 'Ack');
    await stage.message(({ id, text }) => id >= newest.id && text.includes('acknowledged'));

    expect(first.buttons.flat()).toEqual([]);
    expect(second.silent).toBe(false);
    expect(told(stage)).toMatch(/#\d+ critical, for \d+ s: .*mail.* is dead \(scout\)/i);
  });

  it('what comes while Telegram is down goes over the fallback in one text, and afterwards into one digest', async () => {
    const stage = await openReporting('');
    const program = await stage.startReady();
    await until(() => agentsUnder(stage.folder).length > 0, 'the agent runs');
    stage.sandbox.setFault({ kind: 'down' });

    stage.write('token', 'bad\n');
    stage.write('tools', `${tools(1, 60)}mail auth\n`);
    await until(() => told(stage) !== '', 'the fallback told of it', 120_000);
    const text = told(stage);
    stage.sandbox.setFault(undefined);
    const digest = await stage.says('While Telegram could not be reached');
    await until(() => stage.sandbox.messages().length >= 4, 'all of it is there');

    expect(text).toMatch(/^Nightdesk: Telegram does not show \d+ open incidents\.\n#\d+ critical, /);
    expect(text.match(/Nightdesk:/g)).toHaveLength(1);
    expect(digest.text).toMatch(/5\d incidents/);
    expect(alerts(stage).length).toBeLessThanOrEqual(6);
    expect(badLogLines(program.stderr(), [stage.token])).toEqual([]);
  }, 180_000);
});
