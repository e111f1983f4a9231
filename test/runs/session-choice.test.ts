import { describe, expect, it } from 'vitest';
import type { RunRow } from '../../storage/run-store.ts';
import { chooseSession, LOGIN_DIED, LOGIN_RENEWED } from '../../src/runs/session-choice.ts';
import { anAgent } from '../fakes/agents.ts';

const NOW = Date.UTC(2026, 0, 12, 9);
const HOUR = 3_600_000;

function ended(differences: Partial<RunRow>): RunRow {
  return {
    state: 'lost',
    failure: null,
    stopReason: null,
    resumeToken: 'session-1',
    wantedAt: NOW - HOUR,
    endedAt: NOW - HOUR,
    contextTokens: null,
    contextLimit: null,
    taskId: 5,
    phase: 2,
    compactedAt: null,
    flushReason: null,
    flushAskedAt: null,
    ...differences,
  } as RunRow;
}

function choose(...earlier: readonly RunRow[]) {
  return chooseSession(anAgent({ runtime: 'claude' }), { taskId: 5, phase: 2 }, earlier, NOW, 'new-id');
}

const RESUMED = { kind: 'resume', resumeToken: 'session-1' };
const BEGUN = { kind: 'new', id: 'new-id' };

describe('chooseSession', () => {
  it.each<[string, Partial<RunRow>, object]>([
    ['was lost with Nightdesk', { state: 'lost' }, RESUMED],
    ['was stopped because Nightdesk was', { state: 'stopped', stopReason: 'Nightdesk was stopped' }, RESUMED],
    ['was stopped because its login was renewed', { state: 'stopped', stopReason: LOGIN_RENEWED }, RESUMED],
    ['was stopped because its login died', { state: 'stopped', stopReason: LOGIN_DIED }, RESUMED],
    ['was stopped by its owner', { state: 'stopped', stopReason: 'paused by you' }, BEGUN],
    ['lost its login', { state: 'failed', failure: 'auth' }, RESUMED],
    ['met a usage limit', { state: 'failed', failure: 'rate-limit' }, RESUMED],
    ['did another phase', { phase: 1 }, BEGUN],
    ['did another task', { taskId: 4 }, BEGUN],
    ['had no task', { taskId: null, phase: null }, BEGUN],
    ['crashed', { state: 'failed', failure: 'crash' }, BEGUN],
    ['filled its context', { state: 'failed', failure: 'context' }, BEGUN],
    ['ended well', { state: 'done' }, BEGUN],
    ['told no session', { resumeToken: null }, BEGUN],
    ['is of another day', { endedAt: NOW - 25 * HOUR }, BEGUN],
    ['had its context four fifths full', { contextTokens: 800, contextLimit: 1_000 }, BEGUN],
    ['had room left in its context', { contextTokens: 799, contextLimit: 1_000 }, RESUMED],
  ])('decides by the run before, which %s', (_what, last, session) => {
    expect(choose(ended(last))).toEqual(session);
  });

  it('begins a new session when there was no run before', () => {
    expect(choose()).toEqual(BEGUN);
  });

  it('gives a session up that was cut off a fourth time', () => {
    const lost = ended({});

    expect(choose(lost, lost, lost)).toEqual(RESUMED);
    expect(choose(lost, lost, lost, lost)).toEqual(BEGUN);
    expect(choose(lost, lost, lost, ended({ resumeToken: 'session-0' }))).toEqual(RESUMED);
  });

  it('leaves a session of gemini alone that began within the minute', () => {
    const gemini = anAgent({ runtime: 'gemini' });
    const work = { taskId: 5, phase: 2 };

    expect(chooseSession(gemini, work, [ended({ startedAt: NOW - 60_000 })], NOW, 'new-id')).toEqual(BEGUN);
    expect(chooseSession(gemini, work, [ended({ startedAt: NOW - 61_000 })], NOW, 'new-id')).toEqual(RESUMED);
  });
});
