import type { Connection } from './database.ts';

/** What came of late, which decides where the next alert goes. */
export interface RecentAlerts {
  /** Alerts of single incidents, and recoveries, that were asked for between these times. */
  readonly own: number;
  readonly recoveries: number;
}

/** Alerts that wait to be shown. */
export interface HeldBack {
  /** Those of one thing each, and when the oldest of them was asked for. */
  readonly own: number;
  readonly oldestAt: number | null;
  readonly recoveries: number;
  /** Whether Telegram failed to show something that waits. */
  readonly hasFailed: boolean;
}

/** A message about many incidents. */
export interface GatheringMessage {
  readonly key: string;
  readonly createdAt: number;
  readonly silent: number;
}

/** Alerts as they lie in the outbox: what came of late, and what Telegram has not shown. */
export interface AlertStore {
  /** How many alerts of single incidents, and of their ends, were asked for after `from` until `to`; those of drills do not count. */
  recent(from: number, to: number): RecentAlerts;
  /** The newest message about many incidents whose key begins so, asked for after `from` until `to` or not shown yet. */
  newestGathering(prefix: 'storm:' | 'recoveries:', from: number, to: number): GatheringMessage | undefined;
  /** What Telegram was asked to show and has not. */
  heldBack(): HeldBack;
}

/** Keys of messages about one incident: `incident:ID`, anew `incident:ID:rN`, its end `incident:ID:recovery`; copies end in `:private`. */
const IS_RECOVERY = `key GLOB 'incident:*:recovery'`;
/** Alerts of one thing each, such as incidents and drafts of unknown fate; the steps of a login are what the owner waits for. */
const IS_OWN = `class = 'alert' AND key NOT GLOB '*:recovery*' AND key NOT GLOB '*:private' AND key NOT GLOB 'storm:*'
  AND key NOT GLOB 'recoveries:*' AND key NOT GLOB 'login:*'`;
/** Asked for and shown nowhere, not even to the owner himself where his chat refuses; the condition is the partial index's own. */
const UNSHOWN = `state IN ('queued', 'sending') AND message_id IS NULL
  AND NOT EXISTS (SELECT 1 FROM outbox AS copy WHERE copy.key = outbox.key || ':private' AND copy.message_id IS NOT NULL)`;

/** Builds the alert store. */
export function createAlertStore(connection: Connection): AlertStore {
  const recent = connection.statement<[number, number], { own: number | null; recoveries: number | null }>(
    `SELECT sum(${IS_OWN}) AS own, sum(${IS_RECOVERY}) AS recoveries FROM outbox WHERE class = 'alert' AND created_at > ? AND created_at <= ?
       AND NOT EXISTS (SELECT 1 FROM incident WHERE message_key = key AND is_drill = 1)`,
  );
  const gathering = connection.statement<[string, number, number], GatheringMessage>(
    `SELECT key, created_at AS createdAt, silent FROM outbox
     WHERE class = 'alert' AND key GLOB ? || '*' AND key NOT GLOB '*:private' AND created_at > ? AND created_at <= ? ORDER BY id DESC LIMIT 1`,
  );
  const unshownGathering = connection.statement<[string], GatheringMessage>(
    `SELECT key, created_at AS createdAt, silent FROM outbox
     WHERE ${UNSHOWN} AND key GLOB ? || '*' AND key NOT GLOB '*:private' ORDER BY +id DESC LIMIT 1`,
  );
  const held = connection.statement<
    [],
    { own: number | null; oldestAt: number | null; recoveries: number | null; errors: number | null }
  >(
    `SELECT sum(${IS_OWN}) AS own, min(CASE WHEN ${IS_OWN} THEN created_at END) AS oldestAt, sum(${IS_RECOVERY}) AS recoveries,
       sum(error IS NOT NULL) AS errors
     FROM outbox WHERE ${UNSHOWN}`,
  );
  return {
    recent(from, to) {
      const { own, recoveries } = recent.get(from, to) ?? {};
      return { own: own ?? 0, recoveries: recoveries ?? 0 };
    },
    newestGathering: (prefix, from, to) => unshownGathering.get(prefix) ?? gathering.get(prefix, from, to),
    heldBack() {
      const { own, oldestAt, recoveries, errors } = held.get() ?? {};
      return {
        own: own ?? 0,
        oldestAt: oldestAt ?? null,
        recoveries: recoveries ?? 0,
        hasFailed: (errors ?? 0) > 0,
      };
    },
  };
}
