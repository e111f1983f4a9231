import { expect, test } from 'vitest';
import { isNearlySame } from '../../src/work/likeness.ts';

const TEXT = '# Active Tasks\n- report, 3 of 9\n# Critical Context\n- owner likes it short\n# Next\n- write part 4\n';

test.each([
  ['times and counts differ', TEXT, TEXT.replace('3 of 9', '5 of 9').replace('part 4', 'part  12'), true],
  ['lines stand in another order', 'a\nb\nc', 'c\nb\na', true],
  ['one line of many differs', `${'x\n'.repeat(40)}one`, `${'x\n'.repeat(40)}two`, true],
  ['a task is another one', TEXT, TEXT.replace('report', 'invoice'), false],
  ['much was added', TEXT, TEXT + TEXT, false],
  ['one is empty', '', TEXT, false],
])('two versions are compared when %s', (_what, one, other, isAlike) => {
  expect(isNearlySame(one, other)).toBe(isAlike);
});
