import { describe, expect, it } from 'vitest';
import { sizeText } from '../../src/telegram/cards/size.ts';
import { decideMemoryFloor, decideRoom } from '../../src/vigil/room-left.ts';

const MB = 1_000_000;

describe('the memory that stays free', () => {
  it.each([
    [512, 128],
    [1_000, 250],
    [2_000, 256],
    [8_000, 256],
    [64_000, 1_920],
  ])('of %d MB is %d MB', (total, floor) => {
    expect(decideMemoryFloor(total * MB)).toBe(floor * MB);
  });
});

describe('one more agent', () => {
  const floorBytes = 256 * MB;

  it('waits when its own need reaches into what stays free, and says what is missing', () => {
    const facts = { floorBytes, startingRuns: [], runtime: 'claude' } as const;

    expect(decideRoom({ ...facts, availableMemoryBytes: 446 * MB })).toBeUndefined();
    expect(decideRoom({ ...facts, availableMemoryBytes: 445 * MB })).toBe(
      'memory: 445 MB left; an agent of runtime claude takes 190 MB, and 256 MB stay free',
    );
  });

  it('waits for those that just started, since what they take is not yet seen', () => {
    const facts = { floorBytes, availableMemoryBytes: 600 * MB, runtime: 'command' } as const;

    expect(decideRoom({ ...facts, startingRuns: ['gemini'] })).toBeUndefined();
    expect(decideRoom({ ...facts, startingRuns: ['gemini', 'codex'] })).toBe(
      'memory: 600 MB left; an agent of runtime command takes 32 MB, 2 runs just started 442 MB, and 256 MB stay free',
    );
  });

  it('always fits where the system does not tell', () => {
    expect(
      decideRoom({ floorBytes, availableMemoryBytes: undefined, startingRuns: ['gemini'], runtime: 'gemini' }),
    ).toBeUndefined();
  });
});

describe('a size in words', () => {
  it.each([
    [0, '0 bytes'],
    [999, '999 bytes'],
    [1_000, '1 kB'],
    [3_440, '3.4 kB'],
    [9_960, '10 kB'],
    [312_400_000, '312 MB'],
    [999_700, '1 MB'],
    [1_230_000_000, '1.2 GB'],
    [5e15, '5000 TB'],
  ])('of %d bytes is %s', (bytes, text) => {
    expect(sizeText(bytes)).toBe(text);
  });
});
