import type { Storage } from '../../storage/storage.ts';
import type { Clock } from '../ports.ts';
import { duration } from '../telegram/cards/words.ts';
import type { Outbox } from '../telegram/outbox.ts';
import type { LastLife } from './pulse.ts';

/** An absence shorter than this is a restart, not an outage. */
const TOLD_FROM_MS = 2 * 60_000;
/** Setting: the message that told of the last absence. */
const KEY = 'absence';
/** How the journal names an absence: it ended at the entry's time, and began at its detail (epoch ms) at the earliest. */
export const AWAY = { subject: 'nightdesk:', event: 'away' } as const;

/** Tells at a start how long nobody was there, where it was long or runs were lost; several in one outage of Telegram are one message. */
export function tellAbsence(
  { storage, clock, outbox }: { readonly storage: Storage; readonly clock: Clock; readonly outbox: Outbox },
  last: LastLife | undefined,
  interrupted: number,
): void {
  const now = clock.now();
  if (last === undefined || (interrupted === 0 && now - last.aliveAt < TOLD_FROM_MS)) return;
  storage.transaction(() => {
    storage.journal.add({
      at: now,
      subject: AWAY.subject,
      event: AWAY.event,
      actor: 'nightdesk',
      detail: String(Math.min(last.aliveAt, now)),
    });
    const before = storage.settings.get(KEY) ?? '';
    const isUnseen = storage.outbox.get(before)?.messageId === null;
    const text = describeAbsence(last, interrupted, now, isUnseen);
    const content = { kind: 'text', body: { text, entities: [] } } as const;
    // Nobody has read of the one before: the last of them is told in its place.
    if (isUnseen) return outbox.edit(before, content);
    const key = `absence:${now}`;
    storage.settings.set(KEY, key);
    outbox.send({ key, class: 'alert', content });
  });
}

function describeAbsence(last: LastLife, interrupted: number, now: number, isAgain: boolean): string {
  const how = last.stoppedCleanly ? 'I was stopped' : 'I was cut off';
  const forHowLong =
    last.aliveAt > now
      ? 'for I do not know how long: the clock was set back'
      : `${last.stoppedCleanly ? 'for' : 'for at most'} ${duration(now - last.aliveAt)}`;
  const lost =
    interrupted === 0
      ? ''
      : ` ${interrupted} running ${interrupted === 1 ? 'agent was' : 'agents were'} lost and will run again when due.`;
  const again = isAgain ? ' It was not the first time since you last heard of me.' : '';
  return `🌙 ${how} and was away ${forHowLong}. I am back.${lost}${again}`;
}
