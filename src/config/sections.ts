import { findingsOf } from './issues.ts';
import { valueAt } from './key-path.ts';
import type { Finding } from './problem.ts';
import { type FleetFile, fleetSchema } from './schema.ts';

/** What could be read of fleet.yaml, key by key. */
type ReadableFile = { readonly [Key in keyof FleetFile]?: FleetFile[Key] | undefined };

/** What of fleet.yaml could be read: everything, or what is left without its broken parts. */
export interface Sections {
  readonly findings: readonly Finding[];
  /** The readable parts; a broken agent or credential is missing, any other broken part is missing as a whole. */
  readonly file: ReadableFile;
  /** Top-level keys that were written, if only misspelt, but could not be read as a whole. */
  readonly broken: ReadonlySet<string>;
}

/** Reads the file against the schema, and again without what is broken, so that the rest can be checked further. */
export function readSections(raw: unknown): Sections {
  const whole = fleetSchema.safeParse(raw);
  if (whole.success) return { findings: [], file: whole.data, broken: new Set() };

  const findings = findingsOf(whole.error.issues, fleetSchema, raw);
  const broken = new Set<string>();
  const pruned: unknown = structuredClone(raw);
  for (const { path, nearest } of findings) {
    const [section, name] = path;
    if (section === undefined) return { findings, file: {}, broken: new Set(Object.keys(fleetSchema.shape)) };
    if (path.length === 1 && nearest !== undefined) broken.add(nearest);
    const isEntry = (section === 'agents' || section === 'credentials') && name !== undefined;
    if (!isEntry) broken.add(String(section));
    remove(pruned, isEntry ? [section, name] : [section]);
  }
  const rest = fleetSchema.partial().safeParse(pruned);
  return { findings, file: rest.success ? rest.data : {}, broken };
}

function remove(data: unknown, path: readonly (string | number)[]): void {
  const parent = valueAt(data, path.slice(0, -1));
  if (typeof parent === 'object' && parent !== null) Reflect.deleteProperty(parent, path.at(-1) ?? '');
}
