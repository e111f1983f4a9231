import { describe, expect, it } from 'vitest';
import type { HoldRow } from '../../storage/hold-store.ts';
import { type AdmissionFacts, decideAdmission } from '../../src/loop/admission.ts';

const READY: AdmissionFacts = {
  cause: 'schedule',
  running: false,
  insideActiveHours: true,
  isContinuous: false,
  holds: [],
  readiness: { kind: 'ready' },
  lacks: undefined,
  runsAlive: 0,
  concurrency: 4,
};

function hold(kind: HoldRow['kind'], reason: string): HoldRow {
  return { id: 1, agent: 'scout', kind, subject: '', reason, since: 0, until: null };
}

const paused = hold('owner', 'paused by you');
const dead = hold('credential', 'claude is dead');

/** What is different from an agent that may start, and what is decided. */
const CASES: readonly (readonly [string, Partial<AdmissionFacts>, string])[] = [
  ['nothing speaks against it', {}, 'start'],
  ['the machine has no room for it', { lacks: '100 MB of memory are left' }, 'wait: 100 MB of memory are left'],
  ['its last run still goes on', { running: true }, 'skip: its last run is still going'],
  [
    'its last run still goes on, at a catch-up',
    { running: true, cause: 'catch-up' },
    'skip: its last run is still going',
  ],
  [
    'its last run still goes on, and it runs without pause',
    { running: true, isContinuous: true },
    'wait: its last run is still going',
  ],
  [
    'its last run still goes on, and its owner asked',
    { running: true, cause: 'owner' },
    'wait: its last run is still going',
  ],
  ['it is held', { holds: [paused] }, 'skip: paused by you'],
  ['it is held twice', { holds: [dead, paused] }, 'skip: claude is dead'],
  ['it is held and runs without pause', { holds: [paused], isContinuous: true }, 'wait: paused by you'],
  ['it is held again after it was resumed', { holds: [paused], cause: 'resumed' }, 'wait: paused by you'],
  ['it is held and has a task', { holds: [paused], cause: 'task' }, 'wait: paused by you'],
  [
    'its hours are over and it has a task',
    { insideActiveHours: false, cause: 'task' },
    'wait: outside its active hours',
  ],
  [
    'its credential is dead and it has a task',
    { readiness: { kind: 'dead', credential: 'claude' }, cause: 'task' },
    'wait: claude is dead',
  ],
  ['a trial meets the hold of its credential', { holds: [dead], cause: 'trial' }, 'start'],
  ['a trial meets another hold as well', { holds: [dead, paused], cause: 'trial' }, 'skip: paused by you'],
  ['its hours are over', { insideActiveHours: false }, 'skip: outside its active hours'],
  ['its hours are over, and its owner asked', { insideActiveHours: false, cause: 'owner' }, 'start'],
  ['its hours are over at a trial', { insideActiveHours: false, cause: 'trial' }, 'start'],
  ['its credential is dead', { readiness: { kind: 'dead', credential: 'claude' } }, 'skip: claude is dead'],
  [
    'its credential is dead and it runs without pause',
    { readiness: { kind: 'dead', credential: 'claude' }, isContinuous: true },
    'wait: claude is dead',
  ],
  ['its credential is dead at a trial', { readiness: { kind: 'dead', credential: 'claude' }, cause: 'trial' }, 'start'],
  [
    'its credential is being checked',
    { readiness: { kind: 'checking', credential: 'claude' } },
    'wait: checking claude',
  ],
  ['the fleet is full', { runsAlive: 4 }, 'wait: 4 runs are alive, the limit is 4'],
];

describe('decideAdmission', () => {
  it.each(CASES)('decides about an agent when %s', (_when, change, expected) => {
    const admission = decideAdmission({ ...READY, ...change });

    expect(admission.kind === 'start' ? 'start' : `${admission.kind}: ${admission.reason}`).toBe(expected);
  });
});
