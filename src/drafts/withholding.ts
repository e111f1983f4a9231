import type { Storage } from '../../storage/storage.ts';

/** The small facts that the watch over the desk keeps between two looks. */
export const DESK_SETTINGS = {
  /** When it last looked (epoch ms), to within half a minute. */
  seen: 'desk-seen-at',
  /** Since when news of the desk is withheld, because Telegram cannot be reached; '' or absent: it is not. */
  outage: 'desk-outage-since',
  /** What happened until then was told by a triage message. */
  toldUpTo: 'desk-told-up-to',
  /** `FROM:AT`: from when on the triage message that was made at AT tells of what expired. */
  triageFrom: 'desk-triage-from',
  /** When the owner could use his buttons again after the last outage. */
  backAt: 'desk-back-at',
  /** '1' while drafts in the queue are still to be told of. */
  queue: 'desk-queue',
  /** When the queue was last told of. */
  queueToldAt: 'desk-queue-told-at',
  /** JSON: how each publisher's credentials stood when the cards were last made to show it. */
  preflight: 'desk-preflight',
  /** JSON: whose cards are still to be refreshed, after which draft, not before when. */
  refresh: 'desk-refresh',
} as const;

/** Where it is kept when the queue of a place was told of last; undefined: that of the fleet's own chat. */
export function queueToldKey(place: string | undefined): string {
  return place === undefined ? DESK_SETTINGS.queueToldAt : `${DESK_SETTINGS.queueToldAt}:${place}`;
}

/** Nobody looked for so long: Nightdesk was away or the machine slept. A shorter gap is a restart (absence.ts tells from two minutes). */
const AWAY_MS = 150_000;
/** Telegram out of reach for longer than ten minutes calls for a triage; its incident opens after the first of them. */
const OUTAGE_MS = 9 * 60_000;
const BEFORE_INCIDENT_MS = 60_000;

/** Reads a time that was kept; one that lies ahead was written down by a clock that was set back since, and counts as unknown. */
export function keptTime(storage: Storage, key: string, now: number): number | undefined {
  const at = Number(storage.settings.get(key) ?? '');
  return at > 0 && at <= now ? at : undefined;
}

/** What keeps the owner from his buttons, and the desk from telling him anything. */
export interface Outages {
  /** Whether Telegram is known to be out of reach. */
  isOut(): boolean;
  /** Since when it has been so for long; undefined: it is not. */
  since(now: number): number | undefined;
  /** Since when what the desk has to say waits for one triage message: a long outage, or an absence; undefined: it does not. */
  withheldSince(now: number): number | undefined;
}

/** Builds the look at outages; `telegramOutage` is the fingerprint of the incident that a Telegram out of reach is. */
export function createOutages(options: { readonly storage: Storage; readonly telegramOutage: string }): Outages {
  const { storage } = options;

  function incident() {
    return storage.incidents.unresolved(options.telegramOutage);
  }

  function since(now: number): number | undefined {
    const openedAt = incident()?.openedAt;
    return openedAt === undefined || now - openedAt < OUTAGE_MS ? undefined : openedAt - BEFORE_INCIDENT_MS;
  }

  return {
    isOut: () => incident() !== undefined,
    since,
    withheldSince(now) {
      const outage = Number(storage.settings.get(DESK_SETTINGS.outage) ?? '');
      if (outage > 0) return Math.min(outage, now);
      const seen = keptTime(storage, DESK_SETTINGS.seen, now);
      return seen !== undefined && now - seen >= AWAY_MS ? seen : since(now);
    },
  };
}
