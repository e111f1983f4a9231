import { describe, expect, it } from 'vitest';
import { type AskSetting, askOwner } from '../../src/gateway/asking.ts';
import type { GatewayCall, GatewayOutcome } from '../../src/gateway/gateway-client.ts';

const ASK = { text: 'Go?' };
const OPEN: GatewayOutcome = { kind: 'done', answer: { id: 1, key: 'ask-1', state: 'open' } };
const ANSWERED: GatewayOutcome = { kind: 'done', answer: { id: 1, state: 'answered', answer: 'Yes' } };
const AWAY: GatewayOutcome = { kind: 'unavailable', reason: 'ECONNREFUSED', maybe: false };

/** A gateway that gives these outcomes, one a poll, the last one for ever; every poll takes as long as it waits. */
function setUp(outcomes: readonly GatewayOutcome[], changes: Partial<AskSetting> = {}) {
  const calls: GatewayCall[] = [];
  let now = 0;
  let pauses = 0;
  const gone = new AbortController();
  const setting: AskSetting = {
    call: (call) => {
      calls.push(call);
      now += call.waitsMs ?? 0;
      return Promise.resolve(outcomes[Math.min(calls.length, outcomes.length) - 1] ?? AWAY);
    },
    now: () => now,
    pause: async () => {
      pauses += 1;
      now += 1_000;
    },
    pollSeconds: 20,
    limitMs: 50_000,
    gone: gone.signal,
    ...changes,
  };
  return { setting, calls, gone, pauses: () => pauses };
}

describe('asking the owner', () => {
  it('asks once and polls until there is an answer', async () => {
    const { setting, calls } = setUp([OPEN, OPEN, ANSWERED]);

    expect(await askOwner(ASK, setting)).toEqual({ kind: 'answered', answer: 'Yes' });
    expect(calls.map(({ method, target }) => `${method} ${target}`)).toEqual([
      'POST /v1/ask',
      'GET /v1/answer?id=1&wait=20',
      'GET /v1/answer?id=1&wait=20',
    ]);
  });

  it('gives the key to go on with when its limit is reached, and waits no second longer', async () => {
    const { setting, calls } = setUp([OPEN]);

    expect(await askOwner(ASK, setting)).toEqual({ kind: 'open', key: 'ask-1' });
    expect(calls.slice(1).map(({ waitsMs }) => waitsMs)).toEqual([20_000, 20_000, 10_000]);
  });

  it('goes on after the gateway was away for less than two minutes', async () => {
    const { setting, pauses } = setUp([OPEN, AWAY, AWAY, AWAY, ANSWERED], { limitMs: Number.POSITIVE_INFINITY });

    expect(await askOwner(ASK, setting)).toEqual({ kind: 'answered', answer: 'Yes' });
    expect(pauses()).toBe(3);
  });

  it('gives up when the gateway is away for longer', async () => {
    const { setting, calls } = setUp([OPEN, AWAY], { limitMs: Number.POSITIVE_INFINITY });

    expect(await askOwner(ASK, setting)).toEqual(AWAY);
    expect(calls.length).toBeLessThan(10);
  });

  it('counts each absence of the gateway anew', async () => {
    const absence = [AWAY, AWAY, AWAY, AWAY, OPEN];
    const { setting } = setUp([OPEN, ...absence, ...absence, ANSWERED], { limitMs: Number.POSITIVE_INFINITY });

    expect(await askOwner(ASK, setting)).toEqual({ kind: 'answered', answer: 'Yes' });
  });

  it('stops when nobody wants the answer any more', async () => {
    const { setting, calls, gone } = setUp([OPEN]);
    gone.abort();

    expect(await askOwner(ASK, setting)).toEqual({ kind: 'open', key: 'ask-1' });
    expect(calls).toHaveLength(1);
  });

  it('takes no answer that it cannot read for one', async () => {
    const { setting } = setUp([{ kind: 'done', answer: { id: 1, key: 'ask-1', state: 'maybe' } }]);

    expect(await askOwner(ASK, setting)).toMatchObject({ kind: 'unavailable' });
  });
});
