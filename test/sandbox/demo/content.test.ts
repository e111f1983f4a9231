import { describe, expect, it } from 'vitest';
import { mentions } from '../../../src/sandbox/demo/content/mentions.ts';
import { episodeTitles, ownDrafts } from '../../../src/sandbox/demo/content/own-posts.ts';
import { people } from '../../../src/sandbox/demo/content/people.ts';
import { storyPosts, timedStory } from '../../../src/sandbox/demo/content/timetable.ts';

const everyPost = [...storyPosts, ...mentions];
const everyCandidate = everyPost.flatMap((post) => post.candidates);

describe('the demo’s content', () => {
  it('has at least 60 posts in the feed that want an answer, and 20 mentions', () => {
    expect(storyPosts.filter((post) => post.candidates.length > 0).length).toBeGreaterThanOrEqual(60);
    expect(mentions.length).toBeGreaterThanOrEqual(20);
  });

  it('repeats no id, no post and no answer', () => {
    const texts = [...everyPost.map((post) => post.text), ...everyCandidate.map((candidate) => candidate.text)];

    expect(new Set(everyPost.map((post) => post.id)).size).toBe(everyPost.length);
    expect(new Set(texts).size).toBe(texts.length);
  });

  it('has an answer for each post but small talk, and a good one wherever the first is weak', () => {
    const unanswered = everyPost.filter((post) => post.candidates.length === 0);
    const weakToTheEnd = everyPost.filter((post) => post.candidates.at(-1)?.flaw !== undefined);

    expect(unanswered.filter((post) => post.topic !== 'chatter')).toEqual([]);
    expect(weakToTheEnd).toEqual([]);
  });

  it('is weak often enough that editing and rejecting come naturally, and in each of the four ways', () => {
    const flawed = everyCandidate.filter((candidate) => candidate.flaw !== undefined);

    expect(flawed.length).toBeGreaterThanOrEqual(12);
    expect(new Set(flawed.map((candidate) => candidate.flaw)).size).toBe(4);
    expect(flawed.length / everyCandidate.length).toBeLessThan(0.3);
  });

  it('tells the owner the fact wherever a candidate has it wrong', () => {
    const wrong = everyPost.filter((post) => post.candidates.some((candidate) => candidate.flaw === 'wrong-fact'));

    expect(wrong.length).toBeGreaterThanOrEqual(3);
    expect(wrong.filter((post) => post.know === undefined)).toEqual([]);
  });

  it('keeps answers short and lets posts vary in length', () => {
    const lengths = everyPost.map((post) => post.text.length);

    expect(Math.min(...lengths)).toBeLessThan(50);
    expect(Math.max(...lengths)).toBeGreaterThan(150);
    expect(everyCandidate.filter(({ text }) => text.length > 400)).toEqual([]);
  });

  it('has a draft that is longer than one Telegram message', () => {
    expect(ownDrafts.filter((draft) => draft.text.length > 4096)).toHaveLength(1);
  });

  it('offers two to four titles, each short enough for a button', () => {
    expect(episodeTitles.length).toBeGreaterThanOrEqual(2);
    expect(episodeTitles.length).toBeLessThanOrEqual(4);
    expect(episodeTitles.filter((title) => title.length > 30)).toEqual([]);
  });

  it('has characters that HTML must escape, emoji, and a right-to-left author', () => {
    const text = everyPost.map((post) => post.text).join('\n');

    for (const special of ['<', '&', '"']) expect(text).toContain(special);
    expect(text).toMatch(/\p{Extended_Pictographic}/u);
    expect(text).toMatch(/\p{Script=Arabic}{3}/u);
  });

  it('is spoken by people whom it introduces', () => {
    const handles = new Set(people.map((person) => person.handle));

    expect(everyPost.filter((post) => !handles.has(post.author))).toEqual([]);
    expect(handles.size).toBe(people.length);
  });

  it('comes in the order in which it is written, and starts before the demo does', () => {
    for (const kind of [true, false]) {
      const times = timedStory()
        .filter((entry) => entry.mention === kind)
        .map((entry) => entry.afterMs);

      expect(times).toEqual(times.toSorted((left, right) => left - right));
      expect(times[0]).toBeLessThan(0);
    }
  });
});
