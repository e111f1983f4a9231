import { randomBytes } from 'node:crypto';

/** What the platform makes of a bearer token. */
export type TokenVerdict =
  | { readonly kind: 'alive' }
  | { readonly kind: 'expired'; readonly expiredAt: number }
  | { readonly kind: 'unknown' };

/** An access token as it is handed out, once. */
export interface IssuedToken {
  readonly token: string;
  readonly expiresInMs: number;
}

/** The platform's access tokens. */
export interface Tokens {
  issue(): IssuedToken;
  judge(token: string): TokenVerdict;
  expireAll(): void;
  issued(): number;
}

/** Old tokens are forgotten: nobody needs to be told apart "expired" from "unknown" a hundred logins later. */
const rememberedTokens = 100;

/** Hands out tokens: the first lives `firstLifetimeMs`, each later one `laterLifetimeMs`. */
export function createTokens(options: {
  readonly firstLifetimeMs: number;
  readonly laterLifetimeMs: number;
  readonly now: () => number;
}): Tokens {
  const expiries = new Map<string, number>();
  let count = 0;

  function issue(): IssuedToken {
    const expiresInMs = count === 0 ? options.firstLifetimeMs : options.laterLifetimeMs;
    const token = `mur_${randomBytes(18).toString('base64url')}`;
    count += 1;
    expiries.set(token, options.now() + expiresInMs);
    const oldest = expiries.keys().next().value;
    if (expiries.size > rememberedTokens && oldest !== undefined) expiries.delete(oldest);
    return { token, expiresInMs };
  }

  function judge(token: string): TokenVerdict {
    const expiredAt = expiries.get(token);
    if (expiredAt === undefined) return { kind: 'unknown' };
    return expiredAt > options.now() ? { kind: 'alive' } : { kind: 'expired', expiredAt };
  }

  function expireAll(): void {
    const now = options.now();
    for (const [token, expiresAt] of expiries) expiries.set(token, Math.min(expiresAt, now));
  }

  return { issue, judge, expireAll, issued: () => count };
}
