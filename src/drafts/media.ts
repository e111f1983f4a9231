import { createHash } from 'node:crypto';
import { basename, join, resolve } from 'node:path';
import type { MediaForm, MediaItem } from '../telegram/outbox.ts';
import { type MediaType, readMediaType } from '../media-type.ts';

/** A file that goes out with a draft: what it is called, what it is, and what is in it. */
export interface MediaFile {
  readonly name: string;
  readonly type: MediaType;
  readonly sizeBytes: number;
  readonly sha256: string;
}

/** What the Bot API takes: of a picture that is shown as one, and of everything else. */
const MOST_PHOTO_BYTES = 10 * 1024 * 1024;
const MOST_FILE_BYTES = 50_000_000;
/** What several files shown together may have: one request, which the Bot API takes up to 50 MB. */
const MOST_GROUP_BYTES = 45_000_000;
/** As many files as Telegram shows together. */
const MOST_IN_GROUP = 10;

/** How Telegram shows each type; what it does not play is a document. */
const FORMS: Readonly<Record<MediaType, MediaForm>> = {
  'image/jpeg': 'photo',
  'image/png': 'photo',
  'image/webp': 'photo',
  'image/gif': 'document',
  'video/mp4': 'video',
  'audio/mpeg': 'audio',
  'application/pdf': 'document',
  'application/octet-stream': 'document',
};

/** The most bytes of a file that begins like that. */
export function mostBytes(head: Uint8Array): number {
  return FORMS[readMediaType(head)] === 'photo' ? MOST_PHOTO_BYTES : MOST_FILE_BYTES;
}

/** What a draft is bound by: its text, and the files that go out with it. */
export function hashDraft(body: string, media: readonly MediaFile[] = []): string {
  const hash = createHash('sha256').update(body, 'utf8');
  if (media.length > 0) hash.update(`\0${media.map(({ sha256 }) => sha256).join('')}`);
  return hash.digest('hex');
}

/** The files as a draft's row has them. */
export function readMedia(column: string): readonly MediaFile[] {
  return JSON.parse(column) as readonly MediaFile[];
}

/** Where the copy of a file is. */
export function mediaPath(home: string, sha256: string): string {
  return join(mediaFolder(home), sha256);
}

/** The folder of all copies. */
export function mediaFolder(home: string): string {
  return join(home, 'media');
}

/** The path of a file as an agent names it; relative ones start at its folder. */
export function pathFrom(workdir: string, given: string): string {
  return resolve(workdir, given);
}

/** The name under which a file goes out. */
export function nameOf(path: string): string {
  return basename(path);
}

/** A size as a person reads it: `640 B`, `12 kB`, `3.4 MB`. */
export function sizeWords(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 999_500) return `${Math.round(bytes / 1_000)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

/**
 * The messages that show files, in their order as far as Telegram lets them stand together: pictures and films with each other, sound with
 * sound, documents with documents.
 */
export function groupMedia(home: string, media: readonly MediaFile[]): readonly (readonly MediaItem[])[] {
  const groups: { readonly album: string; sizeBytes: number; readonly items: MediaItem[] }[] = [];
  for (const { name, type, sizeBytes, sha256 } of media) {
    const as = FORMS[type];
    const album = as === 'video' ? 'photo' : as;
    const item = { as, path: mediaPath(home, sha256), name, sha256, caption: `${name} · ${sizeWords(sizeBytes)}` };
    const group = groups.find(
      (other) =>
        other.album === album && other.items.length < MOST_IN_GROUP && other.sizeBytes + sizeBytes <= MOST_GROUP_BYTES,
    );
    if (group === undefined) groups.push({ album, sizeBytes, items: [item] });
    else {
      group.items.push(item);
      group.sizeBytes += sizeBytes;
    }
  }
  return groups.map(({ items }) => items);
}
