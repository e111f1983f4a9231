import { beforeEach, describe, expect, it } from 'vitest';
import type { RunRow } from '../../storage/run-store.ts';
import { createSettlingWorld, type SettlingWorld } from './settling-world.ts';

const SECOND = 1_000;

let world: SettlingWorld;
let run: RunRow;

beforeEach(() => {
  world = createSettlingWorld(`timezone: UTC
telegram: { owners: [1] }
credentials: { email: {}, model: {} }
agents:
  scout:
    runtime: claude
    prompt: ./prompts/scout.md
    schedule: every 5m
    credentials: [email]
    failure_modes:
      - { tool: email, on: auth, then: alert }
      - { tool: search, on: rate-limit, then: { wait: 2s, retry: 1, else: alert } }
      - { tool: feed, on: other, then: { wait: 2s, retry: 2, else: skip } }
      - { tool: files, on: not-found, then: skip }
      - { tool: claude, on: auth, then: alert }
`);
  run = world.begin('scout');
});

function stopReason(): string | null {
  return world.current(run).stopReason;
}

describe('failures of tools that a stream shows', () => {
  it('open the incident of a credential at the first refusal of a tool whose mode is alert', () => {
    world.toolFailures.seen(run, 'mcp__email__send', 'HTTP 401 Unauthorized');

    expect(world.open()).toEqual(['auth:email']);
    expect(world.incident('auth:email')?.evidence).toContain('email: HTTP 401 Unauthorized');
    expect(stopReason()).toBeNull();
  });

  it('end the run at the second refusal: that was a silent retry', async () => {
    world.toolFailures.seen(run, 'mcp__email__send', 'HTTP 401 Unauthorized');
    await world.clock.pass(3 * SECOND);
    world.toolFailures.seen(run, 'mcp__email__list', 'HTTP 401 Unauthorized');

    expect(stopReason()).toBe('it used email again after a failure that only you can mend');
    expect(world.messages()).toHaveLength(1);
  });

  it('do not end a run for calls that were made side by side', async () => {
    const begunAt = world.clock.now();
    await world.clock.pass(10 * SECOND);
    world.toolFailures.seen(run, 'email', 'HTTP 401 Unauthorized', begunAt);
    await world.clock.pass(10 * SECOND);
    world.toolFailures.seen(run, 'email', 'HTTP 401 Unauthorized', begunAt);
    expect(stopReason()).toBeNull();

    world.toolFailures.seen(run, 'email', 'HTTP 401 Unauthorized', world.clock.now());

    expect(stopReason()).not.toBeNull();
  });

  it('are one failure with what the agent reports of the same call', async () => {
    world.toolFailures.seen(run, 'email', 'HTTP 401 Unauthorized');
    await world.clock.pass(3 * SECOND);
    const answer = world.toolFailures.report(
      { run: run.id, agent: 'scout' },
      { tool: 'email', kind: 'auth', text: 'no' },
    );

    expect(answer).toEqual({ kind: 'answer', answer: 'alert' });
    expect(world.incident('auth:email')?.times).toBe(1);

    await world.clock.pass(3 * SECOND);
    world.toolFailures.seen(run, 'email', 'HTTP 401 Unauthorized');
    expect(stopReason()).not.toBeNull();
  });

  it('are one failure with a report that comes first', async () => {
    world.toolFailures.report({ run: run.id, agent: 'scout' }, { tool: 'email', kind: 'auth', text: 'no' });
    await world.clock.pass(3 * SECOND);
    world.toolFailures.seen(run, 'email', 'HTTP 401 Unauthorized');

    expect(stopReason()).toBeNull();
  });

  it('are told when the retries of a mode that waits are used up, and end the run only after that', async () => {
    world.toolFailures.seen(run, 'search', 'Error: rate limited (status 429)');
    expect(world.open()).toEqual([]);

    await world.clock.pass(3 * SECOND);
    world.toolFailures.seen(run, 'search', 'Error: rate limited (status 429)');
    expect(world.open()).toEqual(['report:scout:search:rate-limit']);
    expect(stopReason()).toBeNull();

    await world.clock.pass(3 * SECOND);
    world.toolFailures.seen(run, 'search', 'Error: rate limited (status 429)');
    expect(stopReason()).not.toBeNull();
  });

  it('count once with their reports, so that a mode keeps its retries', async () => {
    const report = (): unknown =>
      world.toolFailures.report({ run: run.id, agent: 'scout' }, { tool: 'feed', kind: 'other', text: 'odd' });
    const answers: unknown[] = [];
    for (let n = 0; n < 3; n += 1) {
      world.toolFailures.seen(run, 'feed', 'the feed is odd');
      await world.clock.pass(2 * SECOND);
      answers.push(report());
      await world.clock.pass(2 * SECOND);
    }

    expect(answers).toEqual(['wait 2', 'wait 2', 'skip'].map((answer) => ({ kind: 'answer', answer })));
    expect(world.open()).toEqual([]);
  });

  it('are nobody’s business where the mode skips them, is about another kind, or there is none', async () => {
    for (let n = 0; n < 3; n += 1) {
      world.toolFailures.seen(run, 'files', 'ENOENT: no such file');
      world.toolFailures.seen(run, 'email', 'the mailbox is full');
      world.toolFailures.seen(run, 'Grep', 'HTTP 401 Unauthorized');
      world.toolFailures.seen(run, 'claude', 'HTTP 401 Unauthorized');
      await world.clock.pass(5 * SECOND);
    }

    expect(world.open()).toEqual([]);
    expect(stopReason()).toBeNull();
    expect(world.messages()).toEqual([]);
  });

  it('leave no secret in the alert', () => {
    world.toolFailures.seen(run, 'email', 'HTTP 401 Unauthorized for TEST-secret');

    expect(world.messages().join()).toContain('[secret]');
    expect(world.messages().join()).not.toContain('TEST-secret');
  });
});

describe('failures of tools that agents report', () => {
  const report = (tool: string, kind: 'auth' | 'other' | 'rate-limit', credential?: string): unknown =>
    world.toolFailures.report(
      { run: run.id, agent: 'scout' },
      { tool, kind, text: 'busy', ...(credential === undefined ? {} : { credential }) },
    );

  it('are answered with the failure mode of the tool, however its name is written', () => {
    expect(report('Search', 'rate-limit')).toEqual({ kind: 'answer', answer: 'wait 2' });
    expect(report('mcp__search__query', 'rate-limit')).toEqual({ kind: 'answer', answer: 'alert' });
  });

  it('are refused where the agent has no such credential', () => {
    expect(report('model', 'auth', 'model')).toEqual({
      kind: 'refused',
      reason: 'scout has no credential "model"; it has: email',
    });
  });
});
