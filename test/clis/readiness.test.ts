import { describe, expect, it } from 'vitest';
import { isOlder } from '../../src/clis/readiness.ts';

describe('versions', () => {
  it.each([
    ['2.1.330', '2.1.0', false],
    ['2.1.9', '2.1.10', true],
    ['2.1', '2.1.0', false],
    ['1.99.99', '2.0.0', true],
    ['0.61.0-preview.2', '0.61.0', false],
    ['10.0.0', '9.9.9', false],
  ])('%s is older than %s: %s', (version, than, older) => {
    expect(isOlder(version, than)).toBe(older);
  });
});
