import { describe, expect, test } from 'vitest';
import type { IncidentRow } from '../../storage/incident-store.ts';
import { decideTelling, type OpenIncident, type RecentMessages } from '../../src/incidents/telling.ts';
import type { Trouble } from '../../src/incidents/trouble.ts';
import { MINUTE, trouble } from './incident-world.ts';

const NOW = 1_000_000_000;
const CALM: RecentMessages = { inMinute: 0, inTenMinutes: 0, heldBack: 0, storm: undefined };

function open(id: number, agents: readonly string[], more: Partial<IncidentRow> = {}): OpenIncident {
  const incident: IncidentRow = {
    id,
    kind: 'auth',
    fingerprint: `open:${id}`,
    subject: 'claude',
    severity: 'critical',
    state: 'firing',
    title: 'claude is dead',
    evidence: '401',
    openedAt: NOW - MINUTE,
    lastSeenAt: NOW,
    times: 1,
    acknowledgedAt: null,
    acknowledgedBy: null,
    resolvedAt: null,
    note: null,
    silencedUntil: null,
    repeatedAt: null,
    repeats: 0,
    inhibitedBy: null,
    isDrill: 0,
    messageKey: `incident:${id}`,
    recoveryKey: null,
    cost: null,
    fallbackAt: null,
    ...more,
  };
  return { incident, agents };
}

function silence(matcher: string, until = NOW + MINUTE) {
  return { id: 9, matcher, by: 'owner:1', since: 0, until, endedAt: null };
}

const HEARTBEAT: Partial<Trouble> = { kind: 'heartbeat', severity: 'critical', agents: ['scout'] };

describe('what follows from an open incident is not told by itself', () => {
  const AUTH = open(4, ['scout', 'writer']);
  const cases: readonly [string, Partial<Trouble>, OpenIncident, number | 'told'][] = [
    ['a heartbeat of an agent of a dead login', HEARTBEAT, AUTH, 4],
    ['a stuck agent of it', { ...HEARTBEAT, kind: 'stuck' }, AUTH, 4],
    ['a crash of it', { ...HEARTBEAT, kind: 'crash' }, AUTH, 4],
    ['an acknowledged login holds back, too', HEARTBEAT, open(4, ['scout'], { state: 'acknowledged' }), 4],
    ['a heartbeat of another agent', { ...HEARTBEAT, agents: ['other'] }, AUTH, 'told'],
    ['a heartbeat of one of its agents and another', { ...HEARTBEAT, agents: ['scout', 'other'] }, AUTH, 'told'],
    ['a trouble without agents', { ...HEARTBEAT, agents: [] }, AUTH, 'told'],
    ['a login that is only a warning', HEARTBEAT, open(4, ['scout'], { severity: 'warning' }), 'told'],
    ['a crash loop, which only the owner ends', { ...HEARTBEAT, kind: 'crash-loop' }, AUTH, 'told'],
    ['another dead login', { ...HEARTBEAT, kind: 'auth' }, AUTH, 'told'],
    ['a usage limit of the dead login', { ...HEARTBEAT, kind: 'limit', subject: 'claude' }, AUTH, 4],
    ['a usage limit of another login', { ...HEARTBEAT, kind: 'limit', subject: 'codex' }, AUTH, 'told'],
    ['a heartbeat under a full disk', HEARTBEAT, open(5, [], { kind: 'disk' }), 5],
    ['a heartbeat while memory is short', HEARTBEAT, open(5, [], { kind: 'memory', severity: 'warning' }), 5],
    ['a heartbeat of who waits for memory', HEARTBEAT, open(5, ['scout'], { kind: 'memory' }), 5],
    ['a heartbeat of who does not', HEARTBEAT, open(5, ['writer'], { kind: 'memory' }), 'told'],
    ['a schedule that an orphan stops', { ...HEARTBEAT, kind: 'schedule' }, open(6, ['scout'], { kind: 'orphan' }), 6],
    ['a heartbeat beside a report', HEARTBEAT, open(7, ['scout'], { kind: 'report' }), 'told'],
    ['a drill', { ...HEARTBEAT, isDrill: true }, AUTH, 'told'],
    ['a real one beside a drill', HEARTBEAT, open(4, ['scout'], { isDrill: 1 }), 'told'],
    ['what follows from something that follows itself', HEARTBEAT, open(4, ['scout'], { inhibitedBy: 1 }), 'told'],
    ['itself', { ...HEARTBEAT, kind: 'crash', fingerprint: 'open:4' }, open(4, ['scout'], { kind: 'disk' }), 'told'],
  ];

  test.each(cases)('inhibits: %s', (_name, more, parent, expected) => {
    const telling = decideTelling(trouble('scout', more), [parent], CALM, [], NOW);

    expect(telling).toEqual(expected === 'told' ? { kind: 'own' } : { kind: 'inhibited', by: expected });
  });
});

