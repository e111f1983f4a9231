/** Methods that send a message or change one. */
import { badRequest, BotApiRefusal, sandboxRefusal } from './bot-error.ts';
import { answerMessage, chatOf, messageOf } from './bot-world.ts';
import type { BotMethod, BotWorld } from './bot-world.ts';
import type { FileForm, StoredFile, StoredMessage } from './chat-history.ts';
import { captionText, messageText } from './formatted-text.ts';
import type { FormattedText } from './formatted-text.ts';
import { readForcedReply, readKeyboard } from './inline-keyboard.ts';
import type { InlineKeyboard } from './inline-keyboard.ts';
import { checkUpload, isUploadedFile } from './uploaded-file.ts';
import type { Payload } from './validation.ts';

/** The upload limit of a request. */
const maxDocumentBytes = 50 * 1024 * 1024;
/** As many files as stand together. */
const maxGroup = 10;
/** Older messages cannot be deleted. */
const deletableForMs = 48 * 60 * 60 * 1_000;
const maxDeletions = 100;

/** The methods that send, edit and delete. */
export function createSendMethods(world: BotWorld): Readonly<Record<string, BotMethod>> {
  let groups = 0;

  function send(payload: Payload, content: FormattedText, chatId: number, given?: GivenFile): unknown {
    const topicId = world.groups.enterTopic(chatId, payload['message_thread_id']);
    const keyboard = readKeyboard(payload['reply_markup']);
    const asks = readForcedReply(payload['reply_markup']);
    const replyTo = repliedTo(payload, chatId);
    world.flood.check(chatId);
    const message = world.history.add({
      chatId,
      ...(topicId === undefined ? {} : { topicId }),
      author: world.people.bot,
      date: world.now(),
      content,
      keyboard,
      ...(asks === undefined ? {} : { asks }),
      file: given?.file,
      ...(given === undefined ? {} : { form: given.form }),
      ...(given?.group === undefined ? {} : { group: given.group }),
      silent: payload['disable_notification'] === true,
      replyTo,
    });
    return answerMessage(world, message);
  }

  function repliedTo(payload: Payload, chatId: number): number | undefined {
    const parameters = payload['reply_parameters'] as Payload | undefined;
    const id = parameters?.['message_id'] ?? payload['reply_to_message_id'];
    if (id === undefined) return undefined;
    if (world.history.find(chatId, Number(id)) !== undefined) return Number(id);
    if (parameters?.['allow_sending_without_reply'] === true) return undefined;
    throw badRequest('message to be replied not found');
  }

  /** The file of that form that a field holds, uploaded or known. */
  function fileOf(given: unknown, form: FileForm): StoredFile {
    if (isUploadedFile(given)) {
      checkUpload(given, form);
      return world.history.storeFile(given);
    }
    const known = world.history.findFile((file) => file.fileId === given);
    if (known === undefined) throw badRequest('wrong file identifier/HTTP URL specified');
    return known;
  }

  function sendFile(payload: Payload, form: FileForm): unknown {
    const chatId = chatOf(world, payload);
    const caption = captionText(payload['caption'], payload['parse_mode'], payload['caption_entities']);
    return send(payload, caption, chatId, { file: fileOf(payload[form], form), form });
  }

  function sendGroup(payload: Payload): unknown {
    const chatId = chatOf(world, payload);
    const media = payload['media'] as readonly Payload[];
    if (media.length < 2 || media.length > maxGroup) throw badRequest('group send failed: wrong number of media');
    if (media.reduce((sum, item) => sum + sizeOf(item['media']), 0) > maxDocumentBytes)
      throw new BotApiRefusal(413, 'Request Entity Too Large');
    // All of it or nothing.
    const items = media.map((item) => {
      const form = item['type'] as FileForm;
      const caption = captionText(item['caption'], item['parse_mode'], item['caption_entities']);
      return { caption, form, file: fileOf(item['media'], form) };
    });
    groups += 1;
    return items.map(({ caption, form, file }) => send(payload, caption, chatId, { file, form, group: `${groups}` }));
  }

  function editable(payload: Payload): StoredMessage {
    if (payload['inline_message_id'] !== undefined) throw sandboxRefusal('there are no inline messages here');
    const message = messageOf(world, payload, 'message to edit not found');
    // Only messages without a reply_markup, or with an inline keyboard, can be.
    if (!message.author.is_bot || message.asks !== undefined) throw badRequest("message can't be edited");
    return message;
  }

  function edit(message: StoredMessage, content: FormattedText, keyboard: InlineKeyboard): unknown {
    if (isSame(message.content, content) && isSame(message.keyboard, keyboard)) {
      throw badRequest(
        'message is not modified: specified new message content and reply markup are exactly the same as a current ' +
          'content and reply markup of the message',
      );
    }
    world.flood.check(message.chatId);
    // Telegram marks only a changed content as edited, not a changed keyboard.
    const editDate = isSame(message.content, content) ? message.editDate : world.now();
    return answerMessage(world, world.history.edit(message, { content, keyboard, editDate }));
  }

  function deleteMessage(message: StoredMessage): void {
    if (world.now() - message.date > deletableForMs) throw badRequest("message can't be deleted for everyone");
    world.history.delete(message);
  }

  return {
    sendMessage(payload) {
      const chatId = chatOf(world, payload);
      return send(payload, messageText(payload['text'], payload['parse_mode'], payload['entities']), chatId);
    },
    sendDocument: (payload) => sendFile(payload, 'document'),
    sendPhoto: (payload) => sendFile(payload, 'photo'),
    sendVideo: (payload) => sendFile(payload, 'video'),
    sendAudio: (payload) => sendFile(payload, 'audio'),
    sendMediaGroup: sendGroup,
    editMessageText(payload) {
      if (payload['rich_message'] !== undefined) throw sandboxRefusal('rich messages are not implemented');
      const message = editable(payload);
      if (message.file !== undefined) throw badRequest('there is no text in the message to edit');
      const content = messageText(payload['text'], payload['parse_mode'], payload['entities']);
      return edit(message, content, readKeyboard(payload['reply_markup']));
    },
    editMessageCaption(payload) {
      const message = editable(payload);
      if (message.file === undefined) throw badRequest('there is no caption in the message to edit');
      const content = captionText(payload['caption'], payload['parse_mode'], payload['caption_entities']);
      return edit(message, content, readKeyboard(payload['reply_markup']));
    },
    editMessageReplyMarkup(payload) {
      const message = editable(payload);
      return edit(message, message.content, readKeyboard(payload['reply_markup']));
    },
    deleteMessage(payload) {
      deleteMessage(messageOf(world, payload, 'message to delete not found'));
      return true;
    },
    deleteMessages(payload) {
      const chatId = chatOf(world, payload);
      const ids = payload['message_ids'] as readonly number[];
      if (ids.length === 0 || ids.length > maxDeletions) throw badRequest('there are too many messages to delete');
      for (const id of ids) {
        const message = world.history.find(chatId, id);
        if (message !== undefined) deleteMessage(message);
      }
      return true;
    },
  };
}

/** A file of a message, and how it stands there. */
interface GivenFile {
  readonly file: StoredFile;
  readonly form: FileForm;
  readonly group?: string;
}

function sizeOf(given: unknown): number {
  return isUploadedFile(given) ? given.content.length : 0;
}

function isSame(left: unknown, right: unknown): boolean {
  return JSON.stringify(left) === JSON.stringify(right);
}
