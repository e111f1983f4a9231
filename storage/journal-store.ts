import type { Connection } from './database.ts';

/** One line of the journal: who did what to which subject. */
export interface JournalEntry {
  readonly at: number;
  /** `draft:17`, `hold:scout`, `credential:claude` … */
  readonly subject: string;
  readonly event: string;
  /** `owner:123`, `agent:scout`, or `nightdesk`. */
  readonly actor: string;
  readonly detail: string | null;
}

/** The journal: written in the transaction of what it tells. */
export interface JournalStore {
  add(entry: JournalEntry): void;
  of(subject: string, limit: number): JournalEntry[];
}

/** Builds the journal store. */
export function createJournalStore(connection: Connection): JournalStore {
  const insert = connection.statement<[JournalEntry]>(
    'INSERT INTO journal (at, subject, event, actor, detail) VALUES (@at, @subject, @event, @actor, @detail)',
  );
  const select = connection.statement<[string, number], JournalEntry>(
    'SELECT at, subject, event, actor, detail FROM journal WHERE subject = ? ORDER BY id DESC LIMIT ?',
  );
  return {
    add: (entry) => void insert.run(entry),
    of: (subject, limit) => select.all(subject, limit),
  };
}
