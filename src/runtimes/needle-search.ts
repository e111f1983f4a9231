/** How many bytes of a needle are looked at before the whole of it: among so many there are four whole ones in a row at any place. */
const PIECE_BYTES = 7;

/** The shortest needle, its end of a number included: at any place at least two of its bytes stand in one look. */
const LEAST_BYTES = 4;

/** What stands behind the end of a text: the end of a line. */
const NEWLINE = 0x0a;

const NONE: readonly Needle[] = [];
const ANY_BYTE: readonly number[] = Array.from({ length: 256 }, (_, byte) => byte);
const NO_DIGIT: readonly number[] = ANY_BYTE.filter((byte) => !isDigit(byte));

/** Searches text, as bytes, for many needles at once, whatever their case. */
export interface NeedleSearch {
  /** Where the first needle begins, at `from` or behind it; -1 where there is none. */
  find(text: DataView, from: number): number;
  /** The groups that have a needle in this part of the text: bit n stands for the nth group. */
  groupsIn(text: DataView, from: number, to: number): number;
}

interface Needle {
  readonly bytes: Uint8Array;
  readonly beginsWithDigit: boolean;
  readonly endsInDigit: boolean;
  readonly group: number;
}

/**
 * Builds a search for groups of needles, at most 31 of them; needles are ASCII in lower case. A digit at either
 * end of one has no other digit beside it, so that `401` is not found in 140123.
 *
 * The algorithm is Hyperscan's FDR (Wang et al., NSDI 2019), bucketed masks of two bytes each, combined with `and`, but looked up at every fourth
 * byte only: each needle is entered for all four ways in which it can lie across the fours, so none is missed. What the masks let
 * through, about one four in fifty of ordinary logs, is compared with the needles themselves.
 */
export function createNeedleSearch(groups: readonly (readonly string[])[]): NeedleSearch {
  if (groups.length > 31) throw new Error(`${groups.length} groups of needles do not fit into 31 bits`);
  const needles = groups.flatMap((group, index) => group.map((needle) => toNeedle(needle, index)));
  const { low, high } = enterMasks(needles);
  const byHead = Map.groupBy(needles, ({ bytes }) => headAt(toView(bytes), 0));

  /** The next four that the masks let through, from here in steps of four, or -1; also the last one where it is cut off. */
  function nextFour(text: DataView, from: number): number {
    const wholeUntil = text.byteLength - 3;
    let at = from;
    for (; at < wholeUntil; at += 4) {
      const four = text.getInt32(at, true);
      if (((low[four & 0xffff] ?? 0) & (high[four >>> 16] ?? 0)) !== 0) return at;
    }
    return at < text.byteLength ? at : -1;
  }

  /** The groups of the needles that lie across this four and begin at `from` or behind it. */
  function groupsAt(text: DataView, at: number, from: number): number {
    const four = fourAt(text, at);
    let found = 0;
    for (let rest = (low[four & 0xffff] ?? 0) & (high[four >>> 16] ?? 0); rest !== 0; rest &= rest - 1) {
      const start = at - shiftOf(31 - Math.clz32(rest & -rest));
      if (start < from || start >= text.byteLength) continue;
      for (const needle of byHead.get(headAt(text, start)) ?? NONE) {
        if (standsAt(text, start, needle)) found |= 1 << needle.group;
      }
    }
    return found;
  }

  /** Where the first needle begins, from here on, for a place that has one close by. */
  function firstStart(text: DataView, from: number): number {
    let start = from;
    while (!byHead.get(headAt(text, start))?.some((needle) => standsAt(text, start, needle))) start += 1;
    return start;
  }

  return {
    find(text, from) {
      for (let at = nextFour(text, from); at !== -1; at = nextFour(text, at + 4)) {
        // One that begins earlier may lie across the next four.
        if (groupsAt(text, at, from) !== 0) return firstStart(text, Math.max(from, at - 3));
      }
      return -1;
    },
    groupsIn(text, from, to) {
      let found = 0;
      for (let at = nextFour(text, from); at !== -1 && at < to; at = nextFour(text, at + 4)) {
        found |= groupsAt(text, at, from);
      }
      return found;
    },
  };
}

