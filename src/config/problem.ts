import type { KeyPath } from './key-path.ts';
import { printable } from './printable.ts';

/** One thing that is wrong with fleet.yaml. */
export interface ConfigProblem {
  /** The file as it was named by whoever asked. */
  readonly file: string;
  /** 1-based; undefined when the file as a whole is meant. */
  readonly line: number | undefined;
  /** 1-based; undefined when the file as a whole is meant. */
  readonly column: number | undefined;
  /** Dotted, list items in brackets, like `agents.scout.failure_modes[0].tool`; empty when the file as a whole is meant. */
  readonly key: string;
  /** What was expected, and what was found. */
  readonly message: string;
  /** The known word that was probably meant. */
  readonly nearest?: string;
}

/** A problem before it is known at which line its key is. */
export interface Finding {
  readonly path: KeyPath;
  readonly message: string;
  readonly nearest?: string;
}

/** A problem as one line: `fleet.yaml:12: agents.scout.shedule: unknown key; did you mean "schedule"?` */
export function renderProblem(problem: ConfigProblem): string {
  const place = problem.line === undefined ? problem.file : `${problem.file}:${problem.line}`;
  const key = problem.key === '' ? '' : `${problem.key}: `;
  const hint = problem.nearest === undefined ? '' : `; did you mean "${problem.nearest}"?`;
  return `${place}: ${key}${problem.message}${hint}`;
}

/** A path as it is written in messages; control characters and overlong keys, which only a broken file has, are cut. */
export function renderKey(path: KeyPath): string {
  return path.reduce<string>((key, part) => {
    if (typeof part === 'number') return `${key}[${part}]`;
    const word = printable(part, 60);
    return key === '' ? word : `${key}.${word}`;
  }, '');
}
