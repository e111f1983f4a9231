/**
 * The ports: everything that Nightdesk touches outside its own memory and its database.
 *
 * Each port has one real implementation in `adapters/` and one in the simulated world (`test/simulation`).
 * Vendor types stop at the adapters: nothing here names grammY, execa or pino.
 */

/**
 * Time.
 *
 * Contract:
 * - `now()` is epoch milliseconds of the wall clock; it may jump, forwards and backwards.
 * - `monotonic()` is milliseconds since some moment of this process's life: it never jumps, and stands still while the machine sleeps.
 * - `after(delayMs, task)` runs `task` once, not earlier than `delayMs` from now; the returned function cancels it.
 * - A pending timer does not keep the process alive by itself.
 */
export interface Clock {
  now(): number;
  monotonic(): number;
  after(delayMs: number, task: () => void): CancelTimer;
}

/** Cancels a pending timer; cancelling twice, or after it ran, does nothing. */
export type CancelTimer = () => void;

/**
 * Randomness.
 *
 * Contract:
 * - `fraction()` is uniform in [0, 1).
 * - `token(bytes)` is that many unguessable bytes as base64url.
 */
export interface Random {
  fraction(): number;
  token(bytes: number): string;
}

/** What a program is started with. */
export interface SpawnRequest {
  /** The program and its arguments; never given to a shell. */
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  /** The whole environment: nothing of Nightdesk's own is added to it. */
  readonly env: Readonly<Record<string, string>>;
  /** Written to stdin, which is then closed; without it stdin is empty. */
  readonly stdin?: string;
  /** Leaves stdin open after `stdin` was written: `write` and `closeInput` go on with it. */
  readonly keepsInputOpen?: boolean;
  /** What the program is started through; what cannot be started is told of the program itself, not of its wrapper. */
  readonly through?: Wrapper;
  /**
   * Gives the program a terminal of that size instead of pipes: all it prints comes as `stdout`, and its stdin stays open. What is written
   * counts as typed: a line ends with `\r`, and the program may echo it.
   */
  readonly terminal?: { readonly columns: number; readonly rows: number };
}

/** A program that starts another one and stays around it, such as bubblewrap. */
export interface Wrapper {
  /** Comes before the program's own argv. */
  readonly argv: readonly [string, ...string[]];
  /**
   * Who gets a TERM: the whole group of what was started, or, where that would end the wrapper before the program, only the group that
   * the wrapper's child leads. A KILL goes to the whole group either way.
   */
  readonly termTo: 'group' | 'child-group';
}

/** How a program ended. */
export type ProcessExit =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: string }
  | { readonly kind: 'not-started'; readonly reason: string };

/** What identifies a started process beyond its pid, so that a reused pid is never taken for it. */
export interface ProcessIdentity {
  readonly pid: number;
  /** Kernel start time of the process (Linux: field 22 of /proc/PID/stat); empty where the system does not tell. */
  readonly startTicks: string;
  /** Changes with every boot of the machine. */
  readonly bootId: string;
}

/** A running program, in a process group of its own. */
export interface RunningProcess {
  /** Undefined when the program could not be started: `exit` then tells why. */
  readonly identity: ProcessIdentity | undefined;
  /** Settles once, when the program itself has ended and what it printed has been handed on; never rejects. */
  readonly exit: Promise<ProcessExit>;
  /** Sends a signal to the program's whole group; nothing happens when the group is gone. */
  signal(signal: 'SIGTERM' | 'SIGKILL'): void;
  /** Writes to a stdin that was kept open; nothing happens once it is closed or the program is gone. */
  write(text: string): void;
  /** Closes a stdin that was kept open; closing twice is closing once. */
  closeInput(): void;
}

/** Whom a sweep ends: whoever fits any of these. */
export interface SweepRequest {
  /** The program that was started: it, its group and its session, but only with the same boot and start time, or by `mark`. */
  readonly identity?: ProcessIdentity;
  /** `NAME=value` in the environment that a process was started with; with `isPrefix` every value that begins so. */
  readonly mark?: { readonly text: string; readonly isPrefix: boolean };
  /** A cgroup's folder: all in it, and then the folder itself. */
  readonly cgroup?: string;
}

/** What a sweep found. */
export interface SweepReport {
  readonly kind: 'gone' | 'killed' | 'survived';
  /** Who could not be ended; empty unless `survived`. */
  readonly survivors: readonly Survivor[];
  /** How many more there are than those; absent: none. */
  readonly unnamed?: number;
}

