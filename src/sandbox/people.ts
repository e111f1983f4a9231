/** A person or bot as the Bot API shows one. */
export interface TelegramUser {
  readonly id: number;
  readonly is_bot: boolean;
  readonly first_name: string;
  readonly username?: string;
  readonly language_code?: string;
}

/** Who has a private chat with the bot: the owner from the start, a stranger from his first message on. */
export interface People {
  readonly owner: TelegramUser;
  readonly bot: TelegramUser;
  /** The person with this id; unknown ones get a name made of their id. */
  person(id: number): TelegramUser;
  /** Opens the private chat of a person who writes first; from then on the bot may write there. */
  openChat(id: number): void;
  hasChat(id: number): boolean;
  /** Whether this person has blocked the bot. */
  setBlocked(id: number, blocked: boolean): void;
  isBlocked(id: number): boolean;
}

/** Creates the people of a sandbox. */
export function createPeople(bot: TelegramUser, owner: TelegramUser, strangers: readonly TelegramUser[]): People {
  const known = new Map([owner, ...strangers].map((person) => [person.id, person]));
  const chats = new Set([owner.id]);
  const blocked = new Set<number>();
  return {
    owner,
    bot,
    person: (id) => known.get(id) ?? { id, is_bot: false, first_name: `Stranger ${id}` },
    openChat(id) {
      chats.add(id);
    },
    hasChat: (id) => chats.has(id),
    setBlocked(id, isBlocked) {
      if (isBlocked) blocked.add(id);
      else blocked.delete(id);
    },
    isBlocked: (id) => blocked.has(id),
  };
}
