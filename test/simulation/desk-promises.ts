import type { DecisionTaken, OwnerPress, Publication, WorldRecord } from './record.ts';
import { isOverdue, type WorldPromise } from './promise.ts';

/** What is promised of drafts and of what is decided about them. */
export const DESK_PROMISES: readonly WorldPromise[] = [
  { name: 'nothing goes out that was taken back', broken: publishedUndone, isSlow: true },
  { name: 'each decision has one effect', broken: impossibleDecision, isSlow: true },
  { name: 'no decision is invented', broken: inventedDecision, isSlow: true },
  { name: 'who is told that it took effect was the first', broken: doubledEffect, isSlow: true },
  { name: 'none published undecided', broken: publishedUndecided, isSlow: true },
  { name: 'a rule keeps its number a day', broken: greedyRule, isSlow: true },
  { name: 'every approval by a rule is told', broken: untoldRule, isSlow: true },
  { name: 'no reminder comes twice', broken: doubledReminder, isSlow: true },
];

/** How a draft stands after what was decided about it so far. */
type Standing = 'pending' | 'approved' | 'unknown' | 'rejected' | 'over';

/** What may be said of a draft that stands so, and how it stands afterwards. */
const PATHS: Readonly<Record<Standing, Readonly<Record<string, Standing>>>> = {
  pending: {
    approved: 'approved',
    edited: 'pending',
    revised: 'pending',
    revise: 'pending',
    rejected: 'rejected',
    expired: 'over',
  },
  approved: { undone: 'pending', published: 'over', failed: 'pending', unknown: 'unknown', expired: 'over' },
  // Asked what became of it, its owner says that it is live, or wants it again.
  unknown: { published: 'over', approved: 'approved' },
  // The reason may come later.
  rejected: { rejected: 'rejected' },
  over: {},
};

function impossibleDecision({ decisions }: WorldRecord): string | undefined {
  const standings = new Map<number, { readonly standing: Standing; readonly revision: number }>();
  for (const { draft, verdict, revision, reason } of decisions) {
    const before = standings.get(draft) ?? { standing: 'pending' as const, revision: 1 };
    const standing = PATHS[before.standing][verdict];
    const isNewText = verdict === 'edited' || verdict === 'revised';
    const expected = isNewText ? before.revision + 1 : before.revision;
    if (standing === undefined) return `draft ${draft} was ${before.standing}, and is ${verdict}`;
    if (revision !== expected) return `draft ${draft} is ${verdict} in revision ${revision}, after ${before.revision}`;
    if (before.standing === 'rejected' && reason === null) return `draft ${draft} was rejected twice`;
    standings.set(draft, { standing, revision });
  }
  return undefined;
}

/** Buttons that decide, by what they bring about. */
const BUTTONS: Readonly<Record<string, readonly string[]>> = {
  approved: ['approve', 'again'],
  rejected: ['reject'],
  undone: ['undo'],
  published: ['live'],
};

function inventedDecision(record: WorldRecord): string | undefined {
  const invented = record.decisions.find((decision) => !isSomebodys(record, decision));
  return (
    invented &&
    `draft ${invented.draft} revision ${invented.revision} is ${invented.verdict} by ${invented.actor}${invented.reason === null ? '' : ` (${invented.reason})`}, who did no such thing`
  );
}

function isSomebodys(record: WorldRecord, decision: DecisionTaken): boolean {
  const { actor, verdict, body, reason } = decision;
  const [who = ''] = actor.split(':');
  switch (who) {
    case 'owner':
    case 'approver': {
      const mine = record.texts.filter(({ by, at }) => by === actor && at <= decision.seenAt);
      if (verdict === 'edited') return decision.author === actor && mine.some(({ text }) => text === body);
      if (verdict === 'revise') return mine.some(({ text }) => text === reason);
      if (verdict === 'rejected' && reason !== null) return mine.some(({ text }) => text === reason);
      return record.presses.some(
        (press) =>
          press.at <= decision.seenAt && (isPressOf(press, decision) || takesBatchBack(record, press, decision)),
      );
    }
    case 'agent':
      return (
        verdict === 'revised' &&
        record.versionsOfDrafts.some(
          (version) => version.draft === decision.draft && `agent:${version.agent}` === actor && version.body === body,
        )
      );
    case 'rule':
      return verdict === 'approved' && actor === `rule:${decision.kind}` && record.ruleKinds.has(decision.kind);
    case 'publisher':
      return verdict === 'published' || verdict === 'failed' || verdict === 'unknown';
    case 'nightdesk':
      // By the clock that the machine had then; a clock that was set moves what was written before.
      return (
        verdict === 'expired' &&
        decision.windowEndsAt !== null &&
        (decision.windowEndsAt <= decision.wallAt || record.jumps.length > 0)
      );
    default:
      return false;
  }
}

function lists(press: OwnerPress, draft: number): boolean {
  return press.verb === 'batchyes' && new RegExp(`^#${draft} to `, 'm').test(press.text);
}

/** The press that takes back what a list approved: its message does not name the drafts any more, the list did. */
function takesBatchBack(record: WorldRecord, press: OwnerPress, { actor, draft, verdict }: DecisionTaken): boolean {
  if (verdict !== 'undone' || press.verb !== 'batchyes' || press.by !== actor) return false;
  return record.presses.some((earlier) => earlier.id === press.id && earlier.at <= press.at && lists(earlier, draft));
}

