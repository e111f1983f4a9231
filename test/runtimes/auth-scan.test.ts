import { describe, expect, it } from 'vitest';
import { createAuthScanner } from '../../src/runtimes/auth-scan.ts';

const LINE = 'upstream said HTTP/1.1 401 Unauthorized';

function scan(text: string | Uint8Array, size: number): string[] {
  const bytes = Buffer.from(text);
  const scanner = createAuthScanner();
  const signs = [];
  for (let at = 0; at < bytes.length; at += size) signs.push(...scanner.push(bytes.subarray(at, at + size)));
  return [...signs, ...scanner.end()].map((sign) => sign.evidence);
}

describe('auth scanner', () => {
  it.each([1, 2, 3, 16, 1000])('sees a line that is cut into chunks of %i bytes', (size) => {
    expect(scan(`before\n${LINE}\nafter\n`, size)).toEqual([LINE]);
  });

  it('tells of a line as soon as it is complete, not at the end', () => {
    const scanner = createAuthScanner();

    expect(scanner.push(Buffer.from(LINE))).toEqual([]);
    expect(scanner.push(Buffer.from('\n'))).toHaveLength(1);
  });

  it('does not judge a line by a part of it', () => {
    const scanner = createAuthScanner();

    expect(scanner.push(Buffer.from('build status 401'))).toEqual([]);
    expect(scanner.push(Buffer.from('2 of 5000\n'))).toEqual([]);
  });

  it('sees the last line though it has no end', () => {
    expect(scan(`before\n${LINE}`, 5)).toEqual([LINE]);
  });

  it.each([100, 65_536, 200_000])('sees a sign deep in a line without end, in chunks of %i bytes', (size) => {
    const text = `${'x '.repeat(150_000)}${LINE}${' y'.repeat(150_000)}`;

    const [evidence] = scan(text, size);

    expect(evidence).toContain('HTTP/1.1 401 Unauthorized');
    expect(evidence?.length).toBeLessThanOrEqual(300);
  });

  it('sees a sign that is cut where a piece of an endless line ends', () => {
    const scanner = createAuthScanner();

    const signs = [
      ...scanner.push(Buffer.from(`${'x '.repeat(40_000)}HTTP/1.1 4`)),
      ...scanner.push(Buffer.from('01 Unauthorized')),
      ...scanner.end(),
    ];

    expect(signs).toHaveLength(1);
  });

  it('sees a sign at any distance behind a harmless needle in a long line', () => {
    const distances = Array.from({ length: 100 }, (_, index) => 950 + index);

    const found = distances.map((distance) =>
      scan(`login${' '.repeat(distance)}${LINE}${' x'.repeat(1_000)}\n`, 65_536),
    );

    expect(found.filter((signs) => !signs.some((evidence) => evidence.includes(LINE)))).toEqual([]);
  });

  it('sees each of many signs in one long line of JSON', () => {
    const filler = 'a'.repeat(1500);

    const found = scan(
      `{"a":"${filler}","b":"github: Bad credentials","c":"${filler}","d":"invalid_grant","e":"${filler}"}\n`,
      700,
    );

    expect(found.some((evidence) => evidence.includes('Bad credentials'))).toBe(true);
    expect(found.some((evidence) => evidence.includes('invalid_grant'))).toBe(true);
  });

  it('keeps memory bounded though no line ever ends', () => {
    const scanner = createAuthScanner();
    const chunk = Buffer.alloc(1000, 'x');
    const before = process.memoryUsage().heapUsed;

    for (let count = 0; count < 50_000; count += 1) scanner.push(chunk);

    expect(process.memoryUsage().heapUsed - before).toBeLessThan(40e6);
  });

  it('takes bytes that are no UTF-8', () => {
    const bytes = Buffer.concat([
      Buffer.from([0xff, 0xfe, 0x00, 0xc3]),
      Buffer.from(` ${LINE} `),
      Buffer.from([0xe2, 0x82, 0x0a]),
    ]);

    expect(scan(bytes, 1)).toHaveLength(1);
  });

  it('gives the evidence without colours, control characters and tricks of direction', () => {
    expect(scan('\u001b[31mHTTP 401\u001b[0m\u0007 for\u202e \u001b]0;title\u0007you\r\n', 4)).toEqual([
      'HTTP 401 for you',
    ]);
  });

  it('tells once of a line that repeats for ever', () => {
    expect(scan(`${LINE}\n`.repeat(10_000), 65_536)).toHaveLength(1);
  });

  it('works through hostile text in linear time', () => {
    const hostile = [
      'token ',
      '401 ',
      'error',
      '\\\\"',
      'GET /',
      'w_',
      'login (a.b',
      'failed to authenticate with a b c ',
      'if expired ',
    ];
    const startedAt = performance.now();

    for (const text of hostile) scan(`${text.repeat(Math.ceil(500_000 / text.length))}\n`, 65_536);

    // 4.5 MB; quadratic searching would take minutes.
    expect(performance.now() - startedAt).toBeLessThan(20_000);
  }, 60_000);
});
