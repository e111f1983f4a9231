/** The groups that the bot is in, with their topics. */
import { badRequest, BotApiRefusal, chatUpgraded } from './bot-error.ts';

/** A group as a sandbox is set up with it; with topics it is a forum. */
export interface GroupOptions {
  readonly id: number;
  readonly title: string;
  readonly topics?: readonly { readonly id: number; readonly name: string }[];
}

/** What can happen to groups. */
export interface Groups {
  find(id: number): GroupOptions | undefined;
  list(): readonly GroupOptions[];
  /** The group of a payload as the bot may use it; refused in the server's words where it may not. */
  enter(id: number): GroupOptions | undefined;
  /** The topic that a payload names; refused in the server's words where it takes no messages. */
  enterTopic(chatId: number, topicId: unknown): number | undefined;
  setTopicClosed(chatId: number, topicId: number, isClosed: boolean): void;
  deleteTopic(chatId: number, topicId: number): void;
  /** The bot is thrown out, or comes back. */
  setOut(chatId: number, isOut: boolean): void;
  /** A group grows into a supergroup, which is another chat. */
  upgrade(from: number, to: number): void;
}

/** Creates the groups of a sandbox. */
export function createGroups(initial: readonly GroupOptions[]): Groups {
  const groups = new Map(initial.map((group) => [group.id, group]));
  const closed = new Set<string>();
  const out = new Set<number>();
  const movedTo = new Map<number, number>();
  const key = (chatId: number, topicId: number): string => `${chatId}/${topicId}`;

  return {
    find: (id) => groups.get(id),
    list: () => [...groups.values()],
    enter(id) {
      const to = movedTo.get(id);
      if (to !== undefined) throw chatUpgraded(to);
      const group = groups.get(id);
      if (group !== undefined && out.has(id))
        throw new BotApiRefusal(403, 'Forbidden: bot was kicked from the supergroup chat');
      return group;
    },
    enterTopic(chatId, topicId) {
      if (topicId === undefined) return undefined;
      const topic = groups.get(chatId)?.topics?.find(({ id }) => id === topicId);
      if (topic === undefined) throw badRequest('message thread not found');
      if (closed.has(key(chatId, topic.id))) throw badRequest('TOPIC_CLOSED');
      return topic.id;
    },
    setTopicClosed(chatId, topicId, isClosed) {
      if (isClosed) closed.add(key(chatId, topicId));
      else closed.delete(key(chatId, topicId));
    },
    deleteTopic(chatId, topicId) {
      const group = groups.get(chatId);
      if (group?.topics === undefined) return;
      groups.set(chatId, { ...group, topics: group.topics.filter(({ id }) => id !== topicId) });
    },
    setOut(chatId, isOut) {
      if (isOut) out.add(chatId);
      else out.delete(chatId);
    },
    upgrade(from, to) {
      const group = groups.get(from);
      if (group === undefined) return;
      groups.delete(from);
      groups.set(to, { ...group, id: to });
      movedTo.set(from, to);
    },
  };
}
