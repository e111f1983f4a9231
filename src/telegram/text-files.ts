import type { Asked } from '../../conversations/dialogue.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Desk } from '../drafts/desk.ts';
import { HOLDS_SECRET } from '../secret-refusal.ts';
import type { Fetched, FetchContent, Outbox } from './outbox.ts';
import { readAskKey } from './press.ts';

/** Bytes that a text may have: as many as that of a draft. */
const MOST_BYTES = 1024 * 1024;

/** A file as Telegram tells of it, before anything of it is read. */
export interface SentFile {
  readonly fileId: string;
  readonly sizeBytes: number | undefined;
}

/** Texts that owners send as files, since no message holds them: as long as a draft may be, and byte for byte. */
export interface TextFiles {
  /** Takes a file that answers a message about a draft: wants it to be read, as a row; false when that message is about none. */
  take(key: string, file: SentFile, from: Asked): boolean;
  /** Makes the file that was read the text of its draft, and says what came of it; called within a transaction. */
  received(wanted: FetchContent, fetched: Fetched): void;
}

/** Builds what takes texts as files. */
export function createTextFiles(options: {
  readonly storage: Storage;
  readonly outbox: Outbox;
  readonly desk: Desk;
  readonly scrub: (text: string) => string;
}): TextFiles {
  const { storage, outbox, desk } = options;

  function say(
    { updateId, chatId, topicId = null }: Pick<Asked, 'updateId' | 'chatId' | 'topicId'>,
    text: string,
  ): void {
    outbox.send({
      key: `reply:${updateId}:file`,
      class: 'reply',
      content: { kind: 'text', body: { text, entities: [] } },
      ...(chatId === undefined ? {} : { chatId, topicId }),
    });
  }

  /** Why a file is no text for a draft; undefined where it is one. */
  function refusal(text: string | undefined): string | undefined {
    if (text === undefined) return 'your file is not UTF-8 text';
    if (text.trim() === '') return 'your file is empty';
    if (text.includes('\0')) return 'your file holds a NUL character, so it is no text';
    return options.scrub(text) === text ? undefined : `your file ${HOLDS_SECRET}`;
  }

  return {
    take: (key, { fileId, sizeBytes }, from) =>
      storage.transaction(() => {
        const about = readAbout(key);
        const draft = about === undefined ? undefined : storage.drafts.get(about.draftId);
        if (about === undefined || draft === undefined) return false;
        const revision = about.revision ?? draft.revision;
        const open = desk.checkOpen(draft.id, revision, from.actor);
        if (open.kind === 'late') say(from, `Draft #${draft.id} stays as it is. ${open.said}`);
        else if (sizeBytes !== undefined && sizeBytes > MOST_BYTES) say(from, stays(draft.id, TOO_LARGE));
        else {
          const { chatId, topicId = null, updateId, actor } = from;
          outbox.send({
            key: `fetch:${updateId}`,
            class: 'card',
            content: { kind: 'fetch', fileId, maxBytes: MOST_BYTES, draftId: draft.id, revision, actor, updateId },
            ...(chatId === undefined ? {} : { chatId, topicId }),
          });
        }
        return true;
      }),

    received({ draftId, revision, actor, updateId }, fetched) {
      const asked = { updateId, chatId: fetched.chatId ?? undefined, topicId: fetched.topicId };
      if (fetched.kind === 'refused') return say(asked, stays(draftId, `your file cannot be read: ${fetched.reason}`));
      if (fetched.bytes === undefined) return say(asked, stays(draftId, TOO_LARGE));
      const text = decode(fetched.bytes);
      const reason = refusal(text);
      if (text === undefined || reason !== undefined) return say(asked, stays(draftId, reason ?? ''));
      const result = desk.edit(draftId, revision, text, actor);
      if (result.kind === 'late') say(asked, `Draft #${draftId} stays as it is. ${result.said}`);
    },
  };
}

const TOO_LARGE = 'your file has more than 1 MiB, and a draft takes no more';

function stays(draftId: number, reason: string): string {
  return `Draft #${draftId} stays as it is: ${reason}.`;
}

/** Which draft a message of ours is about, and in which revision; undefined: in its newest. */
function readAbout(key: string): { readonly draftId: number; readonly revision: number | undefined } | undefined {
  const asked = readAskKey(key);
  if (asked !== undefined) return asked.kind === 'edit' ? asked : undefined;
  const match = /^draft:(\d+):(?:r(\d+))?/.exec(key);
  if (match === null) return undefined;
  return { draftId: Number(match[1]), revision: match[2] === undefined ? undefined : Number(match[2]) };
}

/** Exactly the file's text, with a byte-order mark if it has one; undefined when it is not UTF-8. */
function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return undefined; // The caller says what was expected.
  }
}