function toNeedle(needle: string, group: number): Needle {
  const bytes = Uint8Array.from(needle, (letter) => letter.charCodeAt(0));
  const [beginsWithDigit, endsInDigit] = [isDigit(bytes[0] ?? NEWLINE), isDigit(bytes.at(-1) ?? NEWLINE)];
  return { bytes, beginsWithDigit, endsInDigit, group };
}

/** Needles of one length share four buckets, one for each way to lie across the fours. */
function enterMasks(needles: readonly Needle[]): { low: Uint16Array; high: Uint16Array } {
  const low = new Uint16Array(0x1_0000);
  const high = new Uint16Array(0x1_0000);
  for (const needle of needles) {
    const length = Math.min(PIECE_BYTES, needle.bytes.length + (needle.endsInDigit ? 1 : 0));
    if (length < LEAST_BYTES) throw new Error(`the needle ${Buffer.from(needle.bytes).toString()} is too short`);
    for (let bucket = (length - LEAST_BYTES) * 4; bucket < (length - LEAST_BYTES + 1) * 4; bucket += 1) {
      const shift = shiftOf(bucket);
      enter(low, bucket, bytesAt(needle, shift), bytesAt(needle, shift + 1));
      enter(high, bucket, bytesAt(needle, shift + 2), bytesAt(needle, shift + 3));
    }
  }
  return { low, high };
}

/** How far behind the needle's beginning the four begins: its middle stands over the middle of the needle. */
function shiftOf(bucket: number): number {
  const length = LEAST_BYTES + (bucket >>> 2);
  return Math.floor((length - PIECE_BYTES) / 2) + (bucket & 3);
}

function enter(masks: Uint16Array, bucket: number, first: readonly number[], second: readonly number[]): void {
  for (const a of first) {
    for (const b of second) masks[a | (b << 8)] = (masks[a | (b << 8)] ?? 0) | (1 << bucket);
  }
}

/** The bytes that can stand at this place, counted from the needle's beginning. */
function bytesAt({ bytes, beginsWithDigit, endsInDigit }: Needle, index: number): readonly number[] {
  const byte = bytes[index];
  if (byte !== undefined) return ANY_BYTE.filter((other) => foldCase(other) === byte);
  return (beginsWithDigit && index === -1) || (endsInDigit && index === bytes.length) ? NO_DIGIT : ANY_BYTE;
}

function standsAt(text: DataView, start: number, { bytes, beginsWithDigit, endsInDigit }: Needle): boolean {
  const end = start + bytes.length;
  if (end > text.byteLength) return false;
  for (let index = 0; index < bytes.length; index += 1) {
    if (foldCase(text.getUint8(start + index)) !== bytes[index]) return false;
  }
  if (beginsWithDigit && start > 0 && isDigit(text.getUint8(start - 1))) return false;
  return !endsInDigit || end === text.byteLength || !isDigit(text.getUint8(end));
}

/** The first three bytes of what may be a needle, so that upper and lower case are the same; so are a few other characters. */
function headAt(text: DataView, at: number): number {
  return (fourAt(text, at) & 0xffffff) | 0x202020;
}

/** Four bytes of a text; behind its end stand newlines. */
function fourAt(text: DataView, at: number): number {
  if (at + 4 <= text.byteLength) return text.getInt32(at, true);
  let four = 0;
  for (let index = 3; index >= 0; index -= 1) {
    four = (four << 8) | (at + index < text.byteLength ? text.getUint8(at + index) : NEWLINE);
  }
  return four;
}

function toView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function foldCase(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte | 0x20 : byte;
}

function isDigit(byte: number): boolean {
  return byte >= 0x30 && byte <= 0x39;
}
