import type { Storage } from '../../storage/storage.ts';
import type { Desk } from './desk.ts';
import type { Preflight, Preflights } from './preflight.ts';
import { DESK_SETTINGS } from './withholding.ts';

/** Cards that are brought up to date at a time: the chat takes about one edit a second, and new cards come between. */
const MOST_REFRESHED = 30;
const REFRESH_EVERY_MS = 60_000;

/** Kinds whose cards are still to be brought up to date: those with a higher id than `after`, not before `at`. */
interface Refresh {
  readonly kinds: readonly string[];
  readonly after: number;
  readonly at: number;
}

/** Brings the cards of waiting drafts up to date when the credentials of their publisher change. */
export interface PreflightNews {
  /** Compares how the publishers stand with what the cards show; gives when it wants to look again (epoch ms). */
  look(now: number): number | undefined;
}

/** Builds it. The most urgent cards are refreshed at once, in one transaction; the others follow in the order in which they came. */
export function createPreflightNews(options: {
  readonly storage: Storage;
  readonly desk: Pick<Desk, 'showAnew'>;
  readonly preflights: Preflights;
}): PreflightNews {
  const { storage, desk, preflights } = options;
  const { settings, deskWatch } = storage;

  function refreshOf(text: string | undefined): Refresh | undefined {
    return text === undefined || text === '' ? undefined : (JSON.parse(text) as Refresh);
  }

  function begin(kinds: readonly string[], standing: string, now: number): void {
    const before = refreshOf(settings.get(DESK_SETTINGS.refresh))?.kinds ?? [];
    const all = [...new Set([...before, ...kinds])];
    const urgent = deskWatch.urgentOfKinds(kinds, MOST_REFRESHED);
    for (const id of urgent) desk.showAnew(id);
    settings.set(DESK_SETTINGS.preflight, standing);
    const isAll = before.length === 0 && urgent.length < MOST_REFRESHED;
    const rest: Refresh = { kinds: all, after: 0, at: now + REFRESH_EVERY_MS };
    settings.set(DESK_SETTINGS.refresh, isAll ? '' : JSON.stringify(rest));
  }

  function goOn({ kinds, after }: Refresh, now: number): void {
    const next = deskWatch.nextOfKinds(kinds, after, MOST_REFRESHED);
    for (const id of next) desk.showAnew(id);
    const last = next.at(-1);
    const isDone = last === undefined || next.length < MOST_REFRESHED;
    const rest: Refresh = { kinds, after: last ?? after, at: now + REFRESH_EVERY_MS };
    settings.set(DESK_SETTINGS.refresh, isDone ? '' : JSON.stringify(rest));
  }

  return {
    look(now) {
      const stand = preflights.stand();
      const standing = JSON.stringify(
        Object.fromEntries(stand.map((one) => [one.publisher.name, wordsOf(one.preflight)])),
      );
      const before = settings.get(DESK_SETTINGS.preflight);
      if (before !== standing) {
        const known = before === undefined ? {} : (JSON.parse(before) as Readonly<Record<string, string>>);
        const changed = stand.filter(({ publisher, preflight }) => known[publisher.name] !== wordsOf(preflight));
        storage.transaction(() =>
          begin(
            changed.flatMap(({ publisher }) => publisher.publishes),
            standing,
            now,
          ),
        );
      }
      const rest = refreshOf(settings.get(DESK_SETTINGS.refresh));
      // After a clock was set back the pause would last as long as it was set back by.
      if (rest !== undefined && (rest.at <= now || rest.at > now + REFRESH_EVERY_MS))
        storage.transaction(() => goOn(rest, now));
      return refreshOf(settings.get(DESK_SETTINGS.refresh))?.at;
    },
  };
}

function wordsOf(preflight: Preflight): string {
  return preflight.kind === 'ready' ? 'ready' : `${preflight.kind} ${preflight.credential}`;
}
