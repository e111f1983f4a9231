/** Secrets shorter than this are not looked for: they would take ordinary words with them. */
export const SHORTEST_SECRET = 8;
/** A secret that is longer is looked for in pieces of this length, in bytes: what is held back of a stream stays small. */
const PIECE_BYTES = 1024;
/** The most bytes of each needle that are entered: the longer this part is, the fewer bytes of a text are looked at. */
const WINDOW_BYTES = 64;
/** Bits of the table of fours: it fits into a processor's first cache, and few secrets leave it nearly empty. */
const TABLE_BITS = 14;
/** Spreads fours over the table (Knuth's multiplicative hash). */
const MIX = 0x9e37_79b1;

/** Searches bytes for secrets. */
export interface SecretSearch {
  /** Calls for each place where a secret stands, in no order; places may overlap. */
  findAll(text: Buffer, onFound: (from: number, to: number) => void): void;
  /** How many bytes at the end of the text may be the beginning of a secret that goes on behind it. */
  unfinishedBytes(text: Buffer): number;
}

/** A place within a needle where four bytes begin. */
interface Place {
  readonly needle: Buffer;
  readonly offset: number;
}

/**
 * Builds a search for these secrets, as they are and as they look inside JSON and inside a URL.
 *
 * Of each needle the last bytes are entered, as many as the shortest has: the ends of vendors' tokens differ where their beginnings are
 * alike. Wherever a needle stands, every so many bytes, one less than fit with four of them into that part, four bytes in a row belong to
 * it: only those are looked up, so that the cost hardly depends on how many secrets there are.
 */
export function createSecretSearch(secrets: readonly string[]): SecretSearch {
  const needles = toNeedles(secrets);
  const windowBytes = needles.reduce((least, { length }) => Math.min(least, length), WINDOW_BYTES);
  const longest = needles.reduce((most, { length }) => Math.max(most, length), 0);
  const step = windowBytes - 3;
  const isEntered = new Uint8Array(1 << TABLE_BITS);
  const places = new Map<number, Place[]>();
  for (const needle of needles) {
    for (let offset = needle.length - windowBytes; offset <= needle.length - 4; offset += 1) {
      const four = needle.readInt32LE(offset);
      isEntered[slotOf(four)] = 1;
      const known = places.get(four);
      if (known === undefined) places.set(four, [{ needle, offset }]);
      else known.push({ needle, offset });
    }
  }
  const byFirst = Map.groupBy(needles, (needle) => needle[0] ?? 0);
  const isFirst = new Uint8Array(256);
  for (const byte of byFirst.keys()) isFirst[byte] = 1;

  function check(text: Buffer, at: number, four: number, onFound: (from: number, to: number) => void): void {
    for (const { needle, offset } of places.get(four) ?? []) {
      const from = at - offset;
      const to = from + needle.length;
      if (from >= 0 && to <= text.length && needle.compare(text, from, to) === 0) onFound(from, to);
    }
  }

  return {
    findAll(text, onFound) {
      if (longest === 0) return;
      const view = new DataView(text.buffer, text.byteOffset, text.length);
      const last = text.length - 4;
      for (let at = 0; (at = nextEntered(view, at, last, step, isEntered)) <= last; at += step)
        check(text, at, view.getInt32(at, true), onFound);
    },
    unfinishedBytes(text) {
      for (let at = Math.max(0, text.length - longest + 1); at < text.length; at += 1) {
        const first = text[at] ?? 0;
        if (isFirst[first] === 0) continue;
        if (byFirst.get(first)?.some((needle) => beginsAt(needle, text, at))) return text.length - at;
      }
      return 0;
    },
  };
}

/** A secret as it is, as it looks inside JSON, and inside a URL. */
export function formsOf(secret: string): readonly string[] {
  return [...new Set([secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret.toWellFormed())])];
}

function toNeedles(secrets: readonly string[]): readonly Buffer[] {
  const forms = new Set(secrets.filter((secret) => secret.length >= SHORTEST_SECRET).flatMap(formsOf));
  return [...forms].flatMap((form) => {
    const bytes = Buffer.from(form);
    const count = Math.ceil(bytes.length / PIECE_BYTES);
    return Array.from({ length: count }, (_, index) => {
      // The last piece is as long as the others: a rest of a few bytes would be found everywhere.
      const end = Math.min(bytes.length, (index + 1) * PIECE_BYTES);
      return bytes.subarray(Math.max(0, end - PIECE_BYTES), end);
    });
  });
}

/** The next place, in steps, whose four bytes are entered; beyond the last one where there is none. */
function nextEntered(view: DataView, from: number, last: number, step: number, isEntered: Uint8Array): number {
  let at = from;
  // `slotOf`, written out: a call in here, which is not always inlined, would cost five times the rest.
  while (at <= last && isEntered[Math.imul(view.getInt32(at, true), MIX) >>> (32 - TABLE_BITS)] === 0) at += step;
  return at;
}

function slotOf(four: number): number {
  return Math.imul(four, MIX) >>> (32 - TABLE_BITS);
}

/** Whether all that the text has from here on is the beginning of the needle. */
function beginsAt(needle: Buffer, text: Buffer, at: number): boolean {
  const length = text.length - at;
  if (length >= needle.length) return false;
  for (let index = 1; index < length; index += 1) if (needle[index] !== text[at + index]) return false;
  return true;
}