function isPressOf(press: OwnerPress, { actor, draft, revision, verdict }: DecisionTaken): boolean {
  if (press.by !== actor) return false;
  if (press.verb === 'batchyes') return verdict === 'approved' && lists(press, draft);
  return BUTTONS[verdict]?.includes(press.verb) === true && press.id === draft && press.revision === revision;
}

/** Two who press at once: both may be told at the same time, but only one of them that it was his press. */
function doubledEffect({ presses, decisions, decisionsReadAt }: WorldRecord): string | undefined {
  const effects = Map.groupBy(
    decisions,
    ({ draft, revision, verdict, actor }) => `${draft}:${revision}:${verdict}:${actor}`,
  );
  const told = Map.groupBy(
    presses.filter(({ verb, answer }) => /^(approve|reject|undo)$/.test(verb) && answer?.isAlert === false),
    ({ id, revision, verb, by }) =>
      `${id}:${revision}:${verb === 'approve' ? 'approved' : verb === 'undo' ? 'undone' : 'rejected'}:${by}`,
  );
  for (const [what, all] of told) {
    const effect = effects.get(what)?.length ?? 0;
    const seen = all.filter(({ answer }) => (answer?.at ?? Infinity) < decisionsReadAt);
    if (seen.length > effect)
      return `${what} was told ${seen.length} times as done ("${seen[0]?.answer?.text}"), and is ${effect} times`;
  }
  return undefined;
}

/** What a card surely shows of a text that is in a file. */
const BEGINNING = 60;
/** How long a line of a list shows of a text. */
const LISTED_CHARS = 100;

function publishedUndecided(record: WorldRecord): string | undefined {
  for (const publication of record.publications) {
    const { draft, revision, isHashRight } = publication;
    if (!isHashRight) return `draft ${draft} went out under a wrong hash`;
    if (!isConsented(record, publication) && !isByRule(record, publication))
      return `revision ${revision} of draft ${draft} went out, and nobody approved that text`;
  }
  return undefined;
}

function isConsented({ consents, showings }: WorldRecord, { draft, revision, body, at }: Publication): boolean {
  const wasShown = (before: number): boolean =>
    showings.some(
      ({ key, whole, at: shownAt }) =>
        key === `draft:${draft}:r${revision}` && shownAt <= before && isWhole(whole, body),
    );
  return consents.some((consent) => {
    if (consent.verb !== 'approve' || consent.draft !== draft || consent.at >= at) return false;
    // In a list each has a line.
    if (consent.revision === 0)
      return consent.text.includes(body.replaceAll(/\s+/g, ' ').trim().slice(0, LISTED_CHARS));
    if (consent.revision !== revision) return false;
    return isWhole(consent.text, body) || wasShown(consent.at);
  });
}

/** What does not fit a message begins there, and goes on in a file. */
function isWhole(text: string, body: string): boolean {
  return (
    text.includes(body) || (text.includes('The whole text is in the file') && text.includes(body.slice(0, BEGINNING)))
  );
}

function isByRule({ decisions }: WorldRecord, { draft, revision }: Publication): boolean {
  return decisions.some(
    (decision) =>
      decision.draft === draft &&
      decision.revision === revision &&
      decision.verdict === 'approved' &&
      decision.actor.startsWith('rule:'),
  );
}

function publishedUndone({ publications, decisions, jumps, decisionsReadAt }: WorldRecord): string | undefined {
  // Where the clock was set, the times of rows are no times of the world any more.
  if (jumps.length > 0) return undefined;
  for (const { draft, revision, at } of publications) {
    if (at >= decisionsReadAt) continue;
    const last = decisions.findLast((decision) => decision.draft === draft && decision.at < at);
    if (last?.verdict !== 'approved' || last.revision !== revision)
      return `revision ${revision} of draft ${draft} went out, which was ${last?.verdict ?? 'not decided'} (revision ${last?.revision})`;
  }
  return undefined;
}

function greedyRule({ decisions, ruleKinds, jumps, dayOf }: WorldRecord): string | undefined {
  if (jumps.length > 0) return undefined;
  for (const [kind, perDay] of ruleKinds) {
    const days = Map.groupBy(
      decisions.filter(({ actor, verdict }) => actor === `rule:${kind}` && verdict === 'approved'),
      ({ at }) => dayOf(at),
    );
    for (const [day, all] of days)
      if (all.length > perDay) return `the rule of ${kind} approved ${all.length} on ${day}, and may ${perDay}`;
  }
  return undefined;
}

/** A silent message about it may wait behind others, and behind an outage. */
const RULE_TOLD_MS = 5 * 60_000;

function untoldRule(record: WorldRecord): string | undefined {
  const shown = new Set(record.showings.map(({ key }) => key));
  const untold = record.decisions.find(
    ({ actor, draft, revision, seenAt }) =>
      actor.startsWith('rule:') && !shown.has(`rule:${draft}:r${revision}`) && isOverdue(record, seenAt, RULE_TOLD_MS),
  );
  return untold && `draft ${untold.draft} was approved by ${untold.actor}, and nobody is told`;
}

/** One draft is named in a message of its own, or together with others that are due in the same half minute. */
function doubledReminder({ showings, remindPercents }: WorldRecord): string | undefined {
  const told = new Map<string, number>();
  const keys = new Set<string>();
  for (const { key, whole } of showings) {
    if (keys.has(key)) continue;
    keys.add(key);
    const id = /^⏰ Draft #(\d+) /.exec(whole)?.[1];
    if (id !== undefined) told.set(id, (told.get(id) ?? 0) + 1);
  }
  for (const [id, times] of told) if (times > remindPercents) return `draft ${id} was reminded of ${times} times`;
  return undefined;
}
