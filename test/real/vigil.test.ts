import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { RunRow } from '../../storage/run-store.ts';
import type { ModelAnswer, ModelRequest, ModelServerOptions } from '../models/model-server.ts';
import { eventually, findRealCli, openRealFleet, type RealFleet, sentTo, TEST_TIMEOUT_MS } from './stage.ts';

vi.setConfig({ testTimeout: TEST_TIMEOUT_MS, hookTimeout: TEST_TIMEOUT_MS });

type AskedFleet = Pick<RealFleet<'asked' | 'late'>, 'runs' | 'models'>;

const QUESTION = 'Nightdesk asks for a sign of life';
const DONE: ModelAnswer = { kind: 'text', text: 'All done.' };
/** Long enough for five CLIs to start at once on a busy machine, and to answer: they are asked after 12 s. */
const HEARTBEAT_MS = 20_000;

/**
 * A model that only repeats itself, which is no sign of life, and slowly: one call once its agent was asked, and a beat once it has read
 * that; it ends when a heartbeat that had missed the beat would have been told.
 */
function createSlowModel(
  fleet: () => AskedFleet,
  repeat: ModelAnswer,
  beat: ModelAnswer,
): { readonly answers: readonly [ModelAnswer]; readonly server: ModelServerOptions } {
  let hasRead = false;
  async function onRequest(request: ModelRequest, index: number): Promise<void> {
    // The first call is new, and the last sign of life by itself.
    if (index === 0) return;
    const { models, runs } = fleet();
    const run = (): RunRow | undefined => runs('asked')[0];
    if (!hasRead && JSON.stringify(request.body).includes(QUESTION)) {
      hasRead = true;
      models.asked.script(beat, DONE);
    }
    await eventually('it is asked', () => (run()?.askedAt ?? null) !== null);
    if ((run()?.beatAt ?? null) === null) return;
    const signAt = models.asked.requests[1]?.at ?? 0;
    await eventually('a beat was due', () => Date.now() > signAt + HEARTBEAT_MS + 1_500);
  }
  return { answers: [repeat], server: { onRequest } };
}

