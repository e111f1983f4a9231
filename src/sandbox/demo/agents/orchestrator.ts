/** Looks at what the owner approves, and sets the topic that the engagers prefer. Needs no credential: it goes on when Murmur does not. */
import type { Focus } from './engager.ts';
import { readJson, writeJson, writeWorkstate } from './files.ts';
import type { Memory, RememberedDraft } from './memory.ts';
import { openSetting, say } from './setting.ts';

/** Fewer decisions say nothing about what the owner likes. */
const fewestDecisions = 3;

const setting = openSetting('orchestrator');
const team = ['outbound-engager', 'inbound-engager', 'creator'];
const drafts = team.flatMap((agent) => readJson<Memory>(setting.shared(`${agent}.json`))?.drafts ?? []);
const liked = drafts.filter(({ verdict }) => verdict === 'approved' || verdict === 'published');
const disliked = drafts.filter(({ verdict }) => verdict === 'rejected');
const before = readJson<Focus>(setting.shared('focus.json'));
const tally = tallyByTopic(liked, disliked);
const [best] = [...tally].sort(([, left], [, right]) => right - left);
await setting.think();

if (
  liked.length + disliked.length >= fewestDecisions &&
  best !== undefined &&
  best[1] > (tally.get(before?.topic ?? '') ?? 0)
) {
  const focus = { topic: best[0], why: `the owner approved more about ${best[0]} than about anything else` };
  writeJson(setting.shared('focus.json'), focus);
  say(`new focus: ${focus.topic}, because ${focus.why}`);
  await setting.desk.progress(`new focus: ${focus.topic}`);
} else {
  say(
    `${drafts.length} drafts, ${liked.length} approved, ${disliked.length} rejected; focus stays ${before?.topic ?? 'open'}`,
  );
  await setting.desk.beat(`focus stays ${before?.topic ?? 'open'}`);
}
const focus = readJson<Focus>(setting.shared('focus.json'));
writeWorkstate({
  agent: setting.agent,
  active: [focus === undefined ? 'No focus yet' : `Focus: ${focus.topic} (${focus.why})`],
  context: [`${drafts.length} drafts by ${team.join(', ')}; ${liked.length} approved, ${disliked.length} rejected`],
  next: [`Weigh the topics again; ${fewestDecisions} decisions are the least that count`],
});

/** Approvals less rejections, for each topic. */
function tallyByTopic(good: readonly RememberedDraft[], bad: readonly RememberedDraft[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { topic } of good) counts.set(topic, (counts.get(topic) ?? 0) + 1);
  for (const { topic } of bad) counts.set(topic, (counts.get(topic) ?? 0) - 1);
  return counts;
}
