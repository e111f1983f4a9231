/** Drafts our own posts: a plan on the first run, then one post after the other. */
import { ownDrafts } from '../content/own-posts.ts';
import { titledDraft, titledEpisode } from './episode-title.ts';
import { readJson, writeJson, writeWorkstate } from './files.ts';
import type { Memory } from './memory.ts';
import { describeMemory, undecided, withDecisions } from './memory.ts';
import { MurmurError } from './murmur.ts';
import { openSetting, say } from './setting.ts';
import { answerWishes } from './versions.ts';

/** A post of ours is longer than a reply: two at once are enough to read. */
const mostUndecided = 2;
const windowMinutes = 15;
/** The first few show what the creator can do; after that one every four minutes. */
const quickDrafts = 3;
const laterPaceMs = 4 * 60_000;

const setting = openSetting('creator');
const file = setting.shared('creator.json');
const before = readJson<Memory>(file);
try {
  const decisions = await setting.desk.decisions();
  const memory = withDecisions(before ?? { firstAt: Date.now(), drafts: [] }, decisions);
  writeJson(file, memory);
  await answerWishes(setting, decisions);
  const done = new Set(memory.drafts.map(({ about }) => about));
  const next = ownDrafts.find(({ key }) => !done.has(key));
  const waiting = undecided(memory, Date.now()).length;
  const fresh = done.size >= quickDrafts && Date.now() - (memory.drafts.at(-1)?.at ?? 0) < laterPaceMs;

  const trend = (await setting.murmur.trends())[0];
  say(`most talked about: ${trend?.topic ?? 'nothing'}; ${waiting} of my posts wait for a decision`);
  if (before === undefined || next === undefined || waiting >= mostUndecided || fresh) {
    await setting.desk.beat(next === undefined ? 'the plan is done' : 'planning the next post');
    writeWorkstate({
      agent: setting.agent,
      active: [next === undefined ? 'Every planned post is drafted' : `Planning “${next.key}”`],
      context: [describeMemory(memory, Date.now())],
      next: ownDrafts.filter(({ key }) => !done.has(key)).map(({ key, why }) => `${key}: ${why}`),
    });
  } else {
    await setting.think();
    if (next.key === titledDraft) {
      writeWorkstate({
        agent: setting.agent,
        active: ['Waiting for the owner: which title does episode 49 get?'],
        context: [describeMemory(memory, Date.now()), 'The text is written; only the title is open'],
        next: [`${next.key}: under the owner’s title, or my own when there is no answer`],
      });
    }
    const { text, why } = next.key === titledDraft ? await titledEpisode(setting) : next;
    const id = await setting.desk.draft({
      kind: 'post',
      to: 'everyone on Murmur',
      context: `${why}\n\nDecide within ${windowMinutes} min (demo time: a minute stands for an hour).`,
      windowMinutes,
      priority: 4,
      key: `post-${next.key}`,
      body: text,
    });
    const draft = {
      id,
      key: `post-${next.key}`,
      about: next.key,
      topic: next.topic,
      attempt: 1,
      at: Date.now(),
      windowMs: windowMinutes * 60_000,
    };
    const after = { ...memory, drafts: [...memory.drafts, draft] };
    writeJson(file, after);
    say(`draft ${id} is at the desk: ${next.key}, ${text.length} characters`);
    await setting.desk.progress(`draft ${id}: ${next.key}`);
    writeWorkstate({
      agent: setting.agent,
      active: [`Draft ${id} (${next.key}) waits for the owner`],
      context: [describeMemory(after, Date.now()), why, `Most talked about: ${trend?.topic ?? 'nothing'}`],
      next: ownDrafts.filter(({ key }) => !done.has(key) && key !== next.key).map(({ key, why }) => `${key}: ${why}`),
    });
  }
} catch (error) {
  if (!(error instanceof MurmurError)) throw error;
  writeWorkstate({
    agent: setting.agent,
    active: [`Stopped: ${error.message}`],
    context: ['Drafts need the trends first; none was made in this run'],
    next: ['The same post again'],
  });
  say(`trends: ${error.message} ${error.body}`);
  process.exitCode = error.kind === 'auth' ? 77 : 75;
}
