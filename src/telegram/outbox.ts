import type { MessageClass } from '../../storage/outbox-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Clock } from '../ports.ts';
import { createOnlyChat, type Places, type Where } from './places.ts';

/** A piece of text that Telegram shows in another way; offsets and lengths in UTF-16 units. */
export interface TextEntity {
  readonly type: string;
  readonly offset: number;
  readonly length: number;
  readonly url?: string;
  readonly [more: string]: unknown;
}

/** Text with entities: nothing in it is markup, so nothing can be left unescaped. */
export interface RichText {
  readonly text: string;
  readonly entities: readonly TextEntity[];
}

/** A button under a message: it either carries data back to us or opens a link. */
export interface Button {
  readonly text: string;
  readonly style?: 'primary' | 'success' | 'danger';
  readonly data?: string;
  readonly url?: string;
}

/** What a message shows, or the call that a row stands for. */
export type Content =
  | {
      readonly kind: 'text';
      readonly body: RichText;
      readonly buttons?: readonly (readonly Button[])[];
      /** Opens the keyboard of whoever it is for, as a reply to it, with this in the empty field; such a message cannot be edited. */
      readonly asks?: string;
    }
  | {
      readonly kind: 'document';
      readonly name: string;
      readonly content: string;
      readonly body: RichText;
      readonly buttons?: readonly (readonly Button[])[];
    }
  /** A run's log, read only when it is sent: `all` of it as a file, or its `end` below `body` as text. */
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly name: string;
      readonly body: RichText;
      readonly shows: 'all' | 'end';
    }
  /** Files on our own disk, read only when they are sent: one, or several that Telegram shows together. */
  | { readonly kind: 'media'; readonly files: readonly MediaItem[] }
  | { readonly kind: 'answer'; readonly callbackQueryId: string; readonly text?: string; readonly alert?: boolean }
  /** Reads a file that an owner sent as the new text of a draft; shows nothing. */
  | {
      readonly kind: 'fetch';
      readonly fileId: string;
      readonly maxBytes: number;
      readonly draftId: number;
      readonly revision: number;
      readonly actor: string;
      readonly updateId: number;
    }
  /** Takes the buttons off a message that no row of ours stands for, such as a card that was sent twice. */
  | { readonly kind: 'strip'; readonly messageId: number }
  /** Takes a message out of the chat, also one of its owner's; `isSecret`: where Telegram refuses, he is asked to do it himself. */
  | { readonly kind: 'delete'; readonly messageId: number; readonly isSecret: boolean }
  | {
      readonly kind: 'commands';
      readonly commands: readonly { readonly command: string; readonly description: string }[];
      /** Whose private chat shows them; without it every chat that has none of its own. */
      readonly forUser?: number;
    };

/** The content that names a file. */
export type FileContent = Extract<Content, { readonly kind: 'file' }>;

/** The content that stands for reading a file of an owner's. */
export type FetchContent = Extract<Content, { readonly kind: 'fetch' }>;

/** What came of reading it; without bytes it is larger than was wanted. */
export type Fetched =
  | ({ readonly kind: 'read'; readonly bytes: Uint8Array | undefined } & FetchedFor)
  | ({ readonly kind: 'refused'; readonly reason: string } & FetchedFor);

/** Where it was sent. */
interface FetchedFor {
  readonly chatId: number | null;
  readonly topicId: number | null;
}

/** The content that names files of a draft. */
export type MediaContent = Extract<Content, { readonly kind: 'media' }>;

/** How Telegram shows a file. */
export type MediaForm = 'photo' | 'video' | 'audio' | 'document';

/** A file to be shown: only what still has this SHA-256 is. */
export interface MediaItem {
  readonly as: MediaForm;
  readonly path: string;
  readonly name: string;
  readonly sha256: string;
  readonly caption: string;
}

/** Whether a row shows files: `encode` writes a content's kind first. */
export function isMedia(row: { readonly content: string }): boolean {
  return row.content.startsWith('{"kind":"media"');
}

/** A message to be shown. */
export interface OutgoingMessage {
  /** One key per message: the same key again is the same message. */
  readonly key: string;
  readonly class: MessageClass;
  readonly content: Content;
  /** Key of the message that it answers; it is sent without that link when the other is gone. */
  readonly replyToKey?: string;
  /** When the phone makes a sound: even in quiet hours, outside them (the default), or not at all. */
  readonly sound?: 'always' | 'awake' | 'never';
  /** Where it goes, by its name under `telegram.places`, unless it answers a message that stands elsewhere. */
  readonly place?: string | undefined;
  /** Another chat than that. */
  readonly chatId?: number;
  /** The topic of that chat; null: the chat itself. Without it where the message that it answers is, or where the fleet's own go. */
  readonly topicId?: number | null;
}

