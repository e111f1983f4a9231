import { HOUR_MS, MINUTE_MS } from './fleets.ts';
import { UNSETTLED_MS } from './machine.ts';
import type { CredentialOutage, WorldRecord } from './record.ts';
import { HISTORY_PROMISES } from './history.ts';
import { DESK_PROMISES } from './desk-promises.ts';
import { DIGEST_PROMISES } from './digest-promises.ts';
import { isOverdue, LATENESS_MS, type WorldPromise } from './promise.ts';
import { MONEY_PROMISES } from './money-promises.ts';
import { PEOPLE_PROMISES } from './people-promises.ts';
import { OUTAGE_PROMISES } from './outage-promises.ts';
import { QUIET_PROMISES } from './quiet-promises.ts';
import { RELOAD_PROMISES } from './reload-promises.ts';
import { RUN_PROMISES } from './run-promises.ts';
import { WORK_PROMISES } from './work-promises.ts';
import { YEAR_PROMISES } from './year-promises.ts';

/** A card may wait behind others: the sender sends about one message a second. */
const CARD_MS = 3 * MINUTE_MS;
/** How long a due time may wait for its turn or for a check before the schedule counts as stopped. */
const LONGEST_TURN_MS = HOUR_MS;

/** Everything that is checked after each step. */
const PROMISES: readonly WorldPromise[] = [
  { name: 'no draft lost', broken: lostDraft, isSlow: true },
  { name: 'the same key is the same draft', broken: doubledDraft },
  { name: 'none published twice', broken: publishedTwice },
  { name: 'what the owner approves leaves the desk', broken: unheardApproval, isSlow: true },
  { name: 'every outage told within a minute', broken: untoldOutage },
  { name: 'what waited is told within a minute of Telegram', broken: untoldMessage, isSlow: true },
  { name: 'no alert and no card given up', broken: givenUp, isSlow: true },
  { name: 'no call to a dead credential beyond the backoff', broken: hammering },
  { name: 'no schedule silently stops', broken: stoppedSchedule, isSlow: true },
  { name: 'no agent has two runs alive at once', broken: twoRuns },
  { name: 'no secret in any row or message', broken: leakedSecret },
  { name: 'no message shown twice unless its answer was lost', broken: shownTwice },
  { name: 'what Telegram asks us to wait is waited', broken: impatience },
  { name: 'the control plane ends only when asked', broken: endedByBug },
  ...DESK_PROMISES,
  ...WORK_PROMISES,
  ...MONEY_PROMISES,
  ...RUN_PROMISES,
  { name: 'one change of a credential at a time', broken: rivals },
  ...OUTAGE_PROMISES,
  ...QUIET_PROMISES,
  ...DIGEST_PROMISES,
  ...YEAR_PROMISES,
  ...PEOPLE_PROMISES,
  ...RELOAD_PROMISES,
  ...HISTORY_PROMISES,
  { name: 'an hour without faults settles everything', broken: unsettled, isSlow: true },
];

/** The first promise that is broken; those about rows are left out unless the rows are fresh. */
export function findBroken(
  record: WorldRecord,
  isFresh: boolean,
): { readonly name: string; readonly how: string } | undefined {
  for (const { name, broken, isSlow } of PROMISES) {
    if (isSlow === true && !isFresh) continue;
    const how = broken(record);
    if (how !== undefined) return { name, how };
  }
  return undefined;
}

function lostDraft(record: WorldRecord): string | undefined {
  const { rows, accepted, showings, messages } = record;
  if (rows === undefined) return undefined;
  const known = new Map(rows.drafts.map((draft) => [draft.id, draft]));
  const gone = accepted.find(({ id, at }) => at < rows.at && !known.has(id));
  if (gone !== undefined) return `draft ${gone.id} was accepted from ${gone.agent} and is in no row`;
  const shown = new Set(showings.map(({ key }) => key));
  for (const { id, revision, revisedAt, state, isQueued, author } of rows.drafts) {
    // Whoever wrote or decided it knows of it.
    if (shown.has(`draft:${id}:r${revision}`) || state !== 'pending' || author.startsWith('owner:')) continue;
    // One that came with many others is told of with them, and one that is under review is shown there.
    if (isQueued === 1 && showings.some(({ key, at }) => key.startsWith('review:') && at >= revisedAt)) continue;
    if (messages.some(({ text }) => isShownIn(text, id, revision))) continue;
    if (isOverdue(record, revisedAt, CARD_MS))
      return `the card of draft ${id} revision ${revision} never came (${state})`;
  }
  return undefined;
}

