import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createAuthScanner } from '../../src/runtimes/auth-scan.ts';
import { plainText, toEvidence } from '../../src/runtimes/evidence.ts';
import { SIGNATURES } from '../../src/runtimes/signatures.ts';

const NEEDLES = SIGNATURES.flatMap((family) => family.needles);

/** Words of dead credentials, whole and in pieces: with a needle in each of them, many become signs and many do not. */
const PHRASES = [
  'HTTP/1.1 401',
  'status":401,',
  'statusCode: 401',
  'got 401',
  'error 401 Unauthorized',
  'Error: Unauthorized',
  'token has expired.',
  'TokenExpiredError',
  'the token was revoked',
  'invalid_grant',
  'invalid x-api-key',
  'session is no longer valid',
  'failed to authenticate',
  'UNAUTHENTICATED',
  'Bad credentials',
  'not logged in.',
  'please log in again',
  'run: gh auth login',
  'please sign in again',
  'api key not valid.',
  'permission denied (publickey',
  'AADSTS70008',
  '535 5.7.8',
  "(535, b'",
  '-ERR [AUTH]',
  'not_authed',
  'account_inactive',
  'ENEEDAUTH',
  'interaction_required',
  '"code":89,',
  '"code": 89}',
  'improper token',
  'UnrecognizedClientException',
  'AuthFailure',
  'could not read Username for',
  'RefreshError',
  'AUTH_FAILED: reason',
];
const FILLER = [
  '0',
  '1',
  '4012',
  '140123',
  '9',
  ' ',
  '  ',
  '. ',
  ': ',
  'if ',
  'token ',
  'error ',
  'lorem',
  'x',
  '/',
  '"',
  '-',
];
const NOT_ASCII = ['é', 'ſ', '\u00a0', '€ ', ' \u001b[31m', '\u001b[0m ', '\t', '\r', '\u0000'];

/** Words in random case, or as they are. */
function words(...fillers: readonly string[]): fc.Arbitrary<string> {
  const word = fc.oneof(
    { arbitrary: fc.constantFrom(...PHRASES), weight: 2 },
    { arbitrary: fc.constantFrom(...NEEDLES), weight: 2 },
    { arbitrary: fc.constantFrom(...fillers), weight: 4 },
  );
  return fc
    .tuple(word, fc.constantFrom('as it is', 'as it is', 'upper', 'mixed'), fc.infiniteStream(fc.boolean()))
    .map(([text, letters, upper]) => {
      if (letters === 'as it is') return text;
      return [...text]
        .map((letter) => (letters === 'upper' || upper.next().value ? letter.toUpperCase() : letter))
        .join('');
    });
}

/** Lines, some of them repeated, and where the chunks of them end. */
function output(...fillers: readonly string[]): fc.Arbitrary<{ bytes: Buffer; cuts: readonly number[] }> {
  const line = fc.array(words(...fillers), { maxLength: 8 }).map((parts) => parts.join(''));
  const lines = fc
    .array(fc.tuple(line, fc.integer({ min: 1, max: 3 })), { maxLength: 8 })
    .map((all) => all.flatMap(([text, times]) => Array<string>(times).fill(text)));
  return fc.tuple(lines, fc.array(fc.nat(400), { maxLength: 12 })).map(([all, cuts]) => ({
    bytes: Buffer.from(all.join('\n')),
    cuts: cuts.toSorted((a, b) => a - b),
  }));
}

function scan(bytes: Buffer, cuts: readonly number[]): string[] {
  const scanner = createAuthScanner();
  const chunks = [...cuts, bytes.length].map((end, index) => bytes.subarray(index === 0 ? 0 : cuts[index - 1], end));
  return [...chunks.flatMap((chunk) => scanner.push(chunk)), ...scanner.end()].map((sign) => sign.evidence);
}

/** The slow way: all signatures on a line, whether it has a needle or not. */
function judgeSlowly(line: string): string | undefined {
  const text = /[^ -~]/.test(line) ? plainText(line) : line;
  const signature = SIGNATURES.flatMap((family) => family.signatures).find((one) => one.test(text));
  return signature === undefined ? undefined : toEvidence(text);
}

/** The slow way through a stream: each line that has a needle and is not the one before over again. */
function scanSlowly(bytes: Buffer): string[] {
  let last = '';
  const signs = [];
  for (const line of bytes.toString('latin1').split('\n')) {
    if (!hasNeedle(line) || line === last) continue;
    last = line;
    signs.push(judgeSlowly(Buffer.from(line, 'latin1').toString()));
  }
  return signs.filter((sign) => sign !== undefined);
}

function hasNeedle(line: string): boolean {
  const numbers = line.replace(/\d{4,}/g, '0');
  return NEEDLES.some((needle) => (/^\d+$/.test(needle) ? numbers : line).toLowerCase().includes(needle));
}

describe('the fast scan of output', () => {
  it('finds every line that the signatures alone find, in any case and any chunks', () => {
    fc.assert(
      fc.property(output(...FILLER), ({ bytes, cuts }) => {
        const expected = bytes.toString().split('\n').map(judgeSlowly);

        const found = scan(bytes, cuts);

        expect(new Set(found)).toEqual(new Set(expected.filter((sign) => sign !== undefined)));
      }),
      { numRuns: 3_000 },
    );
  });

  it('gives the same signs in the same order as a slow one, also among colours, other scripts and control characters', () => {
    fc.assert(
      fc.property(output(...FILLER, ...NOT_ASCII), ({ bytes, cuts }) => {
        expect(scan(bytes, cuts)).toEqual(scanSlowly(bytes));
      }),
      { numRuns: 3_000 },
    );
  });

  it('finds every sign in a line longer than 64 KiB, in any chunks', () => {
    const marks = fc.array(fc.integer({ min: 3_000, max: 50_000 }), { minLength: 2, maxLength: 6 });
    fc.assert(
      fc.property(
        marks,
        fc.integer({ min: 1, max: 90_000 }),
        fc.constantFrom('HTTP/1.1 401', 'invalid_grant', 'Bad credentials', 'AADSTS70008'),
        (gaps, size, phrase) => {
          const line = gaps.map((gap, index) => `${'é '.repeat(gap / 3)} ${phrase} (mark ${index}) `).join('');
          const bytes = Buffer.from(`${line}${'y'.repeat(70_000)}\n`);
          const cuts = Array.from({ length: Math.floor(bytes.length / size) }, (_, index) => (index + 1) * size);

          const found = scan(bytes, size < 50 ? [] : cuts);

          for (const index of gaps.keys()) expect(found.some((sign) => sign.includes(`(mark ${index})`))).toBe(true);
        },
      ),
      { numRuns: 100 },
    );
  });
});
