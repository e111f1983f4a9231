import { createHash } from 'node:crypto';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import { mayDo, type Role, ROLES } from '../people.ts';
import type { Outbox, RichText } from './outbox.ts';
import { createPlaces, type Where } from './places.ts';
import { roleForCommand } from './rights.ts';

/** Queues the list of commands for Telegram's menu, once for each bot and each list, and the welcome, once for each home. */
export function introduce(
  { storage, outbox }: { readonly storage: Storage; readonly outbox: Outbox },
  botId: number,
  listed: readonly Listed[],
  welcome: RichText | undefined,
): void {
  const commands = menuOf(listed);
  const version = versionOf(commands);
  storage.transaction(() => {
    outbox.send({ key: `commands:${botId}:${version}`, class: 'notice', content: { kind: 'commands', commands } });
    if (welcome !== undefined)
      outbox.send({ key: 'welcome', class: 'reply', content: { kind: 'text', body: welcome } });
  });
}

interface Listed {
  readonly name: string;
  readonly description: string;
}

type MenuEntry = { readonly command: string; readonly description: string };

function menuOf(listed: readonly Listed[]): readonly MenuEntry[] {
  return listed.map(({ name, description }) => ({ command: name, description }));
}

function versionOf(commands: readonly MenuEntry[]): string {
  return createHash('sha256').update(JSON.stringify(commands)).digest('hex').slice(0, 12);
}

/**
 * Gives whoever is met in his private chat a menu of the commands that he may use, once for each role and each list. Owners have the menu of
 * all, unless they were something else before.
 */
export function createRoleMenus(
  { storage, outbox }: { readonly storage: Storage; readonly outbox: Outbox },
  listed: readonly Listed[],
): (userId: number, role: Role, updateId: number) => void {
  const menus = ROLES.map((role) => {
    const commands = menuOf(listed.filter(({ name }) => mayDo(role, roleForCommand(name))));
    return [role, { commands, mark: `${role}:${versionOf(commands)}` }] as const;
  });
  const byRole = new Map(menus);
  return (userId, role, updateId) => {
    const menu = byRole.get(role);
    const key = `menu:${userId}`;
    const known = storage.settings.get(key);
    if (menu === undefined || known === menu.mark || (role === 'owner' && known === undefined)) return;
    storage.transaction(() => {
      storage.settings.set(key, menu.mark);
      outbox.send({
        key: `${key}:${updateId}`,
        class: 'notice',
        content: { kind: 'commands', commands: menu.commands, forUser: userId },
      });
    });
  };
}

/** Says once where fleet.yaml names a topic of a private chat, and the bot has no topics there: the chat itself takes the messages. */
export function tellTopicless(
  {
    storage,
    outbox,
    fleet,
  }: { readonly storage: Storage; readonly outbox: Outbox; readonly fleet: Pick<Fleet, 'telegram'> },
  me: { readonly has_topics_enabled?: boolean },
): void {
  const { chat, topic, places } = fleet.telegram;
  const isWithout = (chatId: number, topicId: number | undefined): boolean =>
    chatId > 0 && topicId !== undefined && me.has_topics_enabled === false;
  const keys = [
    ...(isWithout(chat, topic) ? ['telegram.topic'] : []),
    ...[...places]
      .filter(([, place]) => isWithout(place.chatId, place.topicId))
      .map(([name]) => `telegram.places.${name}.topic`),
  ].join(', ');
  storage.transaction(() => {
    if (!storage.settings.claim('topicless', keys) || keys === '') return;
    const text = `🧭 fleet.yaml names topics of private chats (${keys}), and this bot has none there: messages go to the chats themselves. BotFather turns topics on (Bot Settings).`;
    outbox.send({
      key: `topicless:${createHash('sha256').update(keys).digest('hex').slice(0, 12)}`,
      class: 'notice',
      content: { kind: 'text', body: { text, entities: [] } },
    });
  });
}

/** Where the fleet's own messages go, and each place, as this version of fleet.yaml has it. */
type PlaceMap = { readonly [name: string]: Where };

const PLACES_KEY = 'places';
/** The fleet's own: no place is called so. */
const OWN = '';

/**
 * What waits for a chat or a topic that fleet.yaml no longer names goes to the one that it names now: of a place that is gone, to the fleet's
 * own. What another place is called for still goes where it goes.
 */
export function followPlaces(storage: Storage, fleet: Pick<Fleet, 'telegram'>): void {
  const now = placesOf(fleet);
  const places = createPlaces({ fleet, storage });
  storage.transaction(() => {
    const before = readPlaces(storage);
    storage.settings.set(PLACES_KEY, JSON.stringify(now));
    const isUsed = (old: Where): boolean => Object.values(now).some((where) => isSame(where, old));
    for (const [name, old] of Object.entries(before)) {
      const next = now[name] ?? now[OWN];
      if (next === undefined || isSame(old, next) || isUsed(old)) continue;
      const to = { ...next, chatId: places.follow(next.chatId) };
      storage.outbox.move({ ...old, chatId: places.follow(old.chatId) }, to);
      // Answers to commands stand in whatever topic they were asked in; they go along when their chat is ours no more.
      if (!Object.values(now).some(({ chatId }) => chatId === old.chatId))
        storage.outbox.move({ chatId: places.follow(old.chatId) }, to);
    }
  });
}

function placesOf({ telegram }: Pick<Fleet, 'telegram'>): PlaceMap {
  const where = (chatId: number, topicId: number | undefined): Where => ({ chatId, topicId: topicId ?? null });
  const named = [...telegram.places].map(([name, { chatId, topicId }]) => [name, where(chatId, topicId)] as const);
  return Object.fromEntries([[OWN, where(telegram.chat, telegram.topic)], ...named]);
}

function readPlaces(storage: Storage): PlaceMap {
  const kept = storage.settings.get(PLACES_KEY);
  if (kept !== undefined) return JSON.parse(kept) as PlaceMap;
  // Versions without places kept the chat alone.
  const chat = storage.settings.get('chat');
  return chat === undefined ? {} : { [OWN]: { chatId: Number(chat), topicId: null } };
}

function isSame(one: Where, other: Where): boolean {
  return one.chatId === other.chatId && one.topicId === other.topicId;
}
