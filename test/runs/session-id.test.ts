import { expect, test } from 'vitest';
import { sessionIdFrom } from '../../src/runs/session-id.ts';

test('a session is named by a UUID of version 4, another one for another chance', () => {
  const [one, other] = [sessionIdFrom('a'), sessionIdFrom('b')];

  expect(one).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-8[0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(other).not.toBe(one);
  expect(sessionIdFrom('a')).toBe(one);
});
