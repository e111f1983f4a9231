import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Reads a small JSON file of our own; undefined when it is not there yet. */
export function readJson<Value>(path: string): Value | undefined {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as Value;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Writes a whole JSON file or nothing: another agent that reads meanwhile sees the old one. */
export function writeJson(path: string, value: unknown): void {
  writeWhole(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** What an agent writes down for whoever goes on after it: each list item one line. */
export interface Workstate {
  readonly agent: string;
  readonly active: readonly string[];
  readonly context: readonly string[];
  readonly next: readonly string[];
}

/** Writes WORKSTATE.md into the working directory. */
export function writeWorkstate(state: Workstate): void {
  const text = `# ${state.agent}

Written ${new Date().toISOString()}

## Active Tasks

${list(state.active)}

## Critical Context

${list(state.context)}

## Next

${list(state.next)}
`;
  writeWhole(join(process.cwd(), 'WORKSTATE.md'), text);
}

function list(lines: readonly string[]): string {
  return lines.length === 0 ? '- nothing' : lines.map((line) => `- ${line}`).join('\n');
}

function writeWhole(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}.new`;
  writeFileSync(draft, text, { mode: 0o600 });
  renameSync(draft, path);
}
