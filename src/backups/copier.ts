import type { CopyOutcome } from '../../storage/database-copy.ts';

/**
 * Copies of the database that is in use.
 *
 * Contract:
 * - `sizeBytes` is what a copy may take; undefined where nobody can tell.
 * - `copyTo` makes the file as a whole (0600), verified, or not at all, aside of the event loop. It never rejects; while it works nobody
 *   calls it again.
 * - `stop` ends a copy that is being made: it fails, and leaves nothing but a `.part` behind.
 */
export interface DatabaseCopier {
  sizeBytes(): number | undefined;
  copyTo(file: string): Promise<CopyOutcome>;
  stop(): Promise<void>;
}
