import { createHash, timingSafeEqual } from 'node:crypto';

/** Letters and digits that nobody mistakes for each other when they are typed from a screen. */
const ALPHABET = 'ABCDEFGHJKLMNPQRSTUVWXYZ23456789';
/** 16 characters of 5 bits: 80 bits. */
const LENGTH = 16;
/** How long a code is good for. */
export const CODE_LIFE_MS = 3_600_000;
/** Wrong codes of one person, after which nothing of theirs is looked at any more. */
const MOST_OF_ONE = 5;
/** Wrong codes in all, after which the code is given up: somebody is trying. */
const MOST_OF_ALL = 25;

/** What a code that somebody sent is. */
export type Attempt =
  | 'right'
  | 'wrong'
  /** Its sender has sent too many wrong ones: it was not looked at. */
  | 'ignored'
  /** Too many wrong ones in all: no code is taken any more. */
  | 'closed'
  | 'too-old';

/** A pairing that is open: it knows the code by its hash only. */
export interface Pairing {
  /** Judges a code that a person sent; `right` is said once. */
  try(code: string, userId: number, now: number): Attempt;
  readonly expiresAt: number;
}

/** Makes a code from ten random bytes. */
export function makeCode(bytes: Uint8Array): string {
  let bits = 0n;
  for (const byte of bytes.subarray(0, 10)) bits = (bits << 8n) | BigInt(byte);
  return Array.from({ length: LENGTH }, (_, index) => ALPHABET[Number((bits >> BigInt(5 * index)) & 31n)] ?? '').join(
    '',
  );
}

/** Opens a pairing for this code. */
export function openPairing(code: string, now: number): Pairing {
  const wanted = digest(code);
  const expiresAt = now + CODE_LIFE_MS;
  const wrongOf = new Map<number, number>();
  let wrong = 0;
  let isUsed = false;
  return {
    expiresAt,
    try(given, userId, at) {
      if (isUsed || wrong >= MOST_OF_ALL) return 'closed';
      if (at >= expiresAt) return 'too-old';
      const before = wrongOf.get(userId) ?? 0;
      if (before >= MOST_OF_ONE) return 'ignored';
      if (timingSafeEqual(digest(given.trim().toUpperCase()), wanted)) {
        isUsed = true;
        return 'right';
      }
      wrongOf.set(userId, before + 1);
      wrong += 1;
      return wrong >= MOST_OF_ALL ? 'closed' : 'wrong';
    },
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
