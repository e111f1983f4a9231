import type { Disk } from '../ports.ts';
import type { ReadyContent } from './bot-call.ts';
import { shorten } from './cards/words.ts';
import type { MediaContent } from './outbox.ts';

/** More than any file that the desk takes, so that a copy which grew is found to be another one. */
const MOST_FILE_BYTES = 50_000_000;

/** Builds the reader of files that go out with drafts. What is no longer what its draft named is told of instead of shown. */
export function createMediaReader(disk: Pick<Disk, 'readWhole'>): (content: MediaContent) => Promise<ReadyContent> {
  return async ({ files }) => {
    const loaded = [];
    for (const { path, sha256, ...shown } of files) {
      const read = await disk.readWhole(path, MOST_FILE_BYTES);
      if (read?.sha256 !== sha256) return saying(`${shown.caption}\n\n${read === undefined ? GONE : CHANGED}`);
      loaded.push({ ...shown, bytes: read.bytes });
    }
    return { kind: 'loaded', files: loaded };
  };
}

const GONE = 'Its copy is gone, so I cannot show it, and would not publish it.';
const CHANGED = 'Its copy has been changed, so I do not show it, and would not publish it.';

function saying(text: string): ReadyContent {
  return { kind: 'text', body: { text: `⚠️ ${shorten(text, 900)}`, entities: [] } };
}
