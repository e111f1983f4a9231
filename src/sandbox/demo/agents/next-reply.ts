import type { Candidate, StoryPost } from '../content/story.ts';
import type { Memory } from './memory.ts';
import { nobodyDecides, undecided } from './memory.ts';

/** What an engager does next. */
export type NextReply =
  | {
      readonly kind: 'draft';
      readonly post: StoryPost;
      readonly candidate: Candidate;
      readonly attempt: 1 | 2;
      readonly reason?: string;
    }
  | { readonly kind: 'rest'; readonly reason: string };

/** What the decision needs to know; times are epoch milliseconds. */
export interface ReplyFacts {
  readonly now: number;
  readonly memory: Memory;
  /** Posts that wait for an answer, oldest first. */
  readonly posts: readonly StoryPost[];
  readonly focus: string | undefined;
  readonly mostUndecided: number;
}

const minute = 60_000;

/** How long to wait after a draft: a newcomer wants to see something at first, and to keep up later. */
export function paceMs(sinceFirstMs: number): number {
  if (sinceFirstMs < 4 * minute) return 0;
  return sinceFirstMs < 12 * minute ? 75_000 : 150_000;
}

/** How long to wait when draft after draft runs out unseen: enough to show life, and no flood for whoever comes back. */
const paceWithoutOwnerMs = 5 * minute;

/** Decides on one reply at most: a rejected one is tried a second time, then urgent posts, then the focus, then the oldest. */
export function decideNextReply({ now, memory, posts, focus, mostUndecided }: ReplyFacts): NextReply {
  const waiting = undecided(memory, now).length;
  if (waiting >= mostUndecided)
    return { kind: 'rest', reason: `${waiting} drafts wait for a decision, that is enough` };
  const sinceLastMs = now - (memory.drafts.at(-1)?.at ?? 0);
  if (sinceLastMs < paceMs(now - memory.firstAt)) return { kind: 'rest', reason: 'the last draft is still fresh' };
  if (nobodyDecides(memory, mostUndecided, now) && sinceLastMs < paceWithoutOwnerMs) {
    return { kind: 'rest', reason: 'the last drafts ran out undecided, so I go slowly' };
  }
  return (
    secondTry(memory, posts) ?? firstTry(memory, posts, focus) ?? { kind: 'rest', reason: 'every post has its answer' }
  );
}

function secondTry(memory: Memory, posts: readonly StoryPost[]): NextReply | undefined {
  for (const draft of memory.drafts) {
    const tried = memory.drafts.filter(({ about }) => about === draft.about).length;
    const post = posts.find(({ id }) => id === draft.about);
    const candidate = post?.candidates[1];
    if (draft.verdict !== 'rejected' || tried > 1 || post === undefined || candidate === undefined) continue;
    return {
      kind: 'draft',
      post,
      candidate,
      attempt: 2,
      ...(draft.reason === undefined ? {} : { reason: draft.reason }),
    };
  }
  return undefined;
}

function firstTry(memory: Memory, posts: readonly StoryPost[], focus: string | undefined): NextReply | undefined {
  const done = new Set(memory.drafts.map(({ about }) => about));
  const rank = (post: StoryPost) => (post.priority ?? 3) * 2 - (post.topic === focus ? 1 : 0);
  const post = posts
    .filter(({ id, candidates }) => !done.has(id) && candidates.length > 0)
    .reduce<StoryPost | undefined>(
      (best, next) => (best === undefined || rank(next) < rank(best) ? next : best),
      undefined,
    );
  const candidate = post?.candidates[0];
  return post === undefined || candidate === undefined ? undefined : { kind: 'draft', post, candidate, attempt: 1 };
}
