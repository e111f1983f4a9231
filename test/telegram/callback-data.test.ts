import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createCallbackData, VERBS } from '../../src/telegram/callback-data.ts';

const callbackData = createCallbackData('a key of the test');

test('what is signed is at most 64 bytes, is read back, and verifies', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...VERBS),
      fc.nat({ max: 999_999_999_999_999 }),
      fc.nat({ max: 1_000_000 }),
      fc.string(),
      (verb, id, revision, binding) => {
        const data = callbackData.sign({ verb, id, revision }, binding);
        const read = callbackData.read(data);

        expect(Buffer.byteLength(data)).toBeLessThanOrEqual(64);
        expect(read).toMatchObject({ verb, id, revision });
        expect(read !== undefined && callbackData.verify(read, binding)).toBe(true);
      },
    ),
  );
});

test.each([
  ['another verb', (data: string) => data.replace('approve', 'reject')],
  ['another row', (data: string) => data.replace(':17:', ':18:')],
  ['another revision', (data: string) => data.replace(':17:2:', ':17:3:')],
])('a button forged for %s does not verify', (_title, forge) => {
  const read = callbackData.read(forge(callbackData.sign({ verb: 'approve', id: 17, revision: 2 }, 'hash')));

  expect(read).toBeDefined();
  expect(read !== undefined && callbackData.verify(read, 'hash')).toBe(false);
});

test('a button does not verify for another text, nor under another key', () => {
  const read = callbackData.read(callbackData.sign({ verb: 'approve', id: 17, revision: 2 }, 'hash'))!;

  expect(callbackData.verify(read, 'another hash')).toBe(false);
  expect(createCallbackData('another key').verify(read, 'hash')).toBe(false);
});

test('garbage is not read, and never throws', () => {
  const samples = [
    '',
    'approve',
    'approve:1:1:',
    'approve:-1:1:AAAAAAAAAAA',
    'explode:1:1:AAAAAAAAAAA',
    'approve:1:1:ÄÄÄÄÄÄÄÄÄÄÄ',
  ];

  expect(samples.map((sample) => callbackData.read(sample))).toEqual(samples.map(() => undefined));
  fc.assert(fc.property(fc.string({ unit: 'binary' }), (data) => void callbackData.read(data)));
});
