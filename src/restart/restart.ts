import type { SelfRestartRow } from '../../storage/self-restart-store.ts';
import type { CallbackData } from '../telegram/callback-data.ts';
import { bold, clockTime, duration, line, lines, listText, richText, shorten } from '../telegram/cards/words.ts';
import type { Content } from '../telegram/outbox.ts';

/**
 * How long a restart waits for who runs. Half of the runs of a usual fleet are over by then; whoever is not is stopped as at any stop, and
 * goes on with his session. Longer, and a fleet that starts nothing new looks as if it were dark.
 */
export const DRAIN_MS = 10 * 60_000;

/** How long it waits, with nobody running, until its owner has read that it goes: Telegram may be slow, or away. */
const TELL_MS = 3_000;

/** Why nothing new starts meanwhile. */
export const RESTARTING = 'Nightdesk restarts';

/** What the button Leave it says, and what Now does. */
export const LEAVE = { drop: 0, now: 1 } as const;

/** Agents named in one message; /status has all of them. */
const MOST_NAMED = 8;

/** What a restart does next. */
export type RestartStep = { readonly kind: 'wait'; readonly forMs: number } | { readonly kind: 'go' };

/** Decides whether a restart that is draining goes now. A clock that was set back does not prolong it. */
export function decideRestart(
  row: Pick<SelfRestartRow, 'askedAt' | 'deadlineAt'>,
  facts: { readonly now: number; readonly running: number; readonly isTold: boolean },
): RestartStep {
  const { now } = facts;
  const leftMs = Math.min(row.deadlineAt - now, DRAIN_MS);
  if (facts.running > 0 && leftMs > 0) return { kind: 'wait', forMs: leftMs };
  const tellMs = Math.min(row.askedAt + TELL_MS - now, TELL_MS);
  return facts.isTold || tellMs <= 0 ? { kind: 'go' } : { kind: 'wait', forMs: tellMs };
}

/** What a restart's buttons are bound to. */
export function restartBinding({ id, messageKey }: Pick<SelfRestartRow, 'id' | 'messageKey'>): string {
  return `restart ${id} ${messageKey}`;
}

/** Shows a restart that is draining: for whom it waits, until when at most, and the buttons that hurry or end it. */
export function renderDraining(
  row: SelfRestartRow,
  running: readonly string[],
  options: { readonly callbackData: CallbackData; readonly timezone: string; readonly now: number },
): Content {
  const { callbackData, timezone, now } = options;
  if (running.length === 0 || row.deadlineAt <= now)
    return {
      kind: 'text',
      body: richText(lines(bold('🔁 Nightdesk restarts now'), stopWords(running))),
      buttons: [],
    };
  const sign = (choice: number): string =>
    callbackData.sign({ verb: 'leave', id: row.id, revision: choice }, restartBinding(row));
  return {
    kind: 'text',
    body: richText(
      lines(
        bold('🔁 Nightdesk restarts'),
        line(`It waits for ${named(running)}, until `, clockTime(row.deadlineAt, timezone, row.askedAt), ' at most.'),
        'Nothing new starts meanwhile; whoever runs then is stopped, and goes on with its session.',
      ),
    ),
    buttons: [
      [
        { text: 'Now', style: 'danger', data: sign(LEAVE.now) },
        { text: 'Leave it', data: sign(LEAVE.drop) },
      ],
    ],
  };
}

/** Shows a restart that is over, or was not done. */
export function renderEnded(text: string): Content {
  return { kind: 'text', body: richText(text), buttons: [] };
}

/** Says that it is done: how long nobody was there, and which version is there now. */
export function describeReturn(row: SelfRestartRow, version: string, now: number): string {
  const awayMs = now - row.deadlineAt;
  const away = row.state === 'going' && awayMs >= 0 ? ` after ${duration(awayMs)}` : '';
  return `🔁 I am back${away} (version ${version}).`;
}

/** Names whoever runs. */
function named(running: readonly string[]): string {
  const shown = running.slice(0, MOST_NAMED);
  const more = running.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : listText(shown);
}

/** Why it was not done, as its owner reads it. */
export function describeRefusal(problem: string): string {
  return `⚠️ I did not restart, and go on as I am: a new start would fail. ${shorten(problem, 1_000)}`;
}

function stopWords(running: readonly string[]): string | undefined {
  if (running.length === 0) return 'Nobody runs. I tell you when I am back.';
  return `${named(running)} ${running.length === 1 ? 'is' : 'are'} stopped, and ${running.length === 1 ? 'goes' : 'go'} on afterwards. I tell you when I am back.`;
}
