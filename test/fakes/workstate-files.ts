import type { WorkstateSource } from '../../src/work/workstate.ts';
import type { WorkstateFiles } from '../../src/work/workstate-files.ts';

/** WORKSTATE.md files in memory, by the name of the folder that they are in; the test writes and breaks them. */
export interface FakeWorkstates extends WorkstateFiles {
  /** What each look at a file has cost: reads. */
  readonly reads: () => number;
  put(agent: string, text: string): void;
  putSource(agent: string, source: WorkstateSource): void;
  textOf(agent: string): string | undefined;
  /** What every write throws from now on. */
  trouble: NodeJS.ErrnoException | undefined;
}

/** Builds them; `now` is the time of the file system. */
export function createFakeWorkstates(now: () => number): FakeWorkstates {
  const files = new Map<string, { source: WorkstateSource; mark: string }>();
  let marks = 0;
  let reads = 0;
  const nameOf = (workdir: string): string => workdir.replace(/^.*\//, '');
  const fake: FakeWorkstates = {
    trouble: undefined,
    reads: () => reads,
    mark: (workdir) => files.get(nameOf(workdir))?.mark,
    read(workdir) {
      reads += 1;
      return files.get(nameOf(workdir))?.source ?? { kind: 'missing' };
    },
    write(workdir, text) {
      if (fake.trouble !== undefined) throw fake.trouble;
      fake.put(nameOf(workdir), text);
    },
    put: (agent, text) => fake.putSource(agent, { kind: 'file', bytes: Buffer.from(text), modifiedAt: now() }),
    putSource(agent, source) {
      marks += 1;
      files.set(agent, { source, mark: `mark ${marks}` });
    },
    textOf(agent) {
      const source = files.get(agent)?.source;
      return source?.kind === 'file' ? Buffer.from(source.bytes).toString() : undefined;
    },
  };
  return fake;
}
