import { createHash } from 'node:crypto';

/** A new session's id, of unguessable text: in the form of a UUID (RFC 9562, version 4), since the CLIs take no other. */
export function sessionIdFrom(chance: string): string {
  const hex = createHash('sha256').update(chance).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-4${hex.slice(13, 16)}-8${hex.slice(17, 20)}-${hex.slice(20, 32)}`;
}
