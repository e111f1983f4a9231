import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { appendBytes, createByteTail, keepNewest, readBytes } from '../../src/runtimes/byte-tail.ts';

describe('a tail of bytes', () => {
  it('holds what was appended last, whatever was dropped before', () => {
    const steps = fc.array(fc.tuple(fc.uint8Array({ maxLength: 3_000 }), fc.option(fc.nat(4_000))), { maxLength: 20 });
    fc.assert(
      fc.property(steps, (all) => {
        const tail = createByteTail();
        let expected = Buffer.alloc(0);

        for (const [bytes, kept] of all) {
          appendBytes(tail, bytes);
          expected = Buffer.concat([expected, bytes]);
          if (kept === null) continue;
          keepNewest(tail, kept);
          expected = expected.subarray(Math.max(0, expected.length - kept));
        }

        expect(readBytes(tail).equals(expected)).toBe(true);
      }),
    );
  });

  it('takes no memory before it holds anything, and little for a short line', () => {
    const tail = createByteTail();
    const before = tail.memory.length;

    appendBytes(tail, Buffer.from('a short line'));

    expect([before, tail.memory.length]).toEqual([0, 128]);
  });

  it('never takes more than twice of what it had to hold', () => {
    const tail = createByteTail();

    for (let count = 0; count < 5_000; count += 1) appendBytes(tail, Buffer.from('x'));

    expect(tail.memory.length).toBeLessThanOrEqual(10_000);
  });

  it('gives the memory of a long line back when the line is over', () => {
    const tail = createByteTail();
    appendBytes(tail, Buffer.alloc(100_000));

    keepNewest(tail, 10);
    const afterwards = tail.memory.length;
    keepNewest(tail, 0);

    expect([afterwards, tail.length]).toEqual([10, 0]);
  });
});
