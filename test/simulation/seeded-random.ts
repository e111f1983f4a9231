import type { Random } from '../../src/ports.ts';

/** Randomness that one seed decides wholly, with the draws that a scripted world needs. */
export interface SeededRandom extends Random {
  /** A whole number from `from` to `to`, both included. */
  between(from: number, to: number): number;
  chance(probability: number): boolean;
  pick<Item>(items: readonly Item[]): Item;
  /** A stream of its own for one concern, so that a change in one leaves the others as they were. */
  fork(label: string): SeededRandom;
}

/** Builds a stream of random numbers (mulberry32: small, fast, and good enough to stir a world). */
export function createSeededRandom(seed: number): SeededRandom {
  let state = seed >>> 0;

  function fraction(): number {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  }

  function between(from: number, to: number): number {
    return from + Math.floor(fraction() * (to - from + 1));
  }

  return {
    fraction,
    between,
    token: (bytes) => Buffer.from(Array.from({ length: bytes }, () => between(0, 255))).toString('base64url'),
    chance: (probability) => fraction() < probability,
    pick(items) {
      const item = items[between(0, items.length - 1)];
      if (item === undefined) throw new Error('nothing to pick from');
      return item;
    },
    fork: (label) => createSeededRandom(hash(`${seed}:${label}`)),
  };
}

/** FNV-1a, then stirred once more: labels that differ in one letter give streams that have nothing in common. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const unit of text) value = Math.imul(value ^ unit.charCodeAt(0), 0x01000193);
  return Math.imul(value ^ (value >>> 16), 0x45d9f3b) >>> 0;
}
