/** Where secrets are kept. No secret is ever in the database, a log or a message. */
export interface Vault {
  /**
   * The variables in which these credentials reach a program, by their `env` in fleet.yaml. `trying` names one whose staged secret is
   * given instead of its stored one, where there is one.
   */
  environmentFor(names: readonly string[], trying?: string): Readonly<Record<string, string>>;
  /** Whether a secret of this credential is there to be given. */
  has(name: string): boolean;
  /** Keeps a new secret beside the stored one, until a check has passed with it; a staged one of before is gone. */
  stage(name: string, secret: string): void;
  hasStaged(name: string): boolean;
  /** Puts the staged secret in the stored one's place; nothing happens where none is staged. */
  commit(name: string): void;
  /** Forgets the staged secret; the stored one stays. */
  discard(name: string): void;
  /** Reads anew what others keep for us; called at a start and before each check. */
  refresh(): Promise<void>;
}
