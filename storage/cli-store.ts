import type { Connection } from './database.ts';
import { past, type SetBack } from './set-back.ts';

/**
 * What is known of a CLI's version.
 *
 * wanted → reading → known · probing → known · unreadable → wanted; whenever its file changes: → wanted.
 */
export type CliState = 'wanted' | 'reading' | 'known' | 'probing' | 'unreadable';

/** An agent CLI as it was last seen on this machine. */
export interface CliRow {
  /** The path under which it is started; the same over updates. */
  readonly program: string;
  readonly runtime: string;
  /** What changes with every update of it: its real path, size and time. */
  readonly file: string;
  readonly version: string | null;
  /** The version before the last change that was told. */
  readonly previous: string | null;
  readonly state: CliState;
  /** When its file was first seen as it is, or its version last asked for in vain. */
  readonly seenAt: number;
  /** What came of the probe, or why the version could not be read. */
  readonly detail: string | null;
}

/** The CLIs of agents; results count only for the file that they were gained from. */
export interface CliStore {
  get(program: string): CliRow | undefined;
  /** Its file is new, or another one: the version is to be read. */
  want(cli: Pick<CliRow, 'program' | 'runtime' | 'file' | 'seenAt'>): void;
  /** Its version could not be read, and is to be read again. */
  wantAgain(program: string, file: string): void;
  /** Takes it for reading; also one that an earlier incarnation was reading. False when its file has changed. */
  claim(program: string, file: string): boolean;
  /** The version that was read; `state` tells whether a probe is to follow. */
  read(program: string, file: string, version: string, state: 'known' | 'probing'): boolean;
  unreadable(program: string, file: string, detail: string, seenAt: number): boolean;
  /** The probe is over; false when its file has changed meanwhile, or somebody has told of it. */
  probed(program: string, file: string, detail: string): boolean;
  /** After the clock was set back: a version that could not be read is asked for as soon as it would have been. */
  setBack(jump: SetBack): void;
}

const COLUMNS = 'program, runtime, file, version, previous, state, seen_at AS seenAt, detail';

/** Builds the CLI store. */
export function createCliStore(connection: Connection): CliStore {
  const byProgram = connection.statement<[string], CliRow>(`SELECT ${COLUMNS} FROM cli WHERE program = ?`);
  const want = connection.statement<[Pick<CliRow, 'program' | 'runtime' | 'file' | 'seenAt'>]>(
    `INSERT INTO cli (program, runtime, file, state, seen_at) VALUES (@program, @runtime, @file, 'wanted', @seenAt)
     ON CONFLICT (program) DO UPDATE SET runtime = excluded.runtime, file = excluded.file,
       previous = CASE state WHEN 'probing' THEN previous ELSE coalesce(version, previous) END,
       version = NULL, state = 'wanted', seen_at = excluded.seen_at, detail = NULL`,
  );
  const wantAgain = connection.statement<[string, string]>(
    `UPDATE cli SET state = 'wanted' WHERE program = ? AND file = ? AND state = 'unreadable'`,
  );
  const claim = connection.statement<[string, string]>(
    `UPDATE cli SET state = 'reading' WHERE program = ? AND file = ? AND state IN ('wanted', 'reading')`,
  );
  const read = connection.statement<[string, string, string, string]>(
    `UPDATE cli SET version = ?, state = ?, detail = NULL WHERE program = ? AND file = ? AND state = 'reading'`,
  );
  const unreadable = connection.statement<[string, number, string, string]>(
    `UPDATE cli SET state = 'unreadable', detail = ?, seen_at = ? WHERE program = ? AND file = ? AND state = 'reading'`,
  );
  const probed = connection.statement<[string, string, string]>(
    `UPDATE cli SET state = 'known', detail = ? WHERE program = ? AND file = ? AND state = 'probing'`,
  );

  const moveFacts = connection.statement<[SetBack]>(`UPDATE cli SET seen_at = ${past('seen_at')} WHERE seen_at > @now`);

  /** Who waits for a version is looked at again. */
  function settled(changes: number): boolean {
    if (changes === 1) connection.touch('loop');
    return changes === 1;
  }

  return {
    get: (program) => byProgram.get(program),
    want: (cli) => void want.run(cli),
    wantAgain: (program, file) => void wantAgain.run(program, file),
    claim: (program, file) => claim.run(program, file).changes === 1,
    read: (program, file, version, state) => settled(read.run(version, state, program, file).changes),
    unreadable: (program, file, detail, seenAt) => settled(unreadable.run(detail, seenAt, program, file).changes),
    probed: (program, file, detail) => settled(probed.run(detail, program, file).changes),
    setBack: (jump) => void moveFacts.run(jump),
  };
}
