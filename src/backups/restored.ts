import { RESTORED_KEY, type RestoreCounts } from '../../storage/restored.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Desk } from '../drafts/desk.ts';
import type { Reviews } from '../drafts/review.ts';
import { dateAndTime } from '../loop/wall-clock.ts';
import type { Clock } from '../ports.ts';
import { bold, count, lines, richText } from '../telegram/cards/words.ts';
import type { Outbox } from '../telegram/outbox.ts';

/** As many cards as are sent at once; more drafts than that come as one message, to go through. */
const MOST_CARDS = 10;

/** A restore that this database went through, the last one. */
export interface Restore {
  readonly at: number;
  readonly takenAt: number;
  readonly name: string;
  readonly isTold: boolean;
  readonly counts: RestoreCounts;
}

/** Reads the last restore of this database; undefined where there was none. */
export function loadRestore({ settings }: Pick<Storage, 'settings'>): Restore | undefined {
  const text = settings.get(RESTORED_KEY);
  return text === undefined ? undefined : (JSON.parse(text) as Restore);
}

/**
 * Tells at the first start after a restore that this is a backup, and what that means; shows its undecided drafts anew, and asks about those
 * that were approved. False where there is nothing to tell. One transaction, before anything else is said.
 */
export function tellRestored(options: {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly timezone: string;
  readonly desk: Pick<Desk, 'showAgain' | 'askAboutUnknown'>;
  readonly reviews: Pick<Reviews, 'tellTriage'>;
}): boolean {
  const { storage, clock, outbox, desk } = options;
  return storage.transaction(() => {
    const restore = loadRestore(storage);
    if (restore === undefined || restore.isTold) return false;
    storage.settings.set(RESTORED_KEY, JSON.stringify({ ...restore, isTold: true }));
    const now = clock.now();
    const { pending, unknown } = storage.drafts.restored(now);
    outbox.send({
      key: `restored:${restore.at}`,
      class: 'alert',
      content: { kind: 'text', body: richText(describe(restore, unknown.length, pending.length, options, now)) },
      sound: 'always',
    });
    for (const id of unknown) desk.askAboutUnknown(id);
    if (pending.length <= MOST_CARDS) for (const id of pending) desk.showAgain(id, `restored:${restore.at}:${id}`);
    else
      options.reviews.tellTriage({
        title: `♻️ ${count(pending.length, 'draft')} of the backup may have been decided since: look before you approve`,
        past: [],
      });
    return true;
  });
}

function describe(
  { takenAt, counts }: Restore,
  unknown: number,
  pending: number,
  { timezone }: { readonly timezone: string },
  now: number,
) {
  return lines(
    bold(`♻️ I run from a backup of ${dateAndTime(takenAt, timezone, now)}`),
    'Whatever happened after that is not in it: I do not know what you decided, what went out, or what ran since.',
    unknown === 0
      ? undefined
      : `• ${count(unknown, 'draft')} approved then: nothing is published again by itself, I ask about each`,
    pending === 0
      ? undefined
      : `• ${count(pending, 'draft')} waiting then: shown anew below, marked; look before you approve`,
    counts.runs === 0 ? undefined : `• ${count(counts.runs, 'run')} going on then: lost`,
    '• Logins, holds and budgets stand as they did then; messages and commands that waited then were dropped.',
  );
}
