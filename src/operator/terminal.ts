/** Where an operator command reads and writes; `cli.ts` gives it the process's own. */
export interface Terminal {
  readonly env: Readonly<Record<string, string | undefined>>;
  print(line: string): void;
  complain(line: string): void;
  /** Resolves with the name of the first signal that asks the program to end; a second one ends it at once. */
  readonly interrupted: Promise<string>;
  /** Calls `listener` at each SIGHUP from now on, and once for those that came before. */
  onHangUp?(listener: () => void): void;
}
