import type { Platform } from './platform.ts';
import type { WorldRecord } from './record.ts';
import type { SeededRandom } from './seeded-random.ts';

/** The pages of a vendor, on which the owner logs in: they show him a code, let a device in, or make a token. */
export interface LoginPages {
  /** Opens a page for a login program: its link, and the one code that this login takes. */
  open(credential: string): { readonly link: string; readonly code: string };
  /** What the page behind a link shows to whoever logs in there. */
  codeOf(link: string): string | undefined;
  /** Lets the device in that waits behind a link. */
  letIn(link: string): void;
  isLetIn(link: string): boolean;
  /** A token that the vendor's page makes, to be pasted: with it the credential works. */
  makeToken(credential: string): string;
  /** What looks like a code, and is none. */
  makeWrongCode(): string;
}

/** Builds the pages; every code and token is a secret of the world. */
export function createLoginPages(options: {
  readonly random: SeededRandom;
  readonly record: WorldRecord;
  readonly platform: Platform;
}): LoginPages {
  const { random, record, platform } = options;
  const codes = new Map<string, string>();
  const letIn = new Set<string>();

  function makeCode(): string {
    const code = `c0de${random.token(15)}#${random.token(9)}`;
    record.lastingSecrets.push(code);
    return code;
  }

  return {
    open(credential) {
      const link = `https://login.example.com/oauth/authorize?for=${credential}&n=${random.between(1, 1e9)}`;
      const code = makeCode();
      codes.set(link, code);
      return { link, code };
    },
    codeOf: (link) => codes.get(link),
    letIn: (link) => void letIn.add(link),
    isLetIn: (link) => letIn.has(link),
    makeToken(credential) {
      const token = platform.issue(credential, random.chance(0.5));
      platform.renew(credential);
      return token;
    },
    makeWrongCode: makeCode,
  };
}
