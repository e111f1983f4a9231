import type { OutboxRow } from '../../storage/outbox-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Clock, Log } from '../ports.ts';
import { shorten } from './cards/words.ts';
import type { Content } from './outbox.ts';
import type { Places } from './places.ts';

/** Cards and questions that are shown anew when their place is lost: more than anybody leaves undecided there. */
const MOST_SHOWN_ANEW = 200;

/**
 * Where messages go whose place takes none: nothing that an agent writes is lost because a place is. Each detour is tried anew with every
 * message, so that a place that is there again is used again; its owner is told once. Each call belongs into the transaction of the row.
 */
export interface Detours {
  /** A topic that is closed or gone: the chat itself takes it. */
  withoutTopic(row: OutboxRow, reason: string): void;
  /** A group that grew has another id: it is followed for good. */
  moved(row: OutboxRow, to: number): void;
  /** A place that refuses us: the fleet's chat takes it. False where the row is not of such a place, or an answer to somebody there. */
  refused(row: OutboxRow, reason: string): boolean;
  /** A message came through: the next refusal is told again. */
  arrived(row: OutboxRow): void;
}

/** Builds the detours. */
export function createDetours(options: {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  readonly places: Places;
}): Detours {
  const { storage, clock, log, places } = options;

  function tell(key: string, text: string): void {
    const now = clock.now();
    storage.outbox.add({
      key: `${key}:${now}`,
      class: 'alert',
      priority: 1,
      ...places.of(),
      replyToKey: null,
      content: JSON.stringify({ kind: 'text', body: { text, entities: [] } } satisfies Content),
      silent: 0,
      nextAt: now,
      giveUpAt: null,
      createdAt: now,
    });
  }

  function keysOf(names: readonly string[]): string {
    return names.map((name) => `telegram.places.${name}`).join(', ');
  }

  /** What waits for a decision there is shown again where somebody sees it. */
  function showAnew(chatId: number): void {
    const now = clock.now();
    const cards = storage.outbox.shownIn(chatId, 'draft:*:r*', MOST_SHOWN_ANEW).filter(({ key }) => {
      const [, id, revision] = /^draft:(\d+):r(\d+)$/.exec(key) ?? [];
      const draft = id === undefined ? undefined : storage.drafts.get(Number(id));
      return draft?.state === 'pending' && draft.revision === Number(revision);
    });
    const questions = storage.outbox
      .shownIn(chatId, 'question:*', MOST_SHOWN_ANEW)
      .filter(({ key }) => storage.questions.get(Number(key.slice('question:'.length)))?.state === 'open');
    for (const { id } of [...cards, ...questions].reverse()) storage.outbox.redirect(id, places.of(), now);
  }

  return {
    withoutTopic({ id, key, chatId, topicId }, reason) {
      if (chatId === null) return;
      log.warn('a topic takes no messages; they go to its chat', { chat: chatId, topic: topicId, key, reason });
      storage.outbox.redirect(id, { chatId, topicId: null }, clock.now());
      const told = topicKey(chatId, topicId);
      if (!storage.settings.claim(told, 'told')) return;
      const names = places.namesAt(chatId, topicId);
      const [whose, where] =
        names.length === 0
          ? ['of the fleet’s chat', 'telegram.topic']
          : [`of the place ${names.join(', ')}`, keysOf(names)];
      tell(
        told,
        `🧭 The topic ${topicId} ${whose} takes no messages: ${shorten(reason, 300)}. They go to the chat itself. Open that topic again, or correct ${where} in fleet.yaml.`,
      );
    },

    moved(row, to) {
      const { chatId: from } = row;
      if (from === null) return;
      log.warn('a group is another chat now', { chat: from, to });
      const names = places.namesAt(from);
      places.moved(from, to);
      storage.outbox.move({ chatId: from }, { chatId: to });
      const isShown = row.messageId !== null;
      // What was shown before stays where it was; what matters of it is shown anew.
      if (isShown && row.class !== 'card' && row.class !== 'alert')
        storage.outbox.delivered(row.id, row.wanted, null, clock.now());
      else storage.outbox.redirect(row.id, { chatId: to, topicId: row.topicId }, clock.now());
      if (!storage.settings.claim(`chat-moved-told:${from}`, String(to))) return;
      const where =
        names.length === 0 ? 'telegram.chat' : names.map((name) => `telegram.places.${name}.chat`).join(', ');
      tell(
        `chat-moved:${from}`,
        `🧭 Telegram made the group ${from} a supergroup: it is the chat ${to} now, and I went along. Please write ${to} for ${where} in fleet.yaml.`,
      );
    },

    refused(row, reason) {
      const { chatId, topicId } = row;
      const names = chatId === null ? [] : places.namesAt(chatId);
      // Whoever said a command there is answered there, or not at all.
      if (chatId === null || names.length === 0 || row.class === 'answer' || row.key.startsWith('reply:')) return false;
      if (!/^\{"kind":"(text|document|file|media)"/.test(row.content)) return false;
      log.error('a place refuses our messages; they go to the fleet’s chat', { chat: chatId, topic: topicId, reason });
      storage.outbox.redirect(row.id, places.of(), clock.now());
      const told = refusedKey(chatId);
      if (!storage.settings.claim(told, 'told')) return true;
      showAnew(chatId);
      tell(
        told,
        `🧭 I cannot write to the place ${names.join(', ')} (chat ${chatId}): ${shorten(reason, 300)}. What its agents write and ask comes here instead. Add me to that chat again, or correct ${keysOf(names)} in fleet.yaml.`,
      );
      return true;
    },

    arrived({ chatId, topicId, messageId }) {
      if (chatId === null || messageId !== null) return;
      const told = topicId === null ? [refusedKey(chatId)] : [refusedKey(chatId), topicKey(chatId, topicId)];
      for (const key of told) if (storage.settings.get(key) === 'told') storage.settings.set(key, '');
    },
  };
}

function topicKey(chatId: number, topicId: number | null): string {
  return `topic-gone:${chatId}:${topicId}`;
}

function refusedKey(chatId: number): string {
  return `place-refused:${chatId}`;
}
