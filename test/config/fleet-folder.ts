import { chmodSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type InvalidFleet, type LoadedFleet, loadFleet } from '../../src/config/load.ts';
import { renderProblem } from '../../src/config/problem.ts';

/** A folder with a fleet.yaml in it, gone when the test is over. */
export interface FleetFolder extends Disposable {
  readonly folder: string;
  /** Writes a file; one that starts with `#!` can be executed. */
  write(path: string, content: string | Uint8Array): string;
  /** Loads fleet.yaml, after writing it where a text is given. */
  load(text?: string | Uint8Array, env?: Readonly<Record<string, string>>): LoadedFleet | InvalidFleet;
  /** The fleet of a text that has to be valid. */
  loaded(text: string, env?: Readonly<Record<string, string>>): LoadedFleet;
  /** The problems of a text as lines, without the folder; empty for a valid one. */
  problems(text: string | Uint8Array, env?: Readonly<Record<string, string>>): string[];
}

/** Makes a folder with the stub files of the examples: prompts, and scripts that do nothing. */
export function createFleetFolder(): FleetFolder {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'nightdesk-config-')));

  function write(path: string, content: string | Uint8Array): string {
    const file = join(folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, content);
    if (typeof content === 'string' && content.startsWith('#!')) chmodSync(file, 0o755);
    return file;
  }

  function load(text?: string | Uint8Array, env: Readonly<Record<string, string>> = {}): LoadedFleet | InvalidFleet {
    const file = text === undefined ? join(folder, 'fleet.yaml') : write('fleet.yaml', text);
    return loadFleet(file, env);
  }

  function problems(text: string | Uint8Array, env?: Readonly<Record<string, string>>): string[] {
    const result = load(text, env);
    return result.kind === 'loaded'
      ? []
      : result.problems.map((problem) => renderProblem(problem).replaceAll(`${folder}/`, ''));
  }

  function loaded(text: string, env?: Readonly<Record<string, string>>): LoadedFleet {
    const result = load(text, env);
    if (result.kind === 'loaded') return result;
    throw new Error(`the fleet is invalid:\n${result.problems.map(renderProblem).join('\n')}`);
  }

  write('prompts/scout.md', 'Look around.\n');
  for (const script of ['notify-sms.sh', 'publish.sh', 'scripts/validate-auth.sh', 'scripts/rotate-graph.sh']) {
    write(script, '#!/bin/sh\n');
  }
  return {
    folder,
    write,
    load,
    loaded,
    problems,
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
