import { createHash } from 'node:crypto';

/** The hash under which a run's token is stored: the token itself is in no row. */
export function hashToken(token: string): string {
  return createHash('sha256').update(token).digest('hex');
}
