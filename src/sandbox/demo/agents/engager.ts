import { storyById } from '../content/timetable.ts';
import type { StoryPost } from '../content/story.ts';
import { readJson, writeJson, writeWorkstate } from './files.ts';
import type { Memory } from './memory.ts';
import { describeMemory, undecided, withDecisions } from './memory.ts';
import type { MurmurPost } from './murmur.ts';
import type { NextReply } from './next-reply.ts';
import { decideNextReply } from './next-reply.ts';
import type { Setting } from './setting.ts';
import { answerWishes } from './versions.ts';
import { say } from './setting.ts';

/** What the orchestrator sets. */
export interface Focus {
  readonly topic: string;
  readonly why: string;
}

/** Minutes to answer a post that names no window of its own. */
const usualWindowMinutes = 10;

/** One run of an engager: reads what was decided, picks one post, drafts one answer. `find` gives the posts to answer, oldest first. */
export async function runEngager(
  setting: Setting,
  options: { readonly mostUndecided: number; readonly find: () => Promise<readonly MurmurPost[]> },
): Promise<void> {
  const { desk, agent } = setting;
  const file = setting.shared(`${agent}.json`);
  const before = readJson<Memory>(file) ?? { firstAt: Date.now(), drafts: [] };
  const decisions = await desk.decisions();
  const memory = withDecisions(before, decisions);
  writeJson(file, memory);
  await answerWishes(setting, decisions);

  const found = await options.find();
  const posts = found.map(({ id }) => storyById.get(id)).filter((post) => post !== undefined);
  const focus = readJson<Focus>(setting.shared('focus.json'));
  const next = decideNextReply({
    now: Date.now(),
    memory,
    posts,
    focus: focus?.topic,
    mostUndecided: options.mostUndecided,
  });
  if (next.kind === 'rest') {
    say(`${found.length} posts looked at; ${next.reason}`);
    await desk.beat(next.reason);
    return writeState(setting, memory, `Resting: ${next.reason}`);
  }
  const source = found.find(({ id }) => id === next.post.id);
  if (source !== undefined) writeJson(file, await draftReply(setting, memory, next, source));
}

async function draftReply(
  setting: Setting,
  memory: Memory,
  next: NextReply & { kind: 'draft' },
  source: MurmurPost,
): Promise<Memory> {
  const { post, attempt } = next;
  const windowMinutes = post.windowMinutes ?? usualWindowMinutes;
  const key = `reply-${post.id}-${attempt}`;
  say(`reading ${source.url}`);
  const thread = await setting.murmur.post(post.id);
  say(`${thread.replies.length} replies so far; drafting an answer to ${source.author.name}, try ${attempt}`);
  await setting.think();
  const id = await setting.desk.draft({
    kind: 'reply',
    to: `@${post.author}`,
    url: thread.url,
    context: contextOf(source, post, windowMinutes, next),
    windowMinutes,
    priority: post.priority ?? 3,
    key,
    body: next.candidate.text,
  });
  const draft = {
    id,
    key,
    about: post.id,
    topic: post.topic,
    attempt,
    at: Date.now(),
    windowMs: windowMinutes * 60_000,
  };
  const after = { ...memory, drafts: [...memory.drafts, draft] };
  say(`draft ${id} is at the desk`);
  await setting.desk.progress(`draft ${id}: a reply to @${post.author}`);
  writeState(setting, after, `Draft ${id} answers @${post.author} (${post.id}), window ${windowMinutes} min`);
  return after;
}

/** What the owner sees above the draft: the post, what is worth knowing, and how long an answer is worth giving. */
function contextOf(
  source: MurmurPost,
  post: StoryPost,
  windowMinutes: number,
  next: NextReply & { kind: 'draft' },
): string {
  const lines = [`${source.author.name} (@${post.author}) wrote:`, `“${source.text}”`];
  if (post.know !== undefined) lines.push('', `Worth knowing: ${post.know}`);
  if (next.attempt === 2)
    lines.push('', next.reason === undefined ? 'Second try.' : `Second try. You said: “${next.reason}”`);
  lines.push('', `An answer counts for ${windowMinutes} min (demo time: a minute stands for an hour).`);
  return lines.join('\n');
}

function writeState(setting: Setting, memory: Memory, active: string): void {
  const now = Date.now();
  const waiting = undecided(memory, now).map((draft) => `Draft ${draft.id} (${draft.about}) waits for the owner`);
  const lessons = memory.drafts
    .filter(({ verdict, reason }) => verdict === 'rejected' && reason !== undefined)
    .slice(-5)
    .map(({ about, reason }) => `The owner rejected my answer to ${about}: “${reason}”`);
  writeWorkstate({
    agent: setting.agent,
    active: [active, ...waiting],
    context: [
      describeMemory(memory, now),
      ...lessons,
      'House voice: dry, warm, “we”, at most one emoji, nothing that sells',
    ],
    next: [
      'Look at the decisions first: a rejected draft gets one second try',
      'Then the next post, urgent ones before the rest',
    ],
  });
}
