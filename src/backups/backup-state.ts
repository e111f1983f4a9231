import type { Storage } from '../../storage/storage.ts';

/** How it stands with the backups, for whoever shows it. */
export interface BackupState {
  /** The newest good copy: when it was made (epoch ms), its name in HOME/backup if it is still there, its size. */
  readonly last:
    | { readonly at: number; readonly file: string | undefined; readonly sizeBytes: number | undefined }
    | undefined;
  /** The newest failure, as long as no good copy came after it. */
  readonly failure: { readonly at: number; readonly reason: string } | undefined;
  /** How many copies are there. */
  readonly copies: number;
}

/** Reads how it stands with the backups. */
export function loadBackupState({ backups }: Pick<Storage, 'backups'>): BackupState {
  const last = backups.newest('done');
  const madeAt = last?.endedAt ?? undefined;
  const failure = backups.newest('failed');
  const isAfter = failure !== undefined && (failure.endedAt ?? 0) > (last?.endedAt ?? 0);
  return {
    last:
      last === undefined || madeAt === undefined
        ? undefined
        : { at: madeAt, file: last.file ?? undefined, sizeBytes: last.sizeBytes ?? undefined },
    failure: isAfter ? { at: failure.endedAt ?? 0, reason: failure.error ?? 'unknown' } : undefined,
    copies: backups.files().length,
  };
}
