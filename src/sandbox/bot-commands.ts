/** The commands that a bot has announced, by scope and language. */

/** One line of the command menu. */
export interface BotCommand {
  readonly command: string;
  readonly description: string;
}

/** The announced commands of a bot. */
export interface BotCommands {
  set(scope: unknown, language: unknown, commands: readonly BotCommand[]): void;
  get(scope: unknown, language: unknown): readonly BotCommand[];
  delete(scope: unknown, language: unknown): void;
  /** What the menu of a private chat shows: the narrowest scope that was set. */
  shownIn(chatId: number): readonly BotCommand[];
  onChange(listener: () => void): void;
}

/** Creates an empty list. */
export function createBotCommands(): BotCommands {
  const announced = new Map<string, readonly BotCommand[]>();
  const listeners: (() => void)[] = [];
  const changed = () => {
    for (const listener of listeners) listener();
  };
  return {
    set(scope, language, commands) {
      announced.set(keyOf(scope, language), commands);
      changed();
    },
    get: (scope, language) => announced.get(keyOf(scope, language)) ?? [],
    delete(scope, language) {
      announced.delete(keyOf(scope, language));
      changed();
    },
    shownIn(chatId) {
      const scopes = [{ type: 'chat', chat_id: chatId }, { type: 'all_private_chats' }, { type: 'default' }];
      for (const scope of scopes) {
        const commands = announced.get(keyOf(scope, undefined));
        if (commands !== undefined) return commands;
      }
      return [];
    },
    onChange(listener) {
      listeners.push(listener);
    },
  };
}

function keyOf(scope: unknown, language: unknown): string {
  const { type = 'default', chat_id: chat = '', user_id: user = '' } = (scope ?? {}) as Record<string, unknown>;
  return [type, chat, user, language ?? ''].map(String).join('/');
}
