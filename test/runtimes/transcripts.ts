import { existsSync, readdirSync, readFileSync } from 'node:fs';
import type { ProcessExit } from '../../src/ports.ts';
import type { FailureClass } from '../../src/runtimes/runtime.ts';

/** What a program said in one recorded run, and what a decoder has to make of it. */
export interface Transcript {
  readonly name: string;
  readonly stdout: Buffer;
  readonly stderr: Buffer;
  readonly exit: ProcessExit;
  readonly ends: 'done' | FailureClass;
}

const FOLDER = new URL('../fixtures/agent-clis/', import.meta.url);

/** Reads the recorded runs of one CLI; each that is there has to be classed, and each that is classed has to be there. */
export function readTranscripts(
  cli: string,
  classes: Readonly<Record<string, 'done' | FailureClass>>,
): readonly Transcript[] {
  const folder = new URL(`${cli}/`, FOLDER);
  const recorded = readdirSync(folder)
    .filter((file) => file.endsWith('.jsonl'))
    .map((file) => file.slice(0, -'.jsonl'.length));
  const unknown = [...recorded, ...Object.keys(classes)].filter((name) => !recorded.includes(name) || !classes[name]);
  if (unknown.length > 0) throw new Error(`${cli}: recorded but not classed, or classed but not recorded: ${unknown}`);
  return recorded.map((name) => {
    const read = (ending: string): Buffer => {
      const file = new URL(`${name}.${ending}`, folder);
      return existsSync(file) ? readFileSync(file) : Buffer.alloc(0);
    };
    return {
      name,
      stdout: read('jsonl'),
      stderr: read('stderr'),
      exit: { kind: 'exited', code: Number(read('exit').toString()) },
      ends: classes[name] ?? 'unknown',
    };
  });
}
