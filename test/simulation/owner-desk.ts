import { type Chat, readButton } from './chat.ts';
import { SECOND_MS } from './fleets.ts';
import type { ChatMessage, WorldRecord } from './record.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** What an owner does at the desk: with cards, reminders, and messages that show many drafts. */
export interface OwnerDesk {
  /** Whether a message is about drafts that wait; then he sees to it, in one of many ways. */
  seeTo(message: ChatMessage): boolean;
  /** Presses a button, and says what it asks for; the message is as he sees it, which may be long past. */
  press(message: ChatMessage, data: string): void;
}

/** Verbs after which the bot asks for a line. */
const ASKING: Readonly<Record<string, (number: number) => string>> = {
  edit: (number) => `Better words ${number}.`,
  reject: () => 'Too long for me.',
  revise: (number) => `Shorter, and less of it (${number}).`,
};
/** What brings back the buttons that an offer of times stands in place of. */
const SNOOZE_BACK = 1;
/** Drafts that a fast thumb goes through before it rests. */
const LONGEST_SPURT = 12;

/** Builds what one owner does at the desk. */
export function createOwnerDesk(options: {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly record: WorldRecord;
  readonly chat: Chat;
  readonly isCalm: () => boolean;
  readonly by: number;
}): OwnerDesk {
  const { clock, random, record, chat, isCalm, by } = options;

  function press(message: ChatMessage, data: string): void {
    const { verb, id, revision } = readButton(data);
    if (verb === 'approve' || verb === 'again')
      record.consents.push({ verb, draft: id, revision, text: message.text, at: clock.now() });
    if (verb === 'batchyes') consentToAll(message);
    // He asks for the card once more.
    if (verb === 'show')
      for (const showing of record.showings) if (showing.key.startsWith(`draft:${id}:`)) showing.isKnown = false;
    chat.press(message, data, by);
    if (!isCalm() && random.chance(0.08)) clock.after(random.between(10, 3_000), () => chat.press(message, data, by));
    const words = ASKING[verb]?.(random.between(1, 1_000_000));
    if (words === undefined || !random.chance(verb === 'reject' ? 0.5 : 0.8)) return;
    clock.after(random.between(2, 90) * SECOND_MS, () => chat.write(words, undefined, by));
    // Another word, for what has been answered by then.
    if (!isCalm() && random.chance(0.05))
      clock.after(random.between(30, 200) * SECOND_MS, () => chat.write(`${words} Or so.`, undefined, by));
  }

  /** Each line of a list that he approves is a draft, with how it begins. */
  function consentToAll({ text }: ChatMessage): void {
    for (const [line, id] of text.matchAll(/^#(\d+) to .*$/gm))
      record.consents.push({ verb: 'approve', draft: Number(id), revision: 0, text: line, at: clock.now() });
  }

  function find(message: ChatMessage, verb: string): readonly string[] {
    return message.buttons.flatMap(({ data }) => (data !== undefined && readButton(data).verb === verb ? [data] : []));
  }

  function decide(message: ChatMessage, approve: string | undefined): void {
    const draw = isCalm() ? 0 : random.fraction();
    const [edit] = find(message, 'edit');
    const [reject] = find(message, 'reject');
    const [snooze] = find(message, 'snooze');
    const [revise] = find(message, 'revise');
    const [next] = find(message, 'next');
    const chosen =
      draw < 0.5
        ? approve
        : draw < 0.6
          ? edit
          : draw < 0.68
            ? reject
            : draw < 0.75
              ? snooze
              : draw < 0.83
                ? revise
                : draw < 0.86
                  ? next
                  : undefined;
    if (chosen !== undefined) press(message, chosen);
    else if (draw >= 0.86 && draw < 0.9) chat.write(`Words in a reply ${random.between(1, 1e6)}.`, message.id, by);
  }

  /** Goes through a message that moves on, draft by draft, faster than the message does at times. */
  function goThrough(messageId: number, left: number): void {
    const message = record.messages.find(({ id }) => id === messageId);
    if (message === undefined || left === 0) return;
    decide(message, find(message, 'approve')[0]);
    clock.after(random.between(200, 6_000), () => goThrough(messageId, left - 1));
  }

  /** Times are offered in place of the buttons. */
  function chooseTime(message: ChatMessage, offers: readonly string[]): void {
    const isBack = (data: string): boolean => readButton(data).choice === SNOOZE_BACK;
    const back = offers.find(isBack);
    const times = offers.filter((data) => !isBack(data));
    if (isCalm()) {
      if (back !== undefined) press(message, back);
    } else if (random.chance(0.7) && times.length > 0) press(message, random.pick(times));
  }

  return {
    press,
    seeTo(message) {
      const offers = find(message, 'snooze').filter((data) => readButton(data).choice !== undefined);
      if (offers.length > 0) {
        chooseTime(message, offers);
        return true;
      }
      const [undo] = find(message, 'undo');
      if (undo !== undefined) {
        if (!isCalm() && random.chance(0.25)) press(message, undo);
        return true;
      }
      const [all] = find(message, 'batchyes');
      if (all !== undefined) {
        const [back] = find(message, 'review');
        if (isCalm() || random.chance(0.7) || back === undefined) press(message, all);
        else press(message, back);
        return true;
      }
      const [approve] = find(message, 'approve');
      const isReview = find(message, 'next').length > 0;
      if (isReview) {
        const lists = find(message, 'batch');
        if (lists.length > 0 && !isCalm() && random.chance(0.2)) press(message, random.pick(lists));
        else goThrough(message.id, isCalm() ? LONGEST_SPURT : random.between(1, LONGEST_SPURT));
        return true;
      }
      if (approve !== undefined || find(message, 'reject').length > 0) {
        decide(message, approve);
        return true;
      }
      const [raise] = [...find(message, 'raiseyes'), ...find(message, 'raise')];
      if (raise !== undefined) {
        if (isCalm() || random.chance(0.3)) press(message, raise);
        return isCalm();
      }
      // A queue, a triage, or the end of a review: there is more behind it.
      const [more] = find(message, 'review');
      if (more === undefined) return false;
      if (!isCalm() && random.chance(0.5)) press(message, more);
      return true;
    },
  };
}
