import type Database from 'better-sqlite3';
import type { DecisionTaken, WorldRecord } from './record.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** Reads decisions that were written down since the last time: their rows are never changed, so each is read once. */
export function createDecisionReader(
  database: Database.Database,
  { now, trueTimeOf }: Pick<VirtualClock, 'now' | 'trueTimeOf'>,
): (record: WorldRecord) => void {
  const fresh = database.prepare(
    `SELECT n.id, n.draft_id AS draft, n.revision, n.verdict, n.actor, n.reason, n.at AS wallAt, d.kind, d.window_ends_at AS windowEndsAt,
       r.body, r.author
     FROM decision n JOIN draft d ON d.id = n.draft_id
     JOIN draft_revision r ON r.draft_id = n.draft_id AND r.revision = n.revision
     WHERE n.id > ? ORDER BY n.id`,
  );
  return (record) => {
    const rows = fresh.all(record.decisions.at(-1)?.id ?? 0) as Omit<DecisionTaken, 'at' | 'seenAt'>[];
    record.decisionsReadAt = now();
    for (const row of rows) {
      record.decisions.push({ ...row, at: trueTimeOf(row.wallAt), seenAt: now() });
      if (row.verdict === 'expired') oweExpiry(record, row.draft);
    }
  };
}

/** Past this many minutes nobody would call it told. */
const EXPIRY_TOLD_MS = 3 * 60_000;

function oweExpiry(record: WorldRecord, draft: number): void {
  // In a message of its own, or by name in the one that an outage leaves behind; of very many only how many there are.
  const isNamed = new RegExp(`#${draft}\\b|and (at least )?\\d+ more`);
  record.duties.push({
    what: `draft ${draft} expired`,
    since: record.now,
    withinMs: EXPIRY_TOLD_MS,
    isTold: ({ showings, messages }) =>
      showings.some(({ key, whole }) => /^(expired|review|queue|triage):/.test(key) && isNamed.test(whole)) ||
      messages.some(({ text }) => text.startsWith('⌛') && isNamed.test(text)),
  });
}
