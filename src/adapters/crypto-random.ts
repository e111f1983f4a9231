import { randomBytes } from 'node:crypto';
import type { Random } from '../ports.ts';

/** Builds the Random port on the system's cryptographic source. */
export function createCryptoRandom(): Random {
  return {
    fraction: () => randomBytes(6).readUIntBE(0, 6) / 2 ** 48,
    token: (bytes) => randomBytes(bytes).toString('base64url'),
  };
}