/** A process that outlived its end; what identifies it is empty where the system does not tell. */
export interface Survivor extends ProcessIdentity {
  /** Its command line, shortened. */
  readonly command: string;
  readonly ageMs: number;
}

/**
 * Programs.
 *
 * Contract:
 * - `spawn` returns at once and never throws; a program that cannot be started ends as `not-started`.
 * - `onOutput` gets raw bytes of stdout and stderr in the order in which they were read; they are gone once it has returned.
 * - `sweep` ends whoever fits, with KILL, until two passes in a row find nobody; it resolves two seconds after its turn at the latest
 *   (three look at a time). It never touches a process that is known by its pid alone, nor ourselves.
 */
export interface Processes {
  spawn(request: SpawnRequest, onOutput: (chunk: Uint8Array, stream: 'stdout' | 'stderr') => void): RunningProcess;
  sweep(whom: SweepRequest): Promise<SweepReport>;
}

/** Why a call of the Bot API failed; a closed list, decided at the adapter. */
export type TelegramFailure =
  | 'flood' // 429: wait `retryAfterMs`
  | 'conflict' // 409: another poller holds this token
  | 'unauthorized' // 401 or 404 on the token: Telegram refused it
  | 'forbidden' // 403: the chat blocked the bot or is gone
  | 'not-modified' // 400: the edit changes nothing
  | 'message-gone' // 400: the message to edit, delete or reply to does not exist any more
  | 'bad-request' // any other 400: the request itself is wrong
  | 'server' // 5xx
  | 'unreachable' // refused, reset before anything was sent, name not found
  | 'lost' // sent, but the answer never came: it may have happened
  | 'aborted'; // by our own signal

/** The one error of the Telegram port; it never carries the token, the URL or the payload. */
export class TelegramError extends Error {
  override readonly name = 'TelegramError';
  readonly code: TelegramFailure;
  readonly method: string;
  /** Milliseconds that Telegram asks us to wait; only with `flood`. */
  readonly retryAfterMs: number | undefined;

  constructor(code: TelegramFailure, method: string, description: string, retryAfterMs?: number) {
    super(`${method}: ${description}`);
    this.code = code;
    this.method = method;
    this.retryAfterMs = retryAfterMs;
  }
}

/**
 * The Bot API.
 *
 * Contract:
 * - `call` resolves to the `result` of the answer, or rejects with a TelegramError, never with anything else.
 * - It settles within `timeoutMs`, whatever the network does.
 * - `downloadFile` reads the file of a path that `getFile` gave; undefined when it has more than `maxBytes`. It fails as `call` does.
 * - `reset` drops kept connections, so that the next call opens new ones.
 */
export interface TelegramApi {
  call<Result>(
    method: string,
    payload: Readonly<Record<string, unknown>>,
    options: { readonly timeoutMs: number; readonly signal?: AbortSignal; readonly files?: readonly TelegramFile[] },
  ): Promise<Result>;
  downloadFile(
    path: string,
    options: { readonly maxBytes: number; readonly timeoutMs: number; readonly signal?: AbortSignal },
  ): Promise<Uint8Array | undefined>;
  reset(): void;
}

/** A file to upload: it becomes the payload's `field`, or, with `index`, the `media` of that element of the list in `field`. */
export interface TelegramFile {
  readonly field: string;
  readonly index?: number;
  readonly name: string;
  readonly content: string | Uint8Array;
}

/**
 * Files that are not the database.
 *
 * Contract:
 * - `readText` gives undefined when there is no such file, and at most `maxBytes` of it.
 * - `writeText` replaces the file as a whole or not at all (0600, folder 0700); it throws what the file system says.
 * - `rename` puts a file in the place of another one as a whole; it throws what the file system says.
 * - `touch` makes a file look written now, without needing room; it throws when there is none.
 * - `openLog` creates the file and its folder (0700, files 0600); its writes never throw: one that fails is counted as dropped.
 * - `compress` replaces PATH by PATH.gz, aside of the event loop, and resolves to false when it could not: then PATH stands as it was.
 * - `readLog` reads a log's last `maxBytes`, compressed (PATH.gz) or not; undefined when there is neither.
 * - `listFiles` gives every file below a folder; a folder that is not there has none. `remove` of what is gone does nothing.
 * - `copyIn` puts a copy of a file into a folder under the SHA-256 of what it holds, as a whole or not at all (0600, folder 0700), piece
 *   by piece, so that the event loop goes on; the same bytes twice are one file. It never rejects.
 * - `readWhole` reads a file of at most `maxBytes` and tells its SHA-256; undefined when there is none, or it is larger or no file.
 * - `digest` tells a file's SHA-256 without holding it in memory; undefined when it cannot be read.
 */
