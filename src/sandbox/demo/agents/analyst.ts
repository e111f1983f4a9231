/** Reads the numbers and says what moved. */
import { readJson, writeJson, writeWorkstate } from './files.ts';
import type { MurmurStats } from './murmur.ts';
import { MurmurError } from './murmur.ts';
import { openSetting, say } from './setting.ts';

const setting = openSetting('analyst');
const before = readJson<MurmurStats>(setting.shared('stats.json'));
try {
  const stats = await setting.murmur.stats();
  await setting.think();
  writeJson(setting.shared('stats.json'), stats);
  const gained = stats.followers - (before?.followers ?? stats.followers);
  const report = `${stats.followers} followers (${gained >= 0 ? '+' : ''}${gained}), ${stats.replies} replies and ${stats.posts} posts live, ${stats.likes} likes on them`;
  say(report);
  const best = Object.entries(stats.topics).sort(([, left], [, right]) => right - left)[0];
  writeWorkstate({
    agent: setting.agent,
    active: [report],
    context: [
      best === undefined ? 'Nothing of ours is live yet' : `Most of what is live is about ${best[0]} (${best[1]})`,
    ],
    next: ['Compare with the next numbers'],
  });
  await setting.desk.progress(report);
} catch (error) {
  if (!(error instanceof MurmurError)) throw error;
  writeWorkstate({
    agent: setting.agent,
    active: [`No numbers: ${error.message}`],
    context: [before === undefined ? 'There are no earlier numbers' : `Last known: ${before.followers} followers`],
    next: ['Read the numbers once Murmur lets me in'],
  });
  if (error.kind !== 'auth') {
    say(error.message);
    process.exitCode = 75;
  } else {
    const bidden = await setting.desk.fail('murmur', 'auth', 'murmur', `${error.message} ${error.body}`.trim());
    say(`reported that Murmur does not take our token; the answer is: ${bidden}`);
  }
}
