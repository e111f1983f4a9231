import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import { readMe } from './me.ts';

/** A chat, or a topic of one; `topicId` null: the chat itself. */
export interface Where {
  readonly chatId: number;
  readonly topicId: number | null;
}

/** Where messages go, and where people are listened to, by fleet.yaml as it is now. */
export interface Places {
  /** The place of that name; without a name, or with one that fleet.yaml does not know: the fleet's own chat. */
  of(name?: string): Where;
  /** What chat that is now: a group that grew has another id. */
  follow(chatId: number): number;
  /** Follows a group to its new id, for good. Called within a transaction. */
  moved(from: number, to: number): void;
  /** Whether that is a chat of this fleet: its own, a place, or where somebody whom fleet.yaml names is alone with the bot. */
  isOurs(chatId: number): boolean;
  /** Whether messages that answer others there may still go there: a private chat of somebody, or where fleet.yaml has something. */
  isPlace(where: Where): boolean;
  /** Names of the places in that chat, or in that topic of it; empty where it is the fleet's own chat or none of ours. */
  namesAt(chatId: number, topicId?: number | null): readonly string[];
}

/** Groups grow into supergroups once; a loop of such rows must not hang us. */
const MOST_MOVES = 4;

/** Builds the places of a fleet. */
export function createPlaces({
  fleet,
  storage,
}: {
  readonly fleet: Pick<Fleet, 'telegram'>;
  readonly storage: Pick<Storage, 'settings'>;
}): Places {
  function follow(chatId: number): number {
    let at = chatId;
    for (let moves = 0; moves < MOST_MOVES; moves += 1) {
      const next = storage.settings.get(movedKey(at));
      if (next === undefined) return at;
      at = Number(next);
    }
    return at;
  }

  /** A private chat has topics only where its bot has them (Bot API, User.has_topics_enabled). */
  function whereTo(chatId: number, topicId: number | undefined): Where {
    if (topicId === undefined) return { chatId: follow(chatId), topicId: null };
    const isWithout = chatId > 0 && readMe(storage)?.has_topics_enabled === false;
    return { chatId: follow(chatId), topicId: isWithout ? null : topicId };
  }

  function of(name?: string): Where {
    const { chat, topic, places } = fleet.telegram;
    const place = name === undefined ? undefined : places.get(name);
    return place === undefined ? whereTo(chat, topic) : whereTo(place.chatId, place.topicId);
  }

  /** Each with its own old id as well: what was written before a group grew is pressed there. */
  function chats(): readonly number[] {
    const { chat, places } = fleet.telegram;
    return [chat, ...[...places.values()].map(({ chatId }) => chatId)].flatMap((id) => [id, follow(id)]);
  }

  function isOfPerson(chatId: number): boolean {
    const { owners, approvers, viewers } = fleet.telegram;
    return [...owners, ...approvers, ...viewers].includes(chatId);
  }

  function namesAt(chatId: number, topicId?: number | null): readonly string[] {
    if (chatId === of().chatId && (topicId === undefined || topicId === of().topicId)) return [];
    return [...fleet.telegram.places.keys()].filter((name) => {
      const at = of(name);
      return at.chatId === chatId && (topicId === undefined || at.topicId === topicId);
    });
  }

  return {
    of,
    follow,
    moved: (from, to) => storage.settings.set(movedKey(from), String(to)),
    isOurs: (chatId) => chats().includes(chatId) || isOfPerson(chatId),
    isPlace({ chatId, topicId }) {
      if (isOfPerson(chatId)) return true;
      return [of(), ...[...fleet.telegram.places.keys()].map(of)].some(
        // What had no topic to go to stands in the chat itself.
        (at) => at.chatId === chatId && (topicId === null || at.topicId === topicId),
      );
    },
    namesAt,
  };
}

/** The places of a program that has one chat only. */
export function createOnlyChat(chatId: number): Places {
  return {
    of: () => ({ chatId, topicId: null }),
    follow: (id) => id,
    moved: () => {},
    isOurs: () => true,
    isPlace: () => true,
    namesAt: () => [],
  };
}

function movedKey(chatId: number): string {
  return `chat-moved:${chatId}`;
}