describe('a storm is one message', () => {
  const storm = { key: 'storm:3', ageMs: 5 * MINUTE, silent: false };
  const joins = { kind: 'joins', key: undefined };
  const cases: readonly [string, 'warning' | 'critical', Partial<RecentMessages>, object][] = [
    ['the third in a minute has its own', 'warning', { inMinute: 2, inTenMinutes: 2 }, { kind: 'own' }],
    ['the fourth joins a new storm', 'warning', { inMinute: 3, inTenMinutes: 3 }, joins],
    ['a fourth that is critical has its own', 'critical', { inMinute: 3, inTenMinutes: 3 }, { kind: 'own' }],
    ['a fifth joins though it is critical', 'critical', { inMinute: 4, inTenMinutes: 4 }, joins],
    ['the fourth joins the storm that is there', 'warning', { inMinute: 3, storm }, { kind: 'joins', key: 'storm:3' }],
    [
      'a critical one joins no storm that came without a sound',
      'critical',
      { inMinute: 9, storm: { ...storm, silent: true } },
      joins,
    ],
    [
      'a warning joins a fresh storm though there is room',
      'warning',
      { storm: { ...storm, ageMs: MINUTE } },
      { kind: 'joins', key: 'storm:3' },
    ],
    [
      'a critical one does not while there is room',
      'critical',
      { storm: { ...storm, ageMs: MINUTE } },
      { kind: 'own' },
    ],
    ['a warning long after a storm has its own', 'warning', { storm }, { kind: 'own' }],
    ['the thirteenth in ten minutes joins', 'warning', { inTenMinutes: 12 }, joins],
    ['what waits for a Telegram that fails is three at most', 'critical', { heldBack: 3 }, joins],
  ];

  test.each(cases)('gathers: %s', (_name, severity, recent, expected) => {
    const telling = decideTelling(trouble('scout', { severity }), [], { ...CALM, ...recent }, [], NOW);

    expect(telling).toEqual(expected);
  });
});

describe('a silence takes the sound', () => {
  const silenced = { kind: 'silenced', by: 9, until: NOW + MINUTE, where: 'own' };
  const cases: readonly [string, string, Partial<Trouble>, object][] = [
    ['of all', 'all', {}, silenced],
    ['of a critical one, too', 'all', { severity: 'critical' }, silenced],
    ['of a kind', 'report', {}, silenced],
    ['of an agent', 'writer', { agents: ['writer'] }, silenced],
    ['of one agent of several not', 'writer', { agents: ['scout', 'writer'] }, { kind: 'own' }],
    ['of what it is about', 'claude', { subject: 'claude' }, silenced],
    ['of nothing else', 'other', {}, { kind: 'own' }],
  ];

  test.each(cases)('silences: %s', (_name, matcher, more, expected) => {
    expect(decideTelling(trouble('scout', more), [], CALM, [silence(matcher)], NOW)).toEqual(expected);
  });

  test('no longer than it lasts', () => {
    expect(decideTelling(trouble('scout'), [], CALM, [silence('all', NOW)], NOW)).toEqual({ kind: 'own' });
  });

  test('and in a storm it stays in the storm', () => {
    const telling = decideTelling(trouble('scout'), [], { ...CALM, inMinute: 3 }, [silence('all')], NOW);

    expect(telling).toEqual({ ...silenced, where: 'joins' });
  });
});