function isShownIn(text: string, draft: number, revision: number): boolean {
  const shown = new RegExp(`^✍️ Draft #${draft}\\b.*?(?:revision (\\d+))?$`, 'm').exec(text);
  return shown !== null && Number(shown[1] ?? 1) === revision;
}

function doubledDraft({ accepted }: WorldRecord): string | undefined {
  const ids = new Map<string, number>();
  for (const { agent, key, id } of accepted) {
    const first = ids.get(`${agent}:${key}`) ?? id;
    if (first !== id) return `${agent} handed ${key} in twice, and it became drafts ${first} and ${id}`;
    ids.set(`${agent}:${key}`, id);
  }
  return undefined;
}

function publishedTwice({ publications, consents }: WorldRecord): string | undefined {
  for (const { draft } of publications) {
    const times = publications.filter((other) => other.draft === draft).length;
    const repeats = consents.filter(({ verb, draft: id }) => verb === 'again' && id === draft).length;
    if (times > 1 + repeats)
      return `draft ${draft} went out ${times} times, and the owner asked ${repeats} times for more`;
  }
  return undefined;
}

/** A press lives 150 s in Telegram: only one made in good times that lasted has to be heard. A draft that failed is pending again, with a reason. */
function unheardApproval(record: WorldRecord): string | undefined {
  const pending = new Map(
    record.rows?.drafts
      .filter(({ state, reason }) => state === 'pending' && reason === null)
      .map((draft) => [draft.id, draft]),
  );
  const unheard = record.consents.find(
    ({ verb, draft, revision, at }) =>
      verb === 'approve' &&
      pending.get(draft)?.revision === revision &&
      record.goodSince !== undefined &&
      record.goodSince <= at &&
      // It may have been taken back since, also where it was approved already when this was pressed.
      !record.decisions.some(
        ({ draft: of, verdict, seenAt }) =>
          of === draft && (verdict === 'approved' || verdict === 'undone') && seenAt >= at,
      ) &&
      isOverdue(record, at, MINUTE_MS),
  );
  return unheard && `the owner approved draft ${unheard.draft}, and it still waits for him`;
}

function untoldOutage(record: WorldRecord): string | undefined {
  const late = record.duties.find((duty) => isOverdue(record, duty.since, duty.withinMs ?? MINUTE_MS));
  return (
    late && `${late.what}, for ${Math.round((record.now - late.since) / 1_000)} s, and nothing in the chat says so`
  );
}

function untoldMessage(record: WorldRecord): string | undefined {
  const late = record.rows?.waiting.find(
    (row) =>
      isOverdue(record, row.createdAt, row.class === 'alert' ? MINUTE_MS : CARD_MS) && record.rows?.at === record.now,
  );
  return late && `${late.class} ${late.key} still waits (${late.error ?? 'never tried'})`;
}

function givenUp({ rows }: WorldRecord): string | undefined {
  const dropped = rows?.refused.find((row) => row.class === 'alert' || row.class === 'card');
  return dropped && `${dropped.key} is ${dropped.state}: ${dropped.error ?? 'no reason'}`;
}

function hammering({ outages, calls, started }: WorldRecord): string | undefined {
  for (const outage of outages) {
    const { knownAt, credential } = outage;
    if (knownAt === undefined) continue;
    const refused = calls.filter(
      (call) =>
        call.credential === credential &&
        call.at > knownAt &&
        call.at <= (outage.endedAt ?? Infinity) &&
        call.refused &&
        call.isOurs,
    );
    // An end by which it is known is written down only once its tree is swept: until then others may start.
    const early = started.filter(({ at }) => at >= knownAt && at <= knownAt + UNSETTLED_MS).map(({ pid }) => pid);
    const alive = new Set([...outage.aliveThen, ...early]);
    const own = new Set<number>();
    const probes: number[] = [];
    let isConfirmed = false;
    for (const { pid, at, isConfirming } of refused) {
      if (alive.has(pid) && !own.has(pid)) own.add(pid);
      // A sign of an agent that has raised false alarms before is confirmed by one check: only then the credential counts as dead.
      else if (isConfirming && !isConfirmed && probes.length === 0) isConfirmed = true;
      else probes.push(at);
    }
    const first = probes.findIndex((at, index) => at < earliestProbe(outage, knownAt, index, at));
    if (first >= 0)
      return `${probes.length} probes of ${credential} since it is known to be dead; number ${first + 1} came after ${Math.round(((probes[first] ?? 0) - knownAt) / 1_000)} s`;
  }
  return undefined;
}

