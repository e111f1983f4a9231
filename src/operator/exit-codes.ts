/** What `start` gives instead of an exit code when a new process is to take this one's place. */
export const REPLACE = 'replace';

/** Exit codes of the operator commands (sysexits; CONTRACT 1). */
export const EXIT = {
  ok: 0,
  usage: 64,
  /** Another instance holds this token or state folder. */
  taken: 69,
  /** A bug: the supervisor starts a sound process. */
  software: 70,
  /** Something of the machine stands in the way: the disk, a file. */
  ioerr: 74,
  /** Telegram's answers hang: a new process may do better. */
  tempfail: 75,
  /** Telegram refused the token. */
  refused: 77,
  config: 78,
} as const;
