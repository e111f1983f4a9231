import { mentions } from './mentions.ts';
import { earlierPosts } from './own-posts.ts';
import { business } from './people.ts';
import { latePosts } from './posts-late.ts';
import { middlePosts } from './posts-middle.ts';
import { openingPosts } from './posts-opening.ts';
import type { StoryPost } from './story.ts';

/** A post with its place in time: milliseconds from the start of the demo, negative for what was there before. */
export interface TimedPost {
  readonly post: StoryPost;
  readonly mention: boolean;
  readonly afterMs: number;
}

/** Everything that others post in the story, in the order of the feed. */
export const storyPosts: readonly StoryPost[] = [...openingPosts, ...middlePosts, ...latePosts];

/** The story by id, for whoever has to answer a post. */
export const storyById: ReadonlyMap<string, StoryPost> = new Map(
  [...storyPosts, ...mentions].map((post) => [post.id, post]),
);

const seconds = 1000;
/** Enough for a feed that has been lived in, and for the first drafts not to wait for anybody. */
const postsAtStart = 8;
const mentionsAtStart = 2;

/** When the post at this place of the feed appears: a few at the start, then every 7 to 9 seconds, after the first thirty every 20. */
function postAppearsAfterMs(index: number): number {
  const later = index - postsAtStart;
  if (later < 0) return (later * 170 - 40) * seconds;
  const quick = Math.min(later, 30);
  return (6 + quick * 8 + (later % 3) + (later - quick) * 20) * seconds;
}

/** When the mention at this place appears: every 35 seconds at first, then every 70. */
function mentionAppearsAfterMs(index: number): number {
  const later = index - mentionsAtStart;
  if (later < 0) return (later * 240 - 75) * seconds;
  const quick = Math.min(later, 8);
  return (20 + quick * 35 + (later - quick) * 70) * seconds;
}

/** Every post by others with its time, in no particular order. */
export function timedStory(): readonly TimedPost[] {
  return [
    ...storyPosts.map((post, index) => ({ post, mention: false, afterMs: postAppearsAfterMs(index) })),
    ...mentions.map((post, index) => ({ post, mention: true, afterMs: mentionAppearsAfterMs(index) })),
  ];
}

/** What the business itself had posted before the start: one post every seven hours. */
export function earlierOwnPosts(): readonly TimedPost[] {
  return earlierPosts.map(({ id, text }, index) => ({
    post: { id, author: business.handle, topic: 'studio', text, candidates: [] },
    mention: false,
    afterMs: (index - earlierPosts.length) * 7 * 3600 * seconds,
  }));
}
