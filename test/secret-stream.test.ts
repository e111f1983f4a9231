import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createScrubber } from '../src/secrets.ts';
import { createSecretSearch } from '../src/secret-search.ts';

const SECRET = 'sk-ant-oat01-TEST-abcdefghijklmnop';
const STARS = '*'.repeat(SECRET.length);

/** A stream that knows these secrets, and what it showed so far. */
function open(known: readonly string[], own: readonly string[] = []) {
  const scrubber = createScrubber(known);
  const stream = scrubber.openStream(own);
  let shown = Buffer.alloc(0);
  const take = (bytes: Uint8Array): void => void (shown = Buffer.concat([shown, bytes]));
  return {
    scrubber,
    stream,
    say: (text: string | Uint8Array) => stream.push(Buffer.from(text), take),
    flush: () => take(stream.flush()),
    shown: () => shown.toString(),
    bytes: () => shown,
  };
}

describe('a stream without secrets', () => {
  it('shows a known secret as asterisks of the same length', () => {
    const { say, shown } = open([SECRET]);

    say(`token ${SECRET} and again ${SECRET}.\n`);

    expect(shown()).toBe(`token ${STARS} and again ${STARS}.\n`);
  });

  it('finds a secret however it is cut', () => {
    const text = `before ${SECRET} after\n`;
    for (let first = 0; first <= text.length; first += 1) {
      for (let second = first; second <= text.length; second += 1) {
        const { say, flush, shown } = open([SECRET]);

        for (const part of [text.slice(0, first), text.slice(first, second), text.slice(second)]) say(part);
        flush();

        expect(shown()).toBe(`before ${STARS} after\n`);
      }
    }
  });

  it('finds a secret that comes letter by letter', () => {
    const { say, flush, shown } = open([SECRET]);

    for (const letter of `see ${SECRET}!`) say(letter);
    flush();

    expect(shown()).toBe(`see ${STARS}!`);
  });

  it('finds a secret as it looks inside JSON and inside a URL', () => {
    const secret = 'a"b/c d\\e+f-TEST';
    const { say, flush, shown } = open([secret]);

    say(JSON.stringify({ secret }));
    say(`https://x.example/?s=${encodeURIComponent(secret)}\n`);
    flush();

    expect(shown()).toBe(`{"secret":"${'*'.repeat(18)}"}https://x.example/?s=${'*'.repeat(26)}\n`);
  });

  it('holds back only what may be the beginning of a secret', () => {
    const { say, shown, stream } = open([SECRET]);

    say('ordinary words, sk');
    const first = shown();
    const held = stream.isHolding;
    say('etch');

    expect(first).toBe('ordinary words, ');
    expect(held).toBe(true);
    expect(shown()).toBe('ordinary words, sketch');
    expect(stream.isHolding).toBe(false);
  });

  it('shows what was held back when nothing follows, unless it is long enough to be one', () => {
    const short = open([SECRET]);
    const long = open([SECRET]);

    short.say('a desk');
    short.flush();
    long.say('a sk-ant-oat');
    long.flush();

    expect(short.shown()).toBe('a desk');
    expect(long.shown()).toBe('a **********');
  });

  it('still finds the rest of a secret after its beginning was flushed', () => {
    const { say, flush, shown } = open([SECRET]);

    say(`see ${SECRET.slice(0, 20)}`);
    flush();
    flush();
    say(`${SECRET.slice(20)} and on\n`);

    expect(shown()).toBe(`see ${STARS} and on\n`);
  });

  it('shows at most seven letters of a secret that comes ever so slowly', () => {
    const { say, flush, shown } = open([SECRET]);

    for (const letter of `see ${SECRET}.`) {
      say(letter);
      flush();
    }

    expect(shown()).toBe(`see ${SECRET.slice(0, 7)}${STARS.slice(7)}.`);
  });

  it('gives back no more than was said, and leaves the chunk as it was', () => {
    const { stream } = open([SECRET]);
    const chunk = Buffer.from(`see ${SECRET}`);

    const shown: Uint8Array[] = [];
    stream.push(chunk, (bytes) => void shown.push(bytes));

    expect(Buffer.concat([...shown, stream.flush()]).length).toBe(chunk.length);
    expect(chunk.toString()).toBe(`see ${SECRET}`);
  });

  it('looks for its own secrets besides the lasting ones, and not for those of others that pass', () => {
    const { scrubber, say, flush, shown } = open(['TEST-of-the-bot'], ['TEST-of-this-run']);
    scrubber.add('TEST-of-another-run');

    say('TEST-of-the-bot TEST-of-this-run TEST-of-another-run');
    flush();

    expect(shown()).toBe('*************** **************** TEST-of-another-run');
    expect(scrubber.scrub('TEST-of-another-run')).toBe('[secret]');
  });

  it('finds a lasting secret from the moment it becomes known', () => {
    const { scrubber, say, shown } = open([]);
    say(`${SECRET}\n`);

    scrubber.add(SECRET, 'lasting');
    say(`${SECRET}\n`);

    expect(shown()).toBe(`${SECRET}\n${STARS}\n`);
  });

  it.each([1, 20, 43])(
    'finds a secret of which %d bytes came with the chunk before, in one of many kilobytes',
    (first) => {
      const { say, shown } = open([SECRET]);
      const text = `${SECRET}${'an ordinary line\n'.repeat(500)}${SECRET}\n`;

      say(text.slice(0, first % SECRET.length));
      say(text.slice(first % SECRET.length));

      expect(shown()).toBe(text.replaceAll(SECRET, STARS));
    },
  );

  it('finds a secret of many kilobytes, whole and in its pieces', () => {
    const secret = Array.from({ length: 900 }, (_, n) => `line ${n} of a TEST key`).join('\n');
    const { say, flush, shown } = open([secret]);

    for (let at = 0; at < secret.length; at += 700) say(secret.slice(at, at + 700));
    flush();

    expect(shown()).toBe('*'.repeat(secret.length));
  });

  it('takes nothing with it that looks like the last bytes of a long secret', () => {
    const { say, shown } = open([`${'TEST'.repeat(256)}ab`]);

    say('abc, ab\n');

    expect(shown()).toBe('abc, ab\n');
  });

  it('shows two secrets that overlap as asterisks, both', () => {
    const { say, flush, shown } = open(['TEST-one-two', 'two-TEST-three']);

    say('TEST-one-');
    say('two-TEST-thr');
    say('ee.');
    flush();

    expect(shown()).toBe(`${'*'.repeat(23)}.`);
  });

  it('ignores secrets that are shorter than eight characters', () => {
    const { say, shown } = open(['short', '']);

    say('a short text\n');

    expect(shown()).toBe('a short text\n');
  });

  it('agrees with a plain replacement, whatever the secrets and the cuts', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '"', 'ü'), minLength: 8, maxLength: 14 });
    fc.assert(
      fc.property(
        fc.array(letters, { minLength: 1, maxLength: 3 }),
        fc.array(fc.oneof(fc.nat(2), fc.string({ unit: fc.constantFrom('a', 'b', 'ü', '"', ' '), maxLength: 12 })), {
          maxLength: 12,
        }),
        fc.array(fc.nat(9), { minLength: 1 }),
        (secrets, words, cuts) => {
          const { say, flush, bytes } = open(secrets);
          const text = Buffer.from(
            words.map((word) => (typeof word === 'number' ? (secrets[word] ?? '') : word)).join(''),
          );

          for (let at = 0, turn = 0; at < text.length; turn += 1) {
            const length = 1 + (cuts[turn % cuts.length] ?? 0);
            say(text.subarray(at, at + length));
            at += length;
          }
          flush();

          const expected = Buffer.from(text);
          for (const form of secrets.flatMap((secret) => [
            secret,
            JSON.stringify(secret).slice(1, -1),
            encodeURIComponent(secret),
          ])) {
            const needle = Buffer.from(form);
            for (let at = text.indexOf(needle); at !== -1; at = text.indexOf(needle, at + 1))
              expected.fill('*', at, at + needle.length);
          }
          // What the end of the text leaves unfinished may be asterisks as well.
          const shown = bytes();
          expect(shown.length).toBe(expected.length);
          const until = expected.length - createSecretSearch(secrets).unfinishedBytes(text);
          expect(shown.subarray(0, until).toString('latin1')).toBe(expected.subarray(0, until).toString('latin1'));
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('what the scrubber remembers', () => {
  /** It has no shape by which it would be known anyway. */
  const PASSWORD = 'TEST-hunter2-hunter2';

  it('keeps lasting secrets while thousands of runs come and go', () => {
    const scrubber = createScrubber(['TEST-of-the-bot']);
    scrubber.add(PASSWORD, 'lasting');

    for (let run = 0; run < 5_000; run += 1) scrubber.add(`TEST-token-of-run-${run}`);

    expect(scrubber.scrub(`TEST-of-the-bot ${PASSWORD} TEST-token-of-run-4999`)).toBe('[secret] [secret] [secret]');
    expect(scrubber.scrub('TEST-token-of-run-0')).toBe('TEST-token-of-run-0');
  });

  it('keeps a lasting secret that is in use while others are rotated for years', () => {
    const scrubber = createScrubber([]);

    for (let year = 0; year < 20; year += 1) {
      scrubber.add(PASSWORD, 'lasting');
      for (let rotation = 0; rotation < 150; rotation += 1)
        scrubber.add(`TEST-${year}-rotation-${rotation}`, 'lasting');
    }

    expect(scrubber.scrub(PASSWORD)).toBe('[secret]');
  });
});
