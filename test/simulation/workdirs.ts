import { MAX_WORKSTATE_BYTES } from '../../src/work/workstate.ts';
import type { WorkstateFiles } from '../../src/work/workstate-files.ts';

/** The WORKSTATE.md files of the simulated machine: they outlive the control plane. */
export interface Workdirs {
  /** As the control plane has them. */
  readonly files: WorkstateFiles;
  /** An agent writes its file, whatever it puts there. */
  put(workdir: string, content: string | Uint8Array): void;
}

/** What a full disk says. */
class NoSpace extends Error {
  readonly code = 'ENOSPC';
}

/** Builds them; `now` is the machine's clock on the wall. */
export function createWorkdirs(now: () => number, isFull: () => boolean): Workdirs {
  const contents = new Map<
    string,
    { readonly bytes: Uint8Array; readonly modifiedAt: number; readonly mark: string }
  >();
  let writes = 0;

  function write(workdir: string, content: string | Uint8Array): void {
    if (isFull()) throw new NoSpace(`ENOSPC: ${workdir}`);
    const bytes = typeof content === 'string' ? Buffer.from(content) : content;
    contents.set(workdir, { bytes, modifiedAt: now(), mark: String((writes += 1)) });
  }

  return {
    files: {
      mark: (workdir) => contents.get(workdir)?.mark,
      read(workdir) {
        const file = contents.get(workdir);
        if (file === undefined) return { kind: 'missing' };
        return { kind: 'file', bytes: file.bytes.subarray(0, MAX_WORKSTATE_BYTES + 1), modifiedAt: file.modifiedAt };
      },
      write,
    },
    put(workdir, content) {
      if (!isFull()) write(workdir, content);
    },
  };
}
