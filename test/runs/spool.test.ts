import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createFileDisk } from '../../src/adapters/file-disk.ts';
import { createSpool, decideSpoolLimits } from '../../src/runs/spool.ts';
import { createManualClock } from '../fakes/manual-clock.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';

const SECOND = 1_000;

/** A log file in memory. */
function createMemoryLog() {
  let bytes = Buffer.alloc(0);
  let closed = 0;
  let writes = 0;
  return {
    append(chunk: Uint8Array) {
      writes += 1;
      bytes = Buffer.concat([bytes, chunk]);
    },
    replaceEnd(length: number, chunks: readonly Uint8Array[]) {
      writes += 1;
      bytes = Buffer.concat([bytes.subarray(0, length), ...chunks]);
    },
    close: () => void (closed += 1),
    text: () => bytes.toString('utf8'),
    bytes: () => bytes,
    closed: () => closed,
    writes: () => writes,
  };
}

/** A spool whose head takes the first half of the cap. */
function setUp(capBytes: number, tailBytes = capBytes / 2) {
  const log = createMemoryLog();
  const clock = createManualClock();
  const room = { isLeft: true };
  const spool = createSpool(log, { capBytes, tailBytes, clock, mayWrite: () => room.isLeft });
  const say = (text: string): void => spool.append(Buffer.from(text));
  const tail = (maxBytes: number): string => Buffer.from(spool.tail(maxBytes)).toString();
  return { log, clock, room, spool, say, tail };
}

describe('spool', () => {
  it('keeps all of it in order when it fits', () => {
    const { log, spool, say } = setUp(100);

    for (const word of ['one ', 'two ', 'three']) say(word);
    spool.close();

    expect(log.text()).toBe('one two three');
    expect(log.closed()).toBe(1);
  });

  it('writes the head at once and holds the rest back', () => {
    const { log, say } = setUp(10);

    say('abcdefgh');

    expect(log.text()).toBe('abcde');
  });

  it('loses no byte between head and tail when all fits into the cap', () => {
    const { log, spool, say } = setUp(10);

    for (const letter of 'abcdefghij') say(letter);
    spool.close();

    expect(log.text()).toBe('abcdefghij');
  });

  it('loses no byte when the head ends within a character', () => {
    const { log, spool, say } = setUp(10);

    say('abcd€ü');
    spool.close();

    expect(log.text()).toBe('abcd€ü');
  });

  it('keeps head and newest tail, and tells how much lies between, when it does not fit', () => {
    const { log, spool, say } = setUp(10);

    for (const letter of 'abcdefghijklmnopqrstuvwxyz') say(letter);
    spool.close();

    expect(log.text()).toBe('abcde\n… 16 bytes dropped …\nvwxyz');
  });

  it('keeps the end of a chunk that is larger than everything', () => {
    const { log, spool, say } = setUp(10);

    say(`abcde${'-'.repeat(1000)}vwxyz`);
    spool.close();

    expect(log.text()).toBe('abcde\n… 1000 bytes dropped …\nvwxyz');
  });

  it('writes the tail behind the head while the run lives, so that a crash leaves its last words', async () => {
    const { log, clock, say } = setUp(10);
    say('abcdefghijklmnop');
    const before = log.text();

    await clock.pass(5 * SECOND);
    const first = log.text();
    say('qrstuvwxyz');
    await clock.pass(5 * SECOND);

    expect(before).toBe('abcde');
    expect(first).toBe('abcde\n… 6 bytes dropped …\nlmnop');
    expect(log.text()).toBe('abcde\n… 16 bytes dropped …\nvwxyz');
  });

  it('writes nothing, and waits for nothing, while the run is silent', async () => {
    const { log, clock, spool, say } = setUp(10);
    say('abcdefghijklmnop');
    await clock.pass(5 * SECOND);
    const writes = log.writes();

    await clock.pass(60 * SECOND);
    const timers = clock.timers;
    spool.close();

    expect(log.writes()).toBe(writes);
    expect(timers).toBe(0);
    expect(log.text()).toBe('abcde\n… 6 bytes dropped …\nlmnop');
  });

  it('waits for nothing once it is closed', () => {
    const { clock, spool, say } = setUp(10);

    say('abcdefghijklmnop');
    spool.close();

    expect(clock.timers).toBe(0);
  });

  it('shows the newest output while the run lasts', () => {
    const { say, tail } = setUp(1000);

    say('first line\nsecond line\n');

    expect(tail(12)).toBe('second line\n');
    expect(tail(10_000)).toBe('first line\nsecond line\n');
  });

  it('begins the tail at a whole character', () => {
    const { say, tail } = setUp(1000);

    say('aüb€c');

    expect(tail(5)).toBe('b€c');
    expect(tail(3)).toBe('c');
  });

  it('agrees with the plain text, however it is cut', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 90 }), { maxLength: 40 }),
        fc.integer({ min: 2, max: 120 }),
        (chunks, capBytes) => {
          const { log, spool } = setUp(capBytes, Math.floor(capBytes / 2));
          const all = Buffer.concat(chunks.map((chunk) => chunk.map((byte) => byte & 0x7f)));

          for (const chunk of chunks) spool.append(chunk.map((byte) => byte & 0x7f));
          const tail = Buffer.from(spool.tail(20));
          spool.close();

          const kept = Math.min(20, Math.floor(capBytes / 2), all.length);
          expect(tail.subarray(tail.length - kept)).toEqual(all.subarray(all.length - kept));
          if (all.length <= capBytes) expect(log.bytes()).toEqual(all);
          else {
            const tailBytes = Math.floor(capBytes / 2);
            const mark = Buffer.from(`\n… ${all.length - capBytes} bytes dropped …\n`);
            expect(log.bytes()).toEqual(
              Buffer.concat([all.subarray(0, capBytes - tailBytes), mark, all.subarray(all.length - tailBytes)]),
            );
          }
        },
      ),
    );
  });

  it('ignores what comes after it was closed', () => {
    const { log, spool, say } = setUp(100);

    spool.close();
    say('late');
    spool.close();

    expect(log.text()).toBe('');
    expect(log.closed()).toBe(1);
  });
});

