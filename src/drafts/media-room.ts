import { join } from 'node:path';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import { readMediaType } from '../media-type.ts';
import type { Clock, CopyResult, Disk } from '../ports.ts';
import { HOLDS_SECRET } from '../secret-refusal.ts';
import { type MediaFile, mediaFolder, mediaPath, mostBytes, nameOf, pathFrom, readMedia, sizeWords } from './media.ts';

/** Files are kept as long as a draft that names them may be looked at again. */
const KEEP_MS = 30 * 86_400_000;
/** A copy is named by its draft's row seconds after it was made; whatever is younger than this may still be. */
const FRESH_MS = 86_400_000;
/** As many files as one look removes: the rest is for the next ones. */
const MOST_REMOVED = 200;
/** Files of one agent after the other, so that ten of them never copy half a gigabyte each at once; more than these wait in vain. */
const MOST_WAITING = 50;

/** Texts up to here are searched for secrets, so much at once: what is longer is data. */
const MOST_SEARCHED_BYTES = 1024 * 1024;
const PIECE_CHARS = 64 * 1024;
const SEAM_CHARS = 4 * 1024;
const SECRET_WORDS = `it ${HOLDS_SECRET}`;

/** What came of taking an agent's files. */
export type MediaTaken =
  | { readonly kind: 'taken'; readonly media: readonly MediaFile[] }
  | { readonly kind: 'refused'; readonly reason: string };

/** The files that go out with drafts. */
export interface MediaRoom {
  /** Copies files of an agent's folder into ours; refused as a whole, with the reason, when one of them cannot be. */
  take(agent: string, paths: readonly string[]): Promise<MediaTaken>;
  /**
   * Looks whether the copies of a publication are what was approved; undefined when there is nothing to look at. Resolves to what is wrong,
   * or undefined.
   */
  check(publicationId: number): Promise<string | undefined> | undefined;
  /** Removes copies that no draft names any more. */
  clear(): void;
}

/** Builds the room of files. */
export function createMediaRoom(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly disk: Pick<Disk, 'copyIn' | 'digest' | 'readWhole' | 'listFiles' | 'remove'>;
  /** False while the disk has too little room for more. */
  readonly mayWrite: () => boolean;
  /** Takes known secrets out of a text. */
  readonly scrub: (text: string) => string;
}): MediaRoom {
  const { fleet, storage, clock, disk } = options;
  const { home } = fleet;
  const keepOut = ['secrets', 'backup', 'logs', 'media', 'nightdesk.db', 'nightdesk.db-wal', 'nightdesk.db-shm'].map(
    (name) => join(home, name),
  );
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;

  async function copyAll(workdir: string, paths: readonly string[]): Promise<MediaTaken> {
    const media: MediaFile[] = [];
    for (const given of paths) {
      const from = pathFrom(workdir, given);
      if (!options.mayWrite()) return refused(given, { kind: 'refused', why: 'full' });
      const copy = await disk.copyIn({
        from,
        within: workdir,
        keepOut,
        folder: mediaFolder(home),
        maxBytes: mostBytes,
      });
      if (copy.kind === 'refused') return refused(given, copy);
      const { sha256, sizeBytes, head } = copy;
      const file = { name: nameOf(from), type: readMediaType(head), sizeBytes, sha256 };
      if (await holdsSecret(file)) {
        disk.remove(mediaPath(home, sha256));
        return { kind: 'refused', reason: `${given}: ${SECRET_WORDS}; nothing was handed in` };
      }
      media.push(file);
    }
    return { kind: 'taken', media };
  }

  /** Whether a file that is text, as far as anybody can tell, holds a known secret; piece by piece, so that everybody else goes on. */
  async function holdsSecret({ type, sizeBytes, sha256 }: MediaFile): Promise<boolean> {
    if (type !== 'application/octet-stream' || sizeBytes > MOST_SEARCHED_BYTES) return false;
    const bytes = (await disk.readWhole(mediaPath(home, sha256), MOST_SEARCHED_BYTES))?.bytes;
    const text = new TextDecoder().decode(bytes);
    for (let from = 0; from < text.length; from += PIECE_CHARS) {
      // With the beginning of the next one: a secret may lie across the cut.
      const piece = text.slice(from, from + PIECE_CHARS + SEAM_CHARS);
      if (options.scrub(piece) !== piece) return true;
      if (from + PIECE_CHARS < text.length) await new Promise<void>((resolve) => void clock.after(0, resolve));
    }
    return false;
  }

  async function checkAll(media: readonly MediaFile[]): Promise<string | undefined> {
    for (const { name, sha256 } of media) {
      const found = await disk.digest(mediaPath(home, sha256));
      if (found === undefined) return `the copy of ${name} is gone: it was not published`;
      if (found !== sha256) return `the copy of ${name} has been changed since it was handed in: it was not published`;
    }
    return undefined;
  }

  return {
    async take(agent, paths) {
      const workdir = fleet.agents.get(agent)?.workdir;
      if (workdir === undefined) return { kind: 'refused', reason: `fleet.yaml has no agent ${agent} any more` };
      if (waiting >= MOST_WAITING)
        return { kind: 'refused', reason: 'too many files are being copied right now; try again in a minute' };
      waiting += 1;
      const turn = last.then(() => copyAll(workdir, paths)).finally(() => (waiting -= 1));
      last = turn.catch(() => undefined);
      return await turn;
    },

    check(publicationId) {
      const publication = storage.publications.get(publicationId);
      const draft = publication === undefined ? undefined : storage.drafts.get(publication.draftId);
      const media = readMedia(draft?.media ?? '[]');
      return media.length === 0 ? undefined : checkAll(media);
    },

    clear() {
      const now = clock.now();
      const old = disk.listFiles(mediaFolder(home)).filter(({ modifiedAt }) => modifiedAt < now - FRESH_MS);
      if (old.length === 0) return;
      const named = new Set(
        storage.drafts.mediaSince(now - KEEP_MS).flatMap((media) => readMedia(media).map(({ sha256 }) => sha256)),
      );
      const forgotten = old.filter(({ path }) => !named.has(nameOf(path)));
      for (const { path } of forgotten.slice(0, MOST_REMOVED)) disk.remove(path);
    },
  };
}

function refused(given: string, { why, ...more }: CopyResult & { readonly kind: 'refused' }): MediaTaken {
  const most = 'maxBytes' in more ? sizeWords(more.maxBytes) : '';
  const words: Readonly<Record<typeof why, string>> = {
    missing: 'there is no such file',
    outside: "it does not lie in this agent's folder (links count as what they lead to)",
    'not-a-file': 'it is no file: a folder, a device or a pipe cannot go out',
    empty: 'it is empty',
    unreadable: 'it cannot be read',
    'too-large': `it has more than ${most}, which is all that Telegram takes of its kind`,
    full: 'there is no room for it: the disk is full',
    unwritable: 'it cannot be copied: the folder media of the control plane cannot be written',
  };
  return { kind: 'refused', reason: `${given}: ${words[why]}; nothing was handed in` };
}
