import { describe, expect, it } from 'vitest';
import { createSpool } from '../../src/runs/spool.ts';

/** A log file in memory. */
function createMemoryLog() {
  const chunks: Buffer[] = [];
  let closed = 0;
  return {
    append: (chunk: Uint8Array) => void chunks.push(Buffer.from(chunk)),
    close: () => void (closed += 1),
    text: () => Buffer.concat(chunks).toString('utf8'),
    closed: () => closed,
  };
}

describe('spool', () => {
  it('keeps all of it in order when it fits', () => {
    const log = createMemoryLog();
    const spool = createSpool(log, 100);

    for (const word of ['one ', 'two ', 'three']) spool.append(Buffer.from(word));
    spool.close();

    expect(log.text()).toBe('one two three');
    expect(log.closed()).toBe(1);
  });

  it('writes the first half of the cap at once and holds the rest back', () => {
    const log = createMemoryLog();
    const spool = createSpool(log, 10);

    spool.append(Buffer.from('abcdefgh'));

    expect(log.text()).toBe('abcde');
  });

  it('loses no byte between head and tail when all fits into the cap', () => {
    const log = createMemoryLog();
    const spool = createSpool(log, 10);

    for (const letter of 'abcdefghij') spool.append(Buffer.from(letter));
    spool.close();

    expect(log.text()).toBe('abcdefghij');
  });

  it('keeps head and newest tail, and tells how much lies between, when it does not fit', () => {
    const log = createMemoryLog();
    const spool = createSpool(log, 10);

    for (const letter of 'abcdefghijklmnopqrstuvwxyz') spool.append(Buffer.from(letter));
    spool.close();

    expect(log.text()).toBe('abcde\n… 16 bytes dropped …\nvwxyz');
  });

  it('keeps the end of a chunk that is larger than everything', () => {
    const log = createMemoryLog();
    const spool = createSpool(log, 10);

    spool.append(Buffer.from(`abcde${'-'.repeat(1000)}vwxyz`));
    spool.close();

    expect(log.text()).toBe('abcde\n… 1000 bytes dropped …\nvwxyz');
  });

  it('stays within the cap and one mark by default, whatever comes', () => {
    const log = createMemoryLog();
    const spool = createSpool(log);
    const chunk = Buffer.alloc(60_001, 'x');

    for (let written = 0; written < 20e6; written += chunk.length) spool.append(chunk);
    spool.close();

    expect(log.text().length).toBeGreaterThan(2.5e6);
    expect(log.text().length).toBeLessThan(5e6);
  });

  it('shows the newest output while the run lasts', () => {
    const spool = createSpool(createMemoryLog(), 1000);

    spool.append(Buffer.from('first line\nsecond line\n'));

    expect(Buffer.from(spool.tail(12)).toString()).toBe('second line\n');
    expect(Buffer.from(spool.tail(10_000)).toString()).toBe('first line\nsecond line\n');
  });

  it('begins the tail at a whole character', () => {
    const spool = createSpool(createMemoryLog(), 1000);

    spool.append(Buffer.from('aüb€c'));

    expect(Buffer.from(spool.tail(5)).toString()).toBe('b€c');
    expect(Buffer.from(spool.tail(3)).toString()).toBe('c');
  });

  it('agrees with the plain text, however it is cut', () => {
    const text = Array.from({ length: 500 }, (_, line) => `line ${line}\n`).join('');
    for (const size of [1, 2, 7, 64, 99, 100, 101, 1000]) {
      const log = createMemoryLog();
      const spool = createSpool(log, 200);

      for (let at = 0; at < text.length; at += size) spool.append(Buffer.from(text.slice(at, at + size)));

      expect(Buffer.from(spool.tail(50)).toString()).toBe(text.slice(-50));
      spool.close();
      expect(log.text()).toBe(`${text.slice(0, 100)}\n… ${text.length - 200} bytes dropped …\n${text.slice(-100)}`);
    }
  });

  it('ignores what comes after it was closed', () => {
    const log = createMemoryLog();
    const spool = createSpool(log, 100);

    spool.close();
    spool.append(Buffer.from('late'));
    spool.close();

    expect(log.text()).toBe('');
    expect(log.closed()).toBe(1);
  });
});