/** Where rooms leave what Telegram shall show; called inside the transaction of the decision. */
export interface Outbox {
  send(message: OutgoingMessage): void;
  /** Wants another content of a message; nothing happens when there is no such message. */
  edit(key: string, content: Content): void;
  /** Takes a message back that is worth nothing any more: one that nobody was shown never comes, any other shows this content. */
  takeBack(key: string, content: Content): void;
}

/** Lower is more urgent. */
const PRIORITY: Readonly<Record<MessageClass, number>> = { answer: 0, alert: 1, reply: 2, card: 3, notice: 4 };

/**
 * How long a message is worth delivering, in ms. An alert is never given up: a late one still says what happened.
 * A press can be answered for 150 s (Bot API server). A reply to a command is stale after six hours, a notice after a day.
 */
const WORTH_MS: Readonly<Record<MessageClass, number | undefined>> = {
  answer: 150_000,
  alert: undefined,
  reply: 6 * 3_600_000,
  card: undefined,
  notice: 24 * 3_600_000,
};

/** Telegram deletes nothing that is older than 48 hours (Bot API, deleteMessage). */
const DELETION_WORTH_MS = 47 * 3_600_000;

/** Builds the queue side of the outbox. `scrub` removes known secrets from every text before it becomes a row. */
export function createOutbox(options: {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly places?: Places;
  /** The one chat of a program that has no other places. */
  readonly chatId?: number;
  readonly scrub: (text: string) => string;
  readonly isQuiet: (at: number) => boolean;
}): Outbox {
  const { storage, clock } = options;
  const places = options.places ?? createOnlyChat(options.chatId ?? 0);

  /** What answers a message goes where that one is, as long as it may. */
  function whereTo(message: OutgoingMessage): Where {
    const other = message.replyToKey === undefined ? undefined : storage.outbox.get(message.replyToKey);
    const above = other === undefined || other.chatId === null ? undefined : whereIs(other.chatId, other.topicId);
    if (message.chatId === undefined)
      return above !== undefined && places.isPlace(above) ? above : places.of(message.place);
    const chatId = places.follow(message.chatId);
    if (message.topicId !== undefined) return { chatId, topicId: message.topicId };
    const nearest = [above, places.of()].find((at) => at?.chatId === chatId);
    return { chatId, topicId: nearest?.topicId ?? null };
  }

  function whereIs(chatId: number, topicId: number | null): Where {
    return { chatId: places.follow(chatId), topicId };
  }

  function encode(content: Content): string {
    if (content.kind === 'document')
      return JSON.stringify({ ...content, content: options.scrub(content.content), body: scrubText(content.body) });
    if (content.kind === 'media') {
      const files = content.files.map((file) => ({
        ...file,
        name: options.scrub(file.name),
        caption: options.scrub(file.caption),
      }));
      return JSON.stringify({ kind: 'media', files } satisfies Content);
    }
    return JSON.stringify(
      content.kind === 'text' || content.kind === 'file' ? { ...content, body: scrubText(content.body) } : content,
    );
  }

  /** Where something was taken out, offsets no longer fit: the text is shown plain. */
  function scrubText(body: RichText): RichText {
    const text = options.scrub(body.text);
    return text === body.text ? body : { text, entities: [] };
  }

  return {
    send(message) {
      const now = clock.now();
      const worth = message.content.kind === 'delete' ? DELETION_WORTH_MS : WORTH_MS[message.class];
      const isForNoChat = message.content.kind === 'answer' || message.content.kind === 'commands';
      const where = isForNoChat ? { chatId: null, topicId: null } : whereTo(message);
      storage.outbox.add({
        key: message.key,
        class: message.class,
        priority: PRIORITY[message.class],
        ...where,
        replyToKey: message.replyToKey ?? null,
        content: encode(message.content),
        silent: message.sound === 'never' || (message.sound !== 'always' && options.isQuiet(now)) ? 1 : 0,
        nextAt: now,
        giveUpAt: worth === undefined ? null : now + worth,
        createdAt: now,
      });
    },
    edit: (key, content) => void storage.outbox.change(key, encode(content), clock.now()),
    takeBack(key, content) {
      if (!storage.outbox.takeBack(key)) storage.outbox.change(key, encode(content), clock.now());
    },
  };
}
