import type { RunRow } from '../../storage/run-store.ts';

/** How it stands with the files that a run publishes. */
export type FilesLook =
  | { readonly kind: 'right' }
  | { readonly kind: 'under way' }
  | { readonly kind: 'wrong'; readonly reason: string };

/** Looks at the files of publications before these begin: it takes its time, and a look of the runner must not. */
export interface FileChecks {
  /** Begins to look at the files of a run that is to be started, or says what was found; a run without files is right at once. */
  look(run: RunRow): FilesLook;
}

/** Builds the checks; `check` resolves to what is wrong, and is undefined where there are no files. */
export function createFileChecks(options: {
  readonly check: ((publicationId: number) => Promise<string | undefined> | undefined) | undefined;
  /** Keeps track of what goes on beside the looks. */
  readonly follow: (work: Promise<void>) => void;
  /** One is over: the runner looks again. */
  readonly onOver: () => void;
}): FileChecks {
  /** By run: only those that have not begun, so as many as publications that are wanted at the same time. */
  const looks = new Map<number, FilesLook>();

  return {
    look({ id, publicationId }) {
      const known = looks.get(id);
      if (known !== undefined) {
        if (known.kind !== 'under way') looks.delete(id);
        return known;
      }
      const check = publicationId === null ? undefined : options.check?.(publicationId);
      if (check === undefined) return { kind: 'right' };
      looks.set(id, { kind: 'under way' });
      options.follow(
        check.then((reason) => {
          looks.set(id, reason === undefined ? { kind: 'right' } : { kind: 'wrong', reason });
          options.onOver();
        }),
      );
      return { kind: 'under way' };
    },
  };
}
