import { describe, expect, it } from 'vitest';
import { createPlainLines } from '../../src/runtimes/plain-lines.ts';

describe('what a CLI prints besides its protocol', () => {
  it('is kept as its first line and its newest, as evidence', () => {
    const plain = createPlainLines();
    plain.push(Buffer.from('\n  \u001b[31merror:\u001b[0m no such flag\n'));
    for (let line = 0; line < 1000; line += 1) plain.push(Buffer.from(`line ${line}\n\n`));
    plain.push(Buffer.from('unfinished'));
    plain.end();

    expect(plain.first()).toBe('error: no such flag');
    expect(plain.newest()).toEqual(['line 996', 'line 997', 'line 998', 'line 999', 'unfinished']);
  });

  it('is kept short, and found though its line never ends', () => {
    const plain = createPlainLines();
    for (let count = 0; count < 100; count += 1) plain.push(Buffer.alloc(10_000, 'z'));

    expect(plain.first()).toBe('z'.repeat(300));
  });

  it('shows each vendor once whose credential is dead, but for foreign words', () => {
    const plain = createPlainLines((evidence) => evidence.includes('draft'));
    const signs = [
      ...plain.push(Buffer.from('draft: github: Bad credentials\nHTTP 401 from api.github.com\nHTTP 40')),
      ...plain.push(Buffer.from('1 from api.github.com\n')),
      ...plain.push(Buffer.from('slack: invalid_auth')),
    ];

    expect(signs.map(({ credentialHint }) => credentialHint)).toEqual(['github']);
    expect(plain.peek().map(({ credentialHint }) => credentialHint)).toEqual(['slack']);
    expect(plain.end()).toEqual([]);
  });

  it('takes noise on stdout for evidence, never for a sign', () => {
    const plain = createPlainLines();
    plain.note('error 401 Unauthorized: invalid_grant');
    plain.note('   ');

    expect(plain.noise()).toBe('error 401 Unauthorized: invalid_grant');
    expect([...plain.peek(), ...plain.end()]).toEqual([]);
    expect(plain.first()).toBeUndefined();
  });
});
