import type { DigestRow } from '../../storage/digest-store.ts';
import type { Clock } from '../ports.ts';
import { clockTime, duration } from '../telegram/cards/words.ts';
import type { Content, Outbox } from '../telegram/outbox.ts';
import { type DigestSources, loadDigestFacts } from './facts.ts';
import { readPeriod } from './period.ts';
import { LONGEST_MS, lookAtSchedule, sinceLast } from './schedule.ts';
import { isQuiet, renderDigest } from './text.ts';

/** Who asks for a digest, where, and for which time. */
export interface AskedDigest {
  readonly argument: string;
  readonly actor: string;
  readonly chatId: number | undefined;
  /** The topic of that chat; undefined: the chat itself. */
  readonly topicId?: number | null | undefined;
  /** Key of the message that answers; undefined: nothing can follow it, and no pictures do. */
  readonly replyKey: string | undefined;
}

/** Digests: their text at once, their pictures by whoever draws. */
export interface Digests {
  /** The text for whoever asks; its pictures follow by themselves. It moves nothing of what the schedule tells. */
  ask(asked: AskedDigest): Content;
  /** Tells what is due by the schedule, once; gives when the next one is. */
  tellDue(): number | undefined;
}

/** Told at its time, or so little later that nobody wonders. */
const PUNCTUAL_MS = 2 * 60_000;

/** Key of the message that has a digest's pictures. */
export function picturesKey({ messageKey }: Pick<DigestRow, 'messageKey'>): string {
  return `${messageKey}:pictures`;
}

/** Builds the digests. Whatever they tell is rows: they cost no tokens and need no login. */
export function createDigests(options: DigestSources & { readonly clock: Clock; readonly outbox: Outbox }): Digests {
  const { fleet, storage, clock, outbox } = options;

  function textOf(from: number, to: number, now: number, late?: string) {
    const facts = loadDigestFacts(options, from, to, now);
    const words = { timezone: fleet.timezone, ...(late === undefined ? {} : { late }) };
    return { content: renderDigest(facts, words), hasPictures: !isQuiet(facts) };
  }

  /** Takes back the last one where Telegram has not shown it yet; gives since when the next one has to tell. */
  function supersede(now: number): number | undefined {
    const last = storage.digests.lastScheduled(now);
    if (last === undefined || !storage.outbox.withdraw(last.messageKey)) return undefined;
    storage.outbox.withdraw(picturesKey(last));
    storage.digests.told(last.id, { pictures: null, error: 'told with the next one', drawnMs: null, at: now });
    return Math.max(last.fromAt, now - LONGEST_MS);
  }

  function tell(dueAt: number, now: number): void {
    const from = Math.min(now - 1, supersede(now) ?? sinceLast(storage, now));
    const messageKey = `digest:${dueAt}`;
    const digest = { messageKey, dueAt, askedBy: null, chatId: null, topicId: null, fromAt: from, toAt: now };
    const row = storage.digests.add(digest);
    if (row === undefined) return;
    const late =
      now - dueAt < PUNCTUAL_MS
        ? undefined
        : `It was due at ${clockTime(dueAt, fleet.timezone, now).text}, and comes ${duration(now - dueAt)} late.`;
    const { content, hasPictures } = textOf(from, now, now, late);
    // Whatever Telegram's outage lasts, it comes: a card is never given up.
    outbox.send({ key: messageKey, class: 'card', content });
    if (!hasPictures) storage.digests.told(row.id, { pictures: null, error: null, drawnMs: null, at: now });
  }

  return {
    ask({ argument, actor, chatId, topicId, replyKey }) {
      const now = clock.now();
      const period = readPeriod(argument, now, fleet.timezone);
      if (period.kind === 'bad') return { kind: 'text', body: { text: period.why, entities: [] } };
      const { from, to } =
        period.kind === 'span' ? period : { from: Math.min(now - 1, sinceLast(storage, now)), to: now };
      const { content, hasPictures } = textOf(from, to, now);
      if (replyKey !== undefined && hasPictures)
        storage.transaction(() =>
          storage.digests.add({
            messageKey: replyKey,
            dueAt: now,
            askedBy: actor,
            chatId: chatId ?? null,
            topicId: topicId ?? null,
            fromAt: from,
            toAt: to,
          }),
        );
      return content;
    },

    tellDue: () =>
      storage.transaction(() => {
        const now = clock.now();
        const { dueAt, nextAt } = lookAtSchedule(storage, fleet, now);
        if (dueAt !== undefined) tell(dueAt, now);
        return nextAt;
      }),
  };
}
