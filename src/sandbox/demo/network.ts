import type { Topic } from './content/story.ts';
import { business, followersAtStart, people } from './content/people.ts';
import type { Person } from './content/people.ts';
import { earlierOwnPosts, storyById, timedStory } from './content/timetable.ts';

/** A post as the network shows it, in its API and on its pages. */
export interface Post {
  readonly id: string;
  readonly author: Person;
  readonly topic: Topic;
  readonly text: string;
  readonly at: number;
  readonly replyTo: string | undefined;
  readonly likes: number;
}

/** What `publish` made of a post. */
export type PublishOutcome =
  | { readonly kind: 'published'; readonly post: Post }
  | { readonly kind: 'refused'; readonly reason: string };

/** The little social network: other people's posts appear by the timetable, ours when they are published. */
export interface Network {
  /** Top-level posts that have appeared, newest first; mentions are among them. */
  feed(): readonly Post[];
  mentions(): readonly Post[];
  find(id: string): Post | undefined;
  /** Answers to a post, oldest first. */
  replies(id: string): readonly Post[];
  byAuthor(handle: string): readonly Post[];
  /** Publishes in the business's name; the same text twice is two posts. */
  publish(text: string, replyTo: string | undefined): PublishOutcome;
  /** What the business published since the start, oldest first. */
  published(): readonly Post[];
  followers(): number;
}

/** Longer than any newsletter of the demo, short enough that a runaway agent is refused. */
const longestPost = 20_000;
/** More than a day of approvals by a quick thumb. */
const mostPublished = 2000;
/** How long the author of a post takes to thank us for an answer. */
const thanksAfterMs = 20_000;

interface Written {
  readonly id: string;
  readonly author: string;
  readonly topic: Topic;
  readonly text: string;
  readonly at: number;
  readonly replyTo: string | undefined;
}

/** A network whose story begins at `startedAt`. */
export function createNetwork(options: { readonly startedAt: number; readonly now: () => number }): Network {
  const { startedAt, now } = options;
  const persons = new Map([business, ...people].map((person) => [person.handle, person]));
  const timed = [...timedStory(), ...earlierOwnPosts()];
  const mentionIds = new Set(timed.filter((entry) => entry.mention).map((entry) => entry.post.id));
  const story: readonly Written[] = timed.map(({ post, afterMs }) => ({
    id: post.id,
    author: post.author,
    topic: post.topic,
    text: post.text,
    at: startedAt + afterMs,
    replyTo: undefined,
  }));
  const own: Written[] = [];

  function appeared(): readonly Written[] {
    return [...story, ...own, ...own.flatMap(thanksFor)]
      .filter((post) => post.at <= now())
      .sort((left, right) => right.at - left.at);
  }

  function thanksFor(answer: Written): readonly Written[] {
    const asked = answer.replyTo === undefined ? undefined : storyById.get(answer.replyTo);
    const first = own.find((post) => post.replyTo === answer.replyTo);
    if (asked?.thanks === undefined || first !== answer) return [];
    const { author, topic, thanks: text } = asked;
    return [{ id: `${asked.id}-thanks`, author, topic, text, at: answer.at + thanksAfterMs, replyTo: asked.id }];
  }

  function shown(post: Written): Post {
    const author = persons.get(post.author) ?? { handle: post.author, name: post.author, bio: '' };
    return { ...post, author, likes: likesOf(post.id, now() - post.at) };
  }

  function find(id: string): Post | undefined {
    const post = appeared().find((candidate) => candidate.id === id);
    return post === undefined ? undefined : shown(post);
  }

  function publish(text: string, replyTo: string | undefined): PublishOutcome {
    if (text.trim() === '') return { kind: 'refused', reason: 'text must not be empty' };
    if (text.length > longestPost) return { kind: 'refused', reason: `text must be at most ${longestPost} characters` };
    if (own.length >= mostPublished) return { kind: 'refused', reason: 'daily posting limit reached' };
    const parent = replyTo === undefined ? undefined : find(replyTo);
    if (replyTo !== undefined && parent === undefined) {
      return { kind: 'refused', reason: `there is no post "${replyTo}" to reply to` };
    }
    const topic = parent?.topic ?? 'studio';
    const post = { id: `kk-${own.length + 1}`, author: business.handle, topic, text, at: now(), replyTo };
    own.push(post);
    return { kind: 'published', post: shown(post) };
  }

  return {
    feed: () =>
      appeared()
        .filter((post) => post.replyTo === undefined)
        .map(shown),
    mentions: () =>
      appeared()
        .filter((post) => mentionIds.has(post.id))
        .map(shown),
    find,
    replies: (id) =>
      appeared()
        .filter((post) => post.replyTo === id)
        .reverse()
        .map(shown),
    byAuthor: (handle) =>
      appeared()
        .filter((post) => post.author === handle)
        .map(shown),
    publish,
    published: () => own.map(shown),
    followers: () => followersAtStart + own.filter((post) => post.at <= now()).length * 3,
  };
}

/** Likes grow for a quarter of an hour, to a number that is the post's own: the same at every look, and never falling. */
function likesOf(id: string, ageMs: number): number {
  const seed = Buffer.from(id).reduce((sum, byte) => (sum * 31 + byte) % 9973, 7);
  const most = 3 + (seed % 57);
  return Math.floor(most * Math.min(1, Math.max(0, ageMs) / 900_000));
}
