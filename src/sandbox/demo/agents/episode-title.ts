import { announceEpisode, episodeTitles } from '../content/own-posts.ts';
import { readJson, writeJson } from './files.ts';
import type { Setting } from './setting.ts';
import { say } from './setting.ts';

/** The draft that needs a title. */
export const titledDraft = 'episode-49';

/** The title of episode 49, and whose choice it is. */
interface Title {
  readonly text: string;
  readonly by: 'owner' | 'creator';
}

/** What outlives a run: how often the owner was asked, and the title once there is one. */
interface Asked {
  readonly title: Title | null;
  readonly times: number;
}

/** The demo's token dies while the owner still reads the guide, and a run that waits may be stopped for that: then it asks once more. */
const mostTimes = 2;

/** Time to read the guide first; much longer, and the creator's other drafts would come late. */
const withinMinutes = 3;
/** What stands between two quotation marks in a post. */
const longestTitle = 120;

const question = `Episode 49 of Second Firing is on Tuesday, and its announcement is written but for the title.

It is the one where Greg fires raku in a dustbin, and the fire brigade comes without being called. Which title?

If you say nothing, I take the first.`;

/**
 * The announcement under the title that the owner chose, or under the creator's own choice when nobody said anything. Who did not answer is
 * not asked again; only a run that was cut off while it waited asks anew, so often and no oftener.
 */
export async function titledEpisode(setting: Setting): Promise<{ readonly text: string; readonly why: string }> {
  const file = setting.shared('episode-title.json');
  const before = readJson<Asked>(file) ?? { title: null, times: 0 };
  const times = before.times + 1;
  const title = before.title ?? (times > mostTimes ? ownChoice() : await askTitle(setting, file, times));
  writeJson(file, { title, times } satisfies Asked);
  return { text: announceEpisode(title.text), why: describe(title) };
}

async function askTitle(setting: Setting, file: string, times: number): Promise<Title> {
  writeJson(file, { title: null, times } satisfies Asked);
  say(`asking the owner for a title, for at most ${withinMinutes} min: ${episodeTitles.join(' / ')}`);
  const answer = await setting.desk.ask({ text: question, options: episodeTitles, withinMinutes });
  const text = asTitle(answer ?? '');
  if (text === '') {
    const title = ownChoice();
    say(`no answer, so I take my own: ${title.text}`);
    return title;
  }
  say(`the owner says: ${text}`);
  return { text, by: 'owner' };
}

function ownChoice(): Title {
  return { text: episodeTitles[0], by: 'creator' };
}

/** The answer as one line without its own quotation marks. */
function asTitle(answer: string): string {
  const line = answer.replaceAll(/\s+/g, ' ').trim();
  const bare = /^[“"„«](.+)[”"“»]$/u.exec(line)?.[1] ?? line;
  return bare
    .slice(0, longestTitle)
    .replace(/[\ud800-\udbff]$/, '')
    .trim();
}

function describe({ text, by }: Title): string {
  return by === 'owner'
    ? `You chose the title: “${text}”. Everything else is as planned.`
    : `You didn’t say which title, so I took “${text}”. Edit changes it.`;
}
