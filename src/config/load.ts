import { dirname, resolve } from 'node:path';
import { crossCheck } from './cross-checks.ts';
import type { Fleet } from './fleet.ts';
import { valueAt } from './key-path.ts';
import type { ConfigProblem, Finding } from './problem.ts';
import { resolveFleet } from './resolve-fleet.ts';
import type { FleetFile } from './schema.ts';
import { readSections } from './sections.ts';
import { type FleetSource, readSource } from './source.ts';

/** Whoever has more than this many mistakes mends some first; the rest is counted. */
const MAX_PROBLEMS = 50;

/** A fleet, with the file that it was read from for whoever needs a line number. */
export interface LoadedFleet {
  readonly kind: 'loaded';
  readonly fleet: Fleet;
  readonly source: FleetSource;
}

/** Why there is no fleet. */
export interface InvalidFleet {
  readonly kind: 'invalid';
  /** In the order of the file; never empty. */
  readonly problems: readonly ConfigProblem[];
  /** How many more there are. */
  readonly omitted: number;
}

/**
 * Reads fleet.yaml. Whatever the file holds, the outcome is a value; `env` is what `${VAR}` is read from.
 * The given path is used as it is in problems, and made absolute in the fleet.
 */
export function loadFleet(file: string, env: Readonly<Record<string, string | undefined>>): LoadedFleet | InvalidFleet {
  const read = readSource(file);
  if (read.kind === 'unreadable') return { kind: 'invalid', problems: [read.problem], omitted: 0 };

  const { source, duplicates } = read;
  const absolute = resolve(file);
  const sections = readSections(source.raw);
  const findings: readonly Finding[] = [
    ...sections.findings,
    ...crossCheck(sections, {
      folder: dirname(absolute),
      env,
      credentialNames: keysOf(valueAt(source.raw, ['credentials'])),
    }),
  ];
  const problems = inFileOrder([...duplicates, ...findings.map(source.problemAt)]);
  if (problems.length > 0) {
    return {
      kind: 'invalid',
      problems: problems.slice(0, MAX_PROBLEMS),
      omitted: Math.max(0, problems.length - MAX_PROBLEMS),
    };
  }
  // Without findings the schema has accepted the file as a whole.
  return { kind: 'loaded', fleet: resolveFleet(absolute, sections.file as FleetFile, env), source };
}

/** Sorted by place; a mistake in `defaults`, which each agent would report, is reported once. */
function inFileOrder(problems: readonly ConfigProblem[]): ConfigProblem[] {
  const distinct = new Map(problems.map((problem) => [JSON.stringify([problem.key, problem.message]), problem]));
  return [...distinct.values()].toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
}

function keysOf(value: unknown): string[] {
  return typeof value === 'object' && value !== null ? Object.keys(value) : [];
}