/** A model whose last words come only after its agent was asked: the question waits behind them. */
function createLateModel(
  fleet: () => AskedFleet,
  call: ModelAnswer,
  beat: ModelAnswer,
): { readonly answers: readonly [ModelAnswer, ...ModelAnswer[]]; readonly server: ModelServerOptions } {
  async function onRequest(_request: ModelRequest, index: number): Promise<void> {
    if (index !== 1) return;
    await eventually('it is asked', () => (fleet().runs('late')[0]?.askedAt ?? null) !== null);
    // The row is written first, and the question a moment later.
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
  return { answers: [call, DONE, beat, DONE], server: { onRequest } };
}

describe.skipIf(findRealCli('claude') === undefined)('the vigil over a real claude', () => {
  let fleet: RealFleet<'asked' | 'late' | 'silent' | 'looping' | 'restarted'>;
  const bash = (command: string) =>
    ({ kind: 'tool', name: 'Bash', input: { command, description: 'a command' } }) as const;

  beforeAll(async () => {
    const beat: ModelAnswer = { kind: 'tool', name: 'mcp__nightdesk__beat', input: { note: 'thinking' } };
    const allowed = { permissions: 'allow', heartbeat: `${HEARTBEAT_MS / 1_000}s` };
    fleet = await openRealFleet('claude', {
      asked: {
        ...createSlowModel(() => fleet, bash('echo busy'), beat),
        entry: allowed,
      },
      late: {
        ...createLateModel(() => fleet, bash('echo busy'), beat),
        entry: allowed,
      },
      silent: {
        answers: [{ ...bash('cat feed.xml'), text: 'I read the feed now.' }, { kind: 'hang' }],
        entry: allowed,
      },
      looping: {
        answers: [bash('cat job-1.json')],
        server: { onRequest: () => new Promise((resolve) => setTimeout(resolve, 300)) },
        entry: allowed,
      },
      restarted: {
        answers: [bash('echo the-first-run'), { kind: 'hang' }, DONE],
        entry: { ...allowed, on_stuck: 'restart' },
      },
    });
    await fleet.start();
  });

  afterAll(async () => {
    await fleet?.close();
  });

  it('asks claude on its stdin, and takes its beat for a sign of life, when it does nothing new for long', async () => {
    const run = await fleet.ended('asked');

    expect(run).toMatchObject({ state: 'done', beatNote: 'thinking' });
    expect(sentTo(fleet.models.asked)).toContain(QUESTION);
    expect(fleet.incidents('heartbeat').filter(({ title }) => title.includes('asked'))).toEqual([]);
    expect(fleet.incidents('stuck').filter(({ title }) => title.includes('asked'))).toEqual([]);
  });

  it('lets claude answer after its last words, and the run be done, when it is asked while it says them', async () => {
    const run = await fleet.ended('late');

    expect(run).toMatchObject({ state: 'done', beatNote: 'thinking', exit: 'exit 0' });
    expect(fleet.models.late.requests).toHaveLength(4);
  });

  it('tells of claude with its last words, when it does not answer', async () => {
    const alert = await fleet.told('silent has given no sign of life for');

    expect(alert).toMatchObject({ kind: 'heartbeat', agents: ['silent'] });
    expect(alert.evidence).toMatch(/I read the feed now\.[^]*Bash: cat feed\.xml/);
    expect(alert.note).toMatch(/It was asked \d+ s ago, and did not answer/);
  });

  it('tells what claude does over and over, when it makes one call again and again', async () => {
    const alert = await fleet.told('looping is stuck: it does the same over and over');

    expect(alert).toMatchObject({ kind: 'stuck', agents: ['looping'] });
    expect(alert.evidence).toMatch(/^Over and over: Bash: cat job-1\.json \d+ times in \d+ s/);
  });

  it('begins a session anew, when claude was silent and fleet.yaml says restart', async () => {
    const stuck = await fleet.ended('restarted');
    const fresh = await fleet.ended('restarted', 2);

    expect(stuck).toMatchObject({ state: 'failed', failure: 'stuck' });
    expect(fresh).toMatchObject({ state: 'done', cause: 'resumed' });
    expect(fresh.resumeToken).not.toBe(stuck.resumeToken);
    const [, , request] = fleet.models.restarted.requests;
    expect(JSON.stringify(request?.body)).not.toContain('the-first-run');
    expect((await fleet.recovered('restarted has given no sign of life')).state).toBe('resolved');
  });
});

describe.skipIf(findRealCli('codex') === undefined)('the vigil over a real codex', () => {
  let fleet: RealFleet<'asked' | 'late'>;

  beforeAll(async () => {
    const call: ModelAnswer = { kind: 'tool', name: 'exec_command', input: { cmd: 'echo busy' } };
    const input = { note: 'thinking' };
    const beat: ModelAnswer = { kind: 'tool', name: 'beat', namespace: 'mcp__nightdesk', input };
    const entry = { heartbeat: `${HEARTBEAT_MS / 1_000}s` };
    fleet = await openRealFleet('codex', {
      asked: { ...createSlowModel(() => fleet, call, beat), entry },
      late: { ...createLateModel(() => fleet, call, beat), entry },
    });
    await fleet.start();
  });

  afterAll(async () => {
    await fleet?.close();
  });

  it('steers the turn of codex, and takes its beat for a sign of life, when it does nothing new for long', async () => {
    const run = await fleet.ended('asked');

    expect(run).toMatchObject({ state: 'done', beatNote: 'thinking' });
    expect(sentTo(fleet.models.asked)).toContain(QUESTION);
    expect(fleet.log(run)).toMatch(/"id":"steer","result"/);
    expect([...fleet.incidents('heartbeat'), ...fleet.incidents('stuck')]).toEqual([]);
  });

  it('lets codex answer after its last words, and the run be done, when it is asked while it says them', async () => {
    const run = await fleet.ended('late');

    expect(run).toMatchObject({ state: 'done', beatNote: 'thinking' });
    expect(fleet.models.late.requests).toHaveLength(4);
  });
});
