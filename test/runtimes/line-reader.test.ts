import { describe, expect, it } from 'vitest';
import { createLineReader } from '../../src/runtimes/line-reader.ts';

function read(maxLineBytes: number, ...chunks: readonly string[]): { lines: string[]; long: string[] } {
  const lines: string[] = [];
  const long: string[] = [];
  const reader = createLineReader({
    maxLineBytes,
    onLine: (line) => lines.push(line),
    onTooLong: (beginning) => long.push(beginning),
  });
  for (const chunk of chunks) reader.push(Buffer.from(chunk, 'latin1'));
  reader.end();
  return { lines, long };
}

describe('reading lines', () => {
  it('puts lines together however they are cut, empty ones and the unfinished last one too', () => {
    expect(read(100, 'one\ntw', 'o', '\n\nth', 'ree').lines).toEqual(['one', 'two', '', 'three']);
    expect(read(100, 'one\n').lines).toEqual(['one']);
  });

  it('takes a carriage return before the newline as a part of it', () => {
    expect(read(100, 'one\r\ntwo\r', '\nth\rree\r\n').lines).toEqual(['one', 'two', 'th\rree']);
  });

  it('keeps characters whole that are cut between chunks', () => {
    const bytes = Buffer.from('grüß 🌙\n').toString('latin1');
    for (let cut = 1; cut < bytes.length; cut += 1)
      expect(read(100, bytes.slice(0, cut), bytes.slice(cut)).lines).toEqual(['grüß 🌙']);
  });

  it('does not depend on a chunk whose memory is used again', () => {
    const lines: string[] = [];
    const reader = createLineReader({ maxLineBytes: 100, onLine: (line) => lines.push(line) });
    const chunk = Buffer.from('first half, ');
    reader.push(chunk);
    chunk.fill('x');
    reader.push(Buffer.from('second\n'));

    expect(lines).toEqual(['first half, second']);
  });

  it('skips a line that is longer than the limit, says so once, and goes on with the next', () => {
    const expected = { lines: ['ab', 'cdefghij', 'kl'], long: ['0123456789x'] };

    expect(read(10, 'ab\n0123456789x\ncdefghij\nkl\n')).toEqual(expected);
    expect(read(10, 'ab\n01234', '56789x', 'more and more', 'and more\ncdefghij\nkl')).toMatchObject({
      lines: expected.lines,
      long: [expect.stringMatching(/^0123456789x/)],
    });
    expect(read(10, '0123456789').lines).toEqual(['0123456789']);
    expect(read(10, '0123456789x').lines).toEqual([]);
  });

  it('shows the unfinished line as it stands, without taking it', () => {
    const lines: string[] = [];
    const reader = createLineReader({ maxLineBytes: 100, onLine: (line) => lines.push(line) });
    reader.push(Buffer.from('done\nunfin'));

    expect(reader.peek()).toBe('unfin');
    reader.push(Buffer.from('ished\n'));
    expect(reader.peek()).toBe('');
    expect(lines).toEqual(['done', 'unfinished']);
  });

  it('reads a line of many megabytes that comes byte-wise or whole', () => {
    const long = 'y'.repeat(3_000_000);
    const pieces = Array.from({ length: 3000 }, (_, piece) => long.slice(piece * 1000, (piece + 1) * 1000));

    expect(read(4_000_000, ...pieces, '\nnext\n').lines.map((line) => line.length)).toEqual([3_000_000, 4]);
    expect(read(4_000_000, `${long}\nnext\n`).lines.map((line) => line.length)).toEqual([3_000_000, 4]);
  });
});
