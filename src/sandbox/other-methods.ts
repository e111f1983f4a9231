/** Methods about the bot itself, its commands, presses and files. */
import { badRequest } from './bot-error.ts';
import type { BotCommand } from './bot-commands.ts';
import { chatOf, messageOf, renderChat } from './bot-world.ts';
import type { BotMethod, BotWorld } from './bot-world.ts';

/** The download limit of getFile. */
const maxDownloadBytes = 20 * 1024 * 1024;
/** As many commands as a menu holds. */
const maxCommands = 100;

/** The methods that neither send nor change a message. */
export function createOtherMethods(world: BotWorld): Readonly<Record<string, BotMethod>> {
  return {
    getMe: () => ({
      ...world.people.bot,
      can_join_groups: false,
      can_read_all_group_messages: false,
      supports_inline_queries: false,
      supports_guest_queries: false,
      can_connect_to_business: false,
      has_main_web_app: false,
      has_topics_enabled: false,
      allows_users_to_create_topics: false,
      can_manage_bots: false,
    }),
    deleteWebhook(payload) {
      if (payload['drop_pending_updates'] === true) world.updates.dropAll();
      return true;
    },
    getWebhookInfo: () => ({ url: '', has_custom_certificate: false, pending_update_count: world.updates.size() }),
    answerCallbackQuery(payload) {
      const text = payload['text'] as string | undefined;
      world.queries.answer(String(payload['callback_query_id']), text, payload['show_alert'] === true);
      return true;
    },
    setMyCommands(payload) {
      const commands = payload['commands'] as readonly BotCommand[];
      if (commands.length > maxCommands) throw badRequest('BOT_COMMANDS_TOO_MUCH');
      for (const { command } of commands) {
        if (!/^\/?[a-z0-9_]+$/.test(command)) throw badRequest('BOT_COMMAND_INVALID');
      }
      world.commands.set(payload['scope'], payload['language_code'], commands);
      return true;
    },
    getMyCommands: (payload) => world.commands.get(payload['scope'], payload['language_code']),
    deleteMyCommands(payload) {
      world.commands.delete(payload['scope'], payload['language_code']);
      return true;
    },
    getChat(payload) {
      return { ...renderChat(world, chatOf(world, payload)), accent_color_id: 0, max_reaction_count: 11 };
    },
    sendChatAction(payload) {
      chatOf(world, payload);
      return true;
    },
    setMessageReaction(payload) {
      messageOf(world, payload, 'message to react not found');
      return true;
    },
    pinChatMessage(payload) {
      messageOf(world, payload, 'message to pin not found');
      return true;
    },
    unpinChatMessage(payload) {
      chatOf(world, payload);
      return true;
    },
    getFile(payload) {
      const file = world.history.findFile((one) => one.fileId === payload['file_id']);
      if (file === undefined) throw badRequest('invalid file_id');
      if (file.content.length > maxDownloadBytes) throw badRequest('file is too big');
      return {
        file_id: file.fileId,
        file_unique_id: `unique-${file.fileId}`,
        file_size: file.content.length,
        file_path: file.path,
      };
    },
  };
}
