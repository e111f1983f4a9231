import type { DraftState } from '../../storage/draft-store.ts';
import type { PublicationEnd } from '../runs/settlement.ts';

export type DraftEvent =
  | 'approve'
  | 'undo'
  | 'reject'
  | 'expire'
  | 'begin'
  | 'publish'
  | 'fail'
  | 'postpone'
  | 'lose'
  | 'confirm'
  | 'repeat';

/** Where a draft may go from each state; whatever is not here cannot happen. */
export const DRAFT_TRANSITIONS = {
  pending: { approve: 'approved', reject: 'rejected', expire: 'expired' },
  approved: { begin: 'publishing', expire: 'expired', fail: 'pending', undo: 'pending' },
  publishing: { publish: 'published', fail: 'pending', postpone: 'approved', lose: 'unknown' },
  unknown: { confirm: 'published', repeat: 'approved' },
  published: {},
  rejected: {},
  expired: {},
} as const satisfies Record<DraftState, Partial<Record<DraftEvent, DraftState>>>;

/** Whether a text shows nothing at all: blanks, and characters that nobody sees. */
export function isBlank(text: string): boolean {
  return !/[^\s\p{Z}\p{Cc}\p{Cf}]/u.test(text);
}

/** What came of one attempt to publish. */
export type PublicationOutcome =
  | { readonly kind: 'published'; readonly url: string | null; readonly id: string | null }
  | { readonly kind: 'later'; readonly afterMs: number; readonly reason: string }
  /** The publisher was refused: the attempt is repeated once the credential is alive. */
  | { readonly kind: 'refused'; readonly afterMs: number; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'unknown'; readonly reason: string };

/** Attempts before a publisher that always says "later" counts as failed: with the delays below about two hours. */
const MOST_ATTEMPTS = 10;
const FIRST_DELAY_MS = 30_000;
/** The hold of the dead credential is what makes a refused one wait; this only keeps one that nothing holds from knocking on. */
const REFUSED_DELAY_MS = 1_000;
const LONGEST_DELAY_MS = 15 * 60_000;

/**
 * Decides what an ended publisher did, from its exit code (CONTRACT, "A publisher"). One that was cut off, by a signal or with us,
 * may have published or not: only the owner can know.
 */
export function decidePublication(end: PublicationEnd, attempt: number): PublicationOutcome {
  const { exit } = end;
  if (exit.kind === 'lost') return { kind: 'unknown', reason: 'Nightdesk ended while the publisher ran' };
  if (exit.kind === 'signalled') return { kind: 'unknown', reason: `the publisher was ended by ${exit.signal}` };
  if (exit.kind === 'not-started') return { kind: 'failed', reason: exit.reason };
  const said = end.evidence ?? end.lastLine;
  switch (exit.code) {
    case 0:
      return { kind: 'published', ...readRemote(end.lastLine) };
    case 75:
      if (attempt >= MOST_ATTEMPTS)
        return { kind: 'failed', reason: `the publisher said "try again later" ${attempt} times` };
      return {
        kind: 'later',
        afterMs: Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (attempt - 1)),
        reason: said || 'the publisher asked for another try later',
      };
    case 77:
      return {
        kind: 'refused',
        afterMs: Math.min(LONGEST_DELAY_MS, REFUSED_DELAY_MS * 2 ** Math.min(attempt - 1, 10)),
        reason: said || 'the publisher was refused (exit 77)',
      };
    default:
      return { kind: 'failed', reason: `${said || 'the publisher failed'} (exit ${exit.code})` };
  }
}

/** The url and id that a publisher may print as a last line of JSON; anything else is no address. */
function readRemote(lastLine: string): { readonly url: string | null; readonly id: string | null } {
  if (!lastLine.startsWith('{')) return { url: null, id: null };
  try {
    const { url, id } = JSON.parse(lastLine) as { url?: unknown; id?: unknown };
    return {
      url: typeof url === 'string' && /^https?:\/\//i.test(url) ? url.slice(0, 2_000) : null,
      id: typeof id === 'string' || typeof id === 'number' ? String(id).slice(0, 200) : null,
    };
  } catch {
    return { url: null, id: null };
  }
}