/** When the `index`-th probe may come at the earliest: the sum of the backoff's shortest delays, less what was excused until then. */
function earliestProbe(outage: CredentialOutage, knownAt: number, index: number, at: number): number {
  const excused = outage.excuses.filter((excuse) => excuse <= at).length;
  let earliest = knownAt;
  for (let probe = 0; probe <= index - excused; probe += 1)
    earliest += Math.min(outage.firstMs * 2 ** probe, outage.maxMs * 0.9);
  return earliest;
}

function stoppedSchedule(record: WorldRecord): string | undefined {
  const { rows, upSince } = record;
  if (rows === undefined || upSince === undefined || rows.at - upSince < MINUTE_MS) return undefined;
  for (const agent of record.scheduled) {
    const due = rows.dues.find((row) => row.agent === agent);
    // Twice in a row, since what happened in this very instant is followed up, or explained, by the next tick.
    const looks = [record.rowsBefore, rows].filter((look) => look !== undefined && look.at > upSince);
    if (
      due === undefined &&
      looks.length === 2 &&
      looks.every((look) => look !== undefined && isForgotten(look, agent))
    )
      return `${agent} has no due time any more`;
    if (due === undefined) continue;
    const everyMs = record.everyMs.get(agent) ?? Infinity;
    const farAhead = record.rowsBefore?.dues.some((row) => row.id === due.id && row.dueAt === due.dueAt) === true;
    if (farAhead && due.dueAt - rows.at > everyMs + LATENESS_MS)
      return `${agent} runs every ${everyMs / MINUTE_MS} min, and is due in ${(due.dueAt - rows.at) / MINUTE_MS} min`;
    const waitsFor = rows.at - Math.max(due.dueAt, upSince);
    const before = record.rowsBefore?.dues.find((row) => row.agent === agent && row.dueAt === due.dueAt);
    if (waitsFor > MINUTE_MS && due.reason === null && before?.reason === null)
      return `${agent} is due for ${waitsFor / 1_000} s, and nobody says why it waits`;
    const isHeld = rows.holds.some((hold) => hold.agent === '' || hold.agent === agent);
    // Money comes back with the month, or with its owner's word; for a moment it may wait for its turn instead.
    const isShort = [due.reason, before?.reason].some((reason) =>
      / has \$\S+ left, (?:\$\S+ more set aside for what runs, )?and it needs /.test(reason ?? ''),
    );
    if (waitsFor > LONGEST_TURN_MS && !isHeld && !isShort)
      return `${agent} waits for ${waitsFor / MINUTE_MS} min: ${due.reason}`;
  }
  return undefined;
}

function isForgotten({ dues, runs }: NonNullable<WorldRecord['rows']>, agent: string): boolean {
  return ![...dues, ...runs].some((row) => row.agent === agent);
}

function twoRuns({ overlaps }: WorldRecord): string | undefined {
  const [first] = overlaps;
  return first && `${first.agent} runs as pids ${first.pids.join(' and ')}`;
}

function rivals(record: WorldRecord): string | undefined {
  const [first] = record.rivals;
  return first && `${first.credential} is changed by pids ${first.pids.join(' and ')} at once`;
}

function leakedSecret({ leaks }: WorldRecord): string | undefined {
  const [first] = leaks;
  return first && `${first.what} is in ${first.where}`;
}

/** A reply is at most once, whatever happens; all others come again only when nobody could know that they were there. */
function shownTwice({ showings }: WorldRecord): string | undefined {
  const last = new Map<string, boolean>();
  for (const showing of showings) {
    const before = last.get(showing.key);
    if (before === true) return `${showing.key} was shown again, though its first showing was known`;
    if (before === false && showing.class === 'reply') return `the reply ${showing.key} was shown twice`;
    last.set(showing.key, showing.isKnown);
  }
  return undefined;
}

function impatience({ impatient }: WorldRecord): string | undefined {
  const [first] = impatient;
  return first && `${first.method} came ${first.earlyMs / 1_000} s before the time was over that a 429 had asked for`;
}

function endedByBug({ bugs }: WorldRecord): string | undefined {
  return bugs[0];
}

function unsettled(record: WorldRecord): string | undefined {
  return record.unsettled[0];
}
