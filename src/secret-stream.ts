import { SHORTEST_SECRET, type SecretSearch } from './secret-search.ts';

const STAR = 0x2a;
const NOTHING = Buffer.alloc(0);
/** What is held back is put together with so much of the next chunk at most: a copy of all of it would cost more than the search. */
const SEAM_BYTES = 2_048;

/** Takes secrets out of a stream of bytes: each becomes asterisks of the same length, however the stream is cut. */
export interface SecretStream {
  /**
   * Emits what can be shown by now, in order; what may be the beginning of a secret is held back. What is emitted may be the chunk itself.
   */
  push(chunk: Uint8Array, emit: (shown: Uint8Array) => void): void;
  /**
   * Gives what was held back, since nothing follows for the moment: where it is long enough to be the beginning of a secret rather than
   * of a word, as asterisks. What follows is still looked through together with it.
   */
  flush(): Uint8Array;
  /** Whether a flush would give something. */
  readonly isHolding: boolean;
}

/** Builds a stream; `searches` are asked for with each chunk, so that a secret which becomes known later is found, too. */
export function createSecretStream(searches: () => readonly SecretSearch[]): SecretStream {
  /** The end of the stream so far, which may be the beginning of a secret: as it came, and as it is to be shown. */
  let held = NOTHING;
  let heldShown = NOTHING;
  /** How much of that was given out by flushes. */
  let given = 0;

  function take(fresh: Buffer, emit: (shown: Uint8Array) => void): void {
    const text = held.length === 0 ? fresh : Buffer.concat([held, fresh]);
    let shown = held.length === 0 ? fresh : Buffer.concat([heldShown, fresh]);
    let unfinished = 0;
    for (const search of searches()) {
      search.findAll(text, (from, to) => {
        // The chunk is not ours to write into.
        if (shown === fresh) shown = Buffer.from(fresh);
        shown.fill(STAR, from, to);
      });
      unfinished = Math.max(unfinished, search.unfinishedBytes(text));
    }
    const end = text.length - unfinished;
    if (given < end) emit(shown.subarray(given, end));
    given = Math.max(0, given - end);
    held = unfinished === 0 ? NOTHING : Buffer.from(text.subarray(end));
    heldShown = unfinished === 0 ? NOTHING : Buffer.from(shown.subarray(end));
  }

  return {
    push(chunk, emit) {
      let rest = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length);
      while (held.length > 0 && rest.length > SEAM_BYTES) {
        take(rest.subarray(0, SEAM_BYTES), emit);
        rest = rest.subarray(SEAM_BYTES);
      }
      take(rest, emit);
    },
    flush() {
      const out = Buffer.from(heldShown.subarray(given));
      given = held.length;
      return held.length < SHORTEST_SECRET ? out : out.fill(STAR);
    },
    get isHolding() {
      return given < held.length;
    },
  };
}
