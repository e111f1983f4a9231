import { describe, expect, it } from 'vitest';
import { AGENT_TOOLS } from '../../src/gateway/agent-tools.ts';
import type { GatewayCall, GatewayOutcome } from '../../src/gateway/gateway-client.ts';

/** Calls the tool; `answer` is what the gateway says to whatever it is asked. */
async function use(given: object, answer: Record<string, unknown> = {}) {
  const calls: GatewayCall[] = [];
  const tool = AGENT_TOOLS.find(({ name }) => name === 'task');
  const call = (made: GatewayCall): Promise<GatewayOutcome> => {
    calls.push(made);
    return Promise.resolve({ kind: 'done', answer });
  };
  const setting = { call, now: () => 0, gone: new AbortController().signal } as unknown as Parameters<
    NonNullable<typeof tool>['run']
  >[1];
  return { said: await tool?.run(given, setting), calls };
}

describe('the tool task', () => {
  it('claims what a model can read at once, and says so when there is nothing', async () => {
    const { said, calls } = await use({ action: 'claim' }, { task: null });

    expect(said).toEqual({ text: 'There is no task for this run.', isError: false });
    expect(calls).toMatchObject([{ target: '/v1/task/claim', body: { short: true }, repeatable: true }]);
  });

  it('hands over, shows, hands in and ends', async () => {
    const add = await use({ action: 'add', for: 'scout', title: 'Look', phases: ['a'] }, { id: 5 });
    const show = await use({ action: 'show', id: 5, phase: 'a b' }, { output: 'what a gave' });
    const hand = await use({ action: 'phase-done', id: 5, output: 'out' });
    const fail = await use({ action: 'fail', id: 5, reason: 'gone' });

    expect(add.said).toEqual({ text: '5', isError: false });
    expect(add.calls).toMatchObject([
      { body: { for: 'scout', title: 'Look', brief: '', phases: ['a'] }, repeatable: false },
    ]);
    expect(show.said?.text).toBe('what a gave');
    expect(show.calls[0]?.target).toBe('/v1/task?id=5&phase=a%20b&short=true');
    expect(hand.calls).toMatchObject([{ target: '/v1/task/phase-done', body: { id: 5, output: 'out' } }]);
    expect(fail.calls).toMatchObject([{ target: '/v1/task/fail', body: { id: 5, reason: 'gone' } }]);
    expect(fail.said).toEqual({ text: 'Noted.', isError: false });
  });

  it.each([
    [{ action: 'add', for: 'scout' }, 'add needs `for` (an agent) and `title`'],
    [{ action: 'done' }, 'done needs `id`, the number of the task'],
    [{ action: 'phase-done', id: 5 }, 'phase-done needs `output`: what the phase gave, whole'],
    [{ action: 'phase-done', id: 5, output: ' ' }, 'output must not be empty: the later phases build on it'],
    [{ action: 'fail', id: 5 }, 'fail needs `reason`: why it cannot be done'],
    [{ action: 'claims' }, 'action must be one of claim, show, add, phase-done, done, fail'],
    [
      { action: 'add', for: 'scout', title: 'T', phases: ['a', 'a'] },
      'phases must differ from each other: "a" is there twice',
    ],
  ])('says what is missing or wrong in %j', async (given, text) => {
    const { said, calls } = await use(given);

    expect(said).toEqual({ text, isError: true });
    expect(calls).toEqual([]);
  });
});
