import { describe, expect, it } from 'vitest';
import { decidePublication, DRAFT_TRANSITIONS } from '../../src/drafts/draft.ts';
import type { PublicationEnd } from '../../src/runs/settlement.ts';

function exited(code: number, lastLine = '', evidence: string | null = null): PublicationEnd {
  return { exit: { kind: 'exited', code }, lastLine, evidence };
}

describe('decidePublication', () => {
  it.each<[string, PublicationEnd, object]>([
    ['exits 0 and says nothing', exited(0), { kind: 'published', url: null, id: null }],
    [
      'exits 0 with url and id',
      exited(0, '{"url":"https://x.example/1","id":17}'),
      { kind: 'published', url: 'https://x.example/1', id: '17' },
    ],
    [
      'exits 0 with an address that is no link',
      exited(0, '{"url":"javascript:alert(1)","id":"a"}'),
      { kind: 'published', url: null, id: 'a' },
    ],
    ['exits 0 with JSON cut off', exited(0, '{"url":"https://x.exa'), { kind: 'published', url: null, id: null }],
    ['exits 0 with words', exited(0, 'posted'), { kind: 'published', url: null, id: null }],
    ['exits 0 with null as its answer', exited(0, 'null'), { kind: 'published', url: null, id: null }],
    ['exits 0 with other types', exited(0, '{"url":5,"id":{}}'), { kind: 'published', url: null, id: null }],
    ['exits 75', exited(75, '', 'the site is down'), { kind: 'later', afterMs: 30_000, reason: 'the site is down' }],
    ['exits 77', exited(77, 'token expired'), { kind: 'refused', afterMs: 1_000, reason: 'token expired' }],
    ['exits 1', exited(1, '', 'no such thread'), { kind: 'failed', reason: 'no such thread (exit 1)' }],
    ['exits 1 without a word', exited(1), { kind: 'failed', reason: 'the publisher failed (exit 1)' }],
    ['exits 78', exited(78, 'bad'), { kind: 'failed', reason: 'bad (exit 78)' }],
    [
      'is ended by a signal',
      { exit: { kind: 'signalled', signal: 'SIGKILL' }, lastLine: '', evidence: null },
      { kind: 'unknown', reason: 'the publisher was ended by SIGKILL' },
    ],
    [
      'ended with us',
      { exit: { kind: 'lost' }, lastLine: '', evidence: null },
      { kind: 'unknown', reason: 'Nightdesk ended while the publisher ran' },
    ],
    [
      'could not be started',
      { exit: { kind: 'not-started', reason: 'no such program' }, lastLine: '', evidence: null },
      { kind: 'failed', reason: 'no such program' },
    ],
  ])('decides about a publisher that %s', (_what, end, expected) => {
    expect(decidePublication(end, 1)).toEqual(expected);
  });

  it('fails a publisher that says "later" for the tenth time', () => {
    const kinds = Array.from({ length: 10 }, (_, index) => decidePublication(exited(75), index + 1).kind);

    expect(kinds).toEqual([...Array.from({ length: 9 }, () => 'later'), 'failed']);
  });
});

describe('DRAFT_TRANSITIONS', () => {
  const EVENTS = [
    'approve',
    'reject',
    'expire',
    'begin',
    'publish',
    'fail',
    'postpone',
    'lose',
    'confirm',
    'repeat',
  ] as const;

  it.each([
    ['pending', 'approved rejected expired - - - - - - -'],
    ['approved', '- - expired publishing - pending - - - -'],
    ['publishing', '- - - - published pending approved unknown - -'],
    ['unknown', '- - - - - - - - published approved'],
    ['published', '- - - - - - - - - -'],
    ['rejected', '- - - - - - - - - -'],
    ['expired', '- - - - - - - - - -'],
  ] as const)('says for every event where a draft goes that is %s', (state, expected) => {
    const table: Partial<Record<string, string>> = DRAFT_TRANSITIONS[state];

    expect(EVENTS.map((event) => table[event] ?? '-').join(' ')).toBe(expected);
  });
});