export interface Disk {
  readText(path: string, maxBytes: number): { readonly text: string; readonly modifiedAt: number } | undefined;
  writeText(path: string, text: string): void;
  rename(from: string, to: string): void;
  touch(path: string): void;
  ensureFolder(path: string): void;
  openLog(path: string): LogFile;
  compress(path: string): Promise<boolean>;
  readLog(path: string, maxBytes: number): Promise<Uint8Array | undefined>;
  listFiles(folder: string): readonly DiskFile[];
  remove(path: string): void;
  copyIn(request: CopyRequest): Promise<CopyResult>;
  readWhole(
    path: string,
    maxBytes: number,
  ): Promise<{ readonly bytes: Uint8Array; readonly sha256: string } | undefined>;
  digest(path: string): Promise<string | undefined>;
}

/** What is to be copied, and from where it may come. */
export interface CopyRequest {
  readonly from: string;
  /** Where the file has to lie, links resolved. */
  readonly within: string;
  /** Files and folders that nothing is copied from, even where they lie within. */
  readonly keepOut: readonly string[];
  readonly folder: string;
  /** The most bytes of a file that begins like that. */
  readonly maxBytes: (head: Uint8Array) => number;
}

/** What came of copying a file; `head` is its beginning, up to 64 bytes. */
export type CopyResult =
  | { readonly kind: 'copied'; readonly sha256: string; readonly sizeBytes: number; readonly head: Uint8Array }
  | {
      readonly kind: 'refused';
      readonly why: 'missing' | 'outside' | 'not-a-file' | 'empty' | 'unreadable' | 'full' | 'unwritable';
    }
  | { readonly kind: 'refused'; readonly why: 'too-large'; readonly maxBytes: number };

/** A file, as a listing shows it. */
export interface DiskFile {
  readonly path: string;
  readonly sizeBytes: number;
  readonly modifiedAt: number;
}

/** One log file: it grows at its end, and what stands behind a given length can be replaced. */
export interface LogFile {
  append(chunk: Uint8Array): void;
  /** Cuts the file to `lengthBytes` and writes the chunks there; a later one replaces an earlier one. */
  replaceEnd(lengthBytes: number, chunks: readonly Uint8Array[]): void;
  close(): void;
}

/**
 * What is left of the machine.
 *
 * Contract: both are read anew at each call and never throw; undefined where the system does not tell.
 */
export interface Machine {
  /** Memory that a new program could take, in bytes, within the limits of our own cgroup. */
  availableMemoryBytes(): number | undefined;
  /** Free space, in bytes, for who we are, on the file system of this folder. */
  freeDiskBytes(folder: string): number | undefined;
}

/**
 * The supervisor that started us, such as systemd.
 *
 * Contract: nothing is awaited and nothing throws; without a supervisor every call does nothing.
 */
export interface Supervisor {
  /** How often it wants a sign of life before it restarts us, in ms; undefined: it does not watch. */
  readonly watchdogMs: number | undefined;
  ready(): void;
  alive(): void;
  stopping(): void;
}

/**
 * A web address that is called to say that we are alive.
 *
 * Contract: `call` settles within `timeoutMs` and never rejects; the reason names no more of the address than its host.
 */
export interface Web {
  call(
    url: string,
    timeoutMs: number,
  ): Promise<{ readonly kind: 'ok' } | { readonly kind: 'failed'; readonly reason: string }>;
}

/**
 * Secrets that others keep: systemd credentials, the macOS Keychain, an environment file.
 *
 * Contract: `read` gives the secret as it is now, without a final newline; or why there is none, in words without it. It settles within
 * seconds.
 */
export interface SecretSource {
  read(): Promise<
    { readonly kind: 'secret'; readonly secret: string } | { readonly kind: 'none'; readonly reason: string }
  >;
}

/** What may accompany a log line: scalars only, so that nobody logs an object that holds a secret. */
export type LogFields = Readonly<Record<string, string | number | boolean | null | undefined>>;

/**
 * The program's own log.
 *
 * Contract: whatever is given, no known secret and nothing that looks like a bot token is written.
 */
export interface Log {
  debug(message: string, fields?: LogFields): void;
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, fields?: LogFields): void;
}
