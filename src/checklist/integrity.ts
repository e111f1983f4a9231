import type { Storage } from '../../storage/storage.ts';
import { loadBackupState } from '../backups/backup-state.ts';
import type { RowFacts } from './facts.ts';

/** Setting: when a start read every page of the database, and found them sound (epoch ms). */
export const DATABASE_READ_KEY = 'database-read-at';

/**
 * When all of the database was last read and found sound: by a start, which leaves it out after a clean end, or as a backup was verified.
 * Null: nothing tells.
 */
export function loadIntegrity(storage: Pick<Storage, 'settings' | 'backups'>): RowFacts['integrity'] {
  const at = Math.max(Number(storage.settings.get(DATABASE_READ_KEY) ?? 0), loadBackupState(storage).last?.at ?? 0);
  return at > 0 ? { at, found: 'ok' } : null;
}