describe('a spool while the disk is nearly full', () => {
  it('writes nothing any more, and says why bytes are missing once there is room', async () => {
    const { log, clock, room, spool, say } = setUp(40_000, 100);
    say('before ');
    room.isLeft = false;
    say('x'.repeat(1_000));
    await clock.pass(60 * SECOND);
    const meanwhile = log.text();

    room.isLeft = true;
    await clock.pass(5 * SECOND);
    const after = log.text();
    say(' last');
    spool.close();

    expect(meanwhile).toBe('before ');
    expect(after).toBe(`before \n… 900 bytes dropped, since the disk was nearly full …\n${'x'.repeat(100)}`);
    expect(log.text()).toBe(`before \n… 905 bytes dropped, since the disk was nearly full …\n${'x'.repeat(95)} last`);
  });

  it('still writes the last words of a run that ends, a block of them', () => {
    const { log, room, spool, say } = setUp(40_000);
    room.isLeft = false;

    say(`${'x'.repeat(10_000)} the last words`);
    spool.close();

    expect(log.text()).toMatch(/^\n… 5919 bytes dropped, since the disk was nearly full …\nx+ the last words$/);
    expect(log.text().length).toBeLessThan(4_200);
  });

  it('replaces a tail that stands in the file already by one as long', async () => {
    const { log, clock, room, spool, say } = setUp(40_000);
    say('x'.repeat(50_000));
    await clock.pass(5 * SECOND);
    const before = log.bytes().length;
    room.isLeft = false;

    say('y'.repeat(20_000));
    spool.close();

    expect(log.bytes().length - before).toBeLessThan(50);
    expect(log.text().endsWith('y'.repeat(20_000))).toBe(true);
  });
});

describe('what a spool costs', () => {
  it('keeps 16 KiB in memory until its head is full, and then the whole tail', () => {
    const { say, tail } = setUp(1e6);

    say('x'.repeat(400_000));
    const small = tail(1e6).length;
    say('y'.repeat(600_000));

    expect(small).toBe(16 * 1024);
    expect(tail(1e6).length).toBe(500_000);
  });

  it('takes gigabytes in without growing', () => {
    const { spool, log } = setUp(5e6, 512 * 1024);
    const chunk = Buffer.alloc(64 * 1024, 'x');
    for (let written = 0; written < 10e6; written += chunk.length) spool.append(chunk);
    const before = process.memoryUsage().arrayBuffers;

    for (let written = 0; written < 2e9; written += chunk.length) spool.append(chunk);
    const after = process.memoryUsage().arrayBuffers;
    spool.close();

    expect(after - before).toBeLessThan(1e6);
    expect(log.bytes().length).toBeLessThan(5_000_100);
  });

  it.each([
    [2e9, 4, 5_000_000, 524_288],
    [2e9, 200, 2_500_000, 167_772],
    [100e6, 25, 1_000_000, 500_000],
    [1e6, 50, 5_000, 2_500],
  ])('of %d bytes in all, each of %d runs may keep %d with a tail of %d', (total, concurrency, capBytes, tailBytes) => {
    const limits = decideSpoolLimits(total, concurrency);

    expect(limits).toEqual({ capBytes, tailBytes });
    expect(limits.capBytes * concurrency).toBeLessThanOrEqual(total / 4);
  });
});

describe('a spool on a real file', () => {
  it('leaves head, mark and newest tail there when nobody closes it', async () => {
    const folder = join(temporaryFolder(), 'logs');
    mkdirSync(folder);
    const path = join(folder, '1.log');
    const clock = createManualClock();
    const spool = createSpool(createFileDisk().openLog(path), {
      capBytes: 20,
      tailBytes: 10,
      clock,
      mayWrite: () => true,
    });

    spool.append(Buffer.from('the first words and so on until the last words'));
    await clock.pass(5 * SECOND);

    expect(readFileSync(path, 'utf8')).toBe('the first \n… 26 bytes dropped …\nlast words');
  });
});
