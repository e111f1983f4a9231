/** Looks for posts that are worth an answer, and hands them to the outbound engager. */
import { readJson, writeJson, writeWorkstate } from './files.ts';
import type { MurmurPost } from './murmur.ts';
import { MurmurError } from './murmur.ts';
import { openSetting, say } from './setting.ts';

/** The whole story has fewer; a longer file would only be read more slowly. */
const mostFinds = 150;

const setting = openSetting('scout');
const finds = readJson<MurmurPost[]>(setting.shared('finds.json')) ?? [];
try {
  say('looking through the feed');
  const since = finds.at(-1)?.created_at;
  const seen = new Set(finds.map(({ id }) => id));
  const fresh = (await setting.murmur.feed(since)).filter(({ id }) => !seen.has(id)).reverse();
  await setting.think();
  for (const post of fresh) say(`worth an answer: ${post.author.name} on ${post.topic}: ${post.text.slice(0, 60)}…`);
  writeJson(setting.shared('finds.json'), [...finds, ...fresh].slice(-mostFinds));
  const last = fresh.at(-1);
  writeWorkstate({
    agent: setting.agent,
    active: [
      last === undefined
        ? 'Nothing new since the last look'
        : `Handed over ${fresh.length} new posts, the last by @${last.author.handle}`,
    ],
    context: [
      `${finds.length + fresh.length} finds so far, in finds.json`,
      'Small talk and posts that name us are left out: the inbound engager has those',
    ],
    next: [`Look at what is newer than ${last?.created_at ?? since ?? 'the start'}`],
  });
  if (last === undefined) await setting.desk.beat('nothing new in the feed');
  else await setting.desk.progress(`${fresh.length} new posts worth an answer, the last by @${last.author.handle}`);
} catch (error) {
  if (!(error instanceof MurmurError)) throw error;
  writeWorkstate({
    agent: setting.agent,
    active: [`Stopped: ${error.message}`],
    context: [`${finds.length} finds so far, in finds.json; nothing is lost`],
    next: ['Look at what was posted meanwhile, once Murmur lets me in'],
  });
  say(`${error.message} ${error.body}`);
  process.exitCode = error.kind === 'auth' ? 77 : 75;
}
