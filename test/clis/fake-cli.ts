import {
  appendFileSync,
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import type { Decoder, Runtime } from '../../src/runtimes/runtime.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';

/** A CLI on the disk that a test installs, updates and breaks. */
export interface FakeCli {
  /** The folder that belongs on the PATH. */
  readonly bin: string;
  readonly path: string;
  install(version: string): void;
  /** What a probe of it does, in sh. */
  answers(script: string): void;
  hangs(): void;
  remove(): void;
  lock(): void;
  /** What is in the files that it writes; empty where it has not. */
  wrote(name: 'environment' | 'stdin' | 'asked' | 'probed'): string;
}

/** Makes a place for a CLI; it is there once it is installed. */
export function createFakeCli(): FakeCli {
  const bin = join(temporaryFolder(), 'bin');
  mkdirSync(bin);
  const path = join(bin, 'fakecli');
  const at = (name: string): string => join(bin, name);
  return {
    bin,
    path,
    install(version) {
      rmSync(path, { force: true });
      copyFileSync(join(import.meta.dirname, '../fixtures/clis/fakecli.sh'), path);
      // Another version is another file.
      appendFileSync(path, `# ${version}\n`);
      chmodSync(path, 0o755);
      writeFileSync(at('version'), `fakecli ${version}\n`);
    },
    answers: (script) => writeFileSync(at('probe'), script),
    hangs: () => writeFileSync(at('hang'), ''),
    remove: () => rmSync(path),
    lock: () => chmodSync(path, 0o644),
    wrote: (name) => (existsSync(at(name)) ? readFileSync(at(name), 'utf8') : ''),
  };
}

/** The runtime of the fake CLI: it answers PONG, or AUTH where its login is refused. */
export const FAKE_RUNTIME: Runtime = {
  name: 'claude',
  prepare: () => {
    throw new Error('nothing is run here');
  },
  cli: {
    program: 'fakecli',
    versionArguments: ['--version'],
    readVersion: (printed) => /fakecli (\d[\w.-]*)/.exec(printed)?.[1],
    oldest: '2.1.0',
    prepareProbe: (_agent, run) => ({
      spawn: {
        argv: ['fakecli', 'probe'],
        env: { FAKE_SESSION: run.session.kind === 'new' ? run.session.id : '' },
        files: { 'settings.json': '{}' },
        keepsInputOpen: true,
      },
      decoder: createFakeDecoder(),
    }),
  },
};

function createFakeDecoder(): Decoder {
  let said = '';
  return {
    push(chunk) {
      said += Buffer.from(chunk).toString();
      const turn = said.includes('PONG') ? [{ kind: 'turn-ended' } as const] : [];
      const asks = said.includes('MAY I') ? [{ kind: 'write', text: 'no\n' } as const] : [];
      return [{ kind: 'output', bytes: chunk.length }, ...asks, ...turn];
    },
    idle: () => [],
    patience: () => undefined,
    decide: () => undefined,
    ask: () => undefined,
    end() {
      if (said.includes('PONG')) return { kind: 'done' };
      const failure = said.includes('AUTH') ? 'auth' : 'unknown';
      return { kind: 'failed', failure, evidence: said.trim() || 'it said nothing' };
    },
  };
}
