import { describe, expect, it } from 'vitest';
import type { Memory, RememberedDraft } from '../../../src/sandbox/demo/agents/memory.ts';
import { decideNextReply, paceMs } from '../../../src/sandbox/demo/agents/next-reply.ts';
import { openingPosts } from '../../../src/sandbox/demo/content/posts-opening.ts';

const minute = 60_000;
const now = 100 * minute;

function remembered(about: string, fields: Partial<RememberedDraft> = {}): RememberedDraft {
  return {
    id: 1,
    key: `reply-${about}-1`,
    about,
    topic: 'cups',
    attempt: 1,
    at: now - minute,
    windowMs: 10 * minute,
    ...fields,
  };
}

function next(drafts: readonly RememberedDraft[], options: { firstAt?: number; focus?: string } = {}) {
  const memory: Memory = { firstAt: options.firstAt ?? now - 2 * minute, drafts };
  return decideNextReply({ now, memory, posts: openingPosts, focus: options.focus, mostUndecided: 3 });
}

describe('an engager', () => {
  it('answers an urgent post before older ones', () => {
    const first = ['thumbprint', 'tile-118', 'sixty-cups'].map((about) => remembered(about, { verdict: 'published' }));

    expect(next(first)).toMatchObject({ kind: 'draft', attempt: 1, post: { id: 'riso-down' } });
  });

  it('begins with one to approve, one to edit and one to reject', () => {
    const ids: string[] = [];
    for (let turn = 0; turn < 3; turn += 1) {
      const decided = next(ids.map((about) => remembered(about, { verdict: 'published' })));
      ids.push(decided.kind === 'draft' ? decided.post.id : decided.reason);
    }

    expect(ids).toEqual(['thumbprint', 'tile-118', 'sixty-cups']);
  });

  it('prefers the focus among posts of equal priority', () => {
    const urgent = ['thumbprint', 'tile-118', 'sixty-cups', 'riso-down'].map((about) =>
      remembered(about, { verdict: 'published' }),
    );

    expect(next(urgent)).toMatchObject({ post: { id: 'bad-cup' } });
    expect(next(urgent, { focus: 'kiln' })).toMatchObject({ post: { id: 'toasters' } });
  });

  it('rests when enough drafts wait for a decision', () => {
    const drafts = ['thumbprint', 'tile-118', 'bad-cup'].map((about) => remembered(about));

    expect(next(drafts)).toMatchObject({ kind: 'rest', reason: '3 drafts wait for a decision, that is enough' });
  });

  it('counts an edited draft as waiting, and one whose window is over as gone', () => {
    const waiting = [remembered('thumbprint', { verdict: 'edited' }), remembered('tile-118'), remembered('bad-cup')];
    const over = waiting.map((draft, index) => ({ ...draft, at: now - (index === 0 ? 20 : 1) * minute }));

    expect(next(waiting).kind).toBe('rest');
    expect(next(over).kind).toBe('draft');
  });

  it('tries a rejected answer a second time, once, with the reason', () => {
    const rejected = remembered('sixty-cups', { verdict: 'rejected', reason: 'we do not shout' });
    const secondTry = remembered('sixty-cups', { attempt: 2, verdict: 'rejected' });

    expect(next([rejected])).toMatchObject({ attempt: 2, reason: 'we do not shout', post: { id: 'sixty-cups' } });
    expect(next([rejected, secondTry])).toMatchObject({ kind: 'draft', attempt: 1 });
  });

  it('slows down when it has worked for some minutes', () => {
    expect([1, 5, 20].map((minutes) => paceMs(minutes * minute))).toEqual([0, 75_000, 150_000]);
    expect(next([remembered('thumbprint', { at: now - 30_000 })], { firstAt: now - 5 * minute }).kind).toBe('rest');
  });

  it('goes slowly when its last drafts all ran out undecided', () => {
    const expired = ['thumbprint', 'tile-118', 'bad-cup'].map((about, index) =>
      remembered(about, { verdict: 'expired', at: now - (12 - 4 * index) * minute }),
    );

    expect(next(expired, { firstAt: now - 20 * minute })).toMatchObject({ kind: 'rest', reason: /ran out/ as never });
  });
});
