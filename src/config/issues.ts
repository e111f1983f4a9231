import { z } from 'zod';
import { type KeyPath, valueAt } from './key-path.ts';
import { nearest } from './nearest.ts';
import { printable } from './printable.ts';
import type { Finding } from './problem.ts';

type Issue = z.core.$ZodIssue;

/** Keys under which a value may be a secret: it is never repeated in a message. */
const SECRET_KEYS: readonly (string | number)[] = ['env', 'url'];

/** A bot token or a key of a model's maker, pasted at the wrong place. */
export const LOOKS_SECRET = /\d{6,}:[\w-]{20,}|sk-[\w-]{16,}/;

/** Turns what zod found into findings: one for each wrong key or value, none for what only follows from another. */
export function findingsOf(issues: readonly Issue[], schema: z.ZodType, raw: unknown): Finding[] {
  const flat = issues.flatMap((issue) => flatten(issue, []));
  const misspelt = new Set(
    flat
      .flatMap((issue) => unknownKeys(issue, schema))
      .flatMap(({ path, nearest }) => (nearest === undefined ? [] : [JSON.stringify([...path.slice(0, -1), nearest])])),
  );
  const followsFromMisspelling = ({ path }: Issue): boolean =>
    misspelt.has(JSON.stringify(path)) && valueAt(raw, path as KeyPath) === undefined;
  return flat
    .filter((issue) => !followsFromMisspelling(issue))
    .flatMap((issue) => (issue.code === 'unrecognized_keys' ? unknownKeys(issue, schema) : [describe(issue, raw)]));
}

/** Takes a union apart: where the value has the shape of one option, what is wrong is what is wrong with that option. */
function flatten(issue: Issue, prefix: KeyPath): Issue[] {
  const here = { ...issue, path: [...prefix, ...issue.path] };
  if (issue.code !== 'invalid_union') return [here];
  const meant = issue.errors.find((option) =>
    option.every((inner) => inner.path.length > 0 || inner.code === 'unrecognized_keys'),
  );
  return meant === undefined ? [here] : meant.flatMap((inner) => flatten(inner, here.path as KeyPath));
}

function describe(issue: Issue, raw: unknown): Finding {
  const path = issue.path as KeyPath;
  if (issue.code === 'invalid_key') {
    return {
      path,
      message: `${issue.issues[0]?.message ?? 'expected another name'}; found ${show(path.at(-1), ['key'])}`,
    };
  }

  const value = valueAt(raw, path);
  if (value === undefined) return { path, message: `missing; ${issue.message}` };
  const meant = typeof value === 'string' ? nearest(value, expectedWords(issue)) : undefined;
  const finding = { path, message: `${issue.message}; found ${show(value, path)}` };
  return meant === undefined ? finding : { ...finding, nearest: meant };
}

function expectedWords(issue: Issue): readonly string[] {
  if (issue.code === 'invalid_union') return issue.errors.flat().flatMap(expectedWords);
  return issue.code === 'invalid_value' ? issue.values.map(String) : [];
}

function unknownKeys(issue: Issue, schema: z.ZodType): Finding[] {
  if (issue.code !== 'unrecognized_keys') return [];
  const parent = issue.path as KeyPath;
  const known = keysAt(schema, parent);
  return issue.keys.map((key) => {
    const path = [...parent, key];
    const meant = nearest(key, known);
    return meant === undefined
      ? { path, message: `unknown key; expected one of ${known.join(', ')}` }
      : { path, message: 'unknown key', nearest: meant };
  });
}

/** The keys that the map at a path may have. */
function keysAt(schema: z.ZodType, path: KeyPath): readonly string[] {
  const inner = unwrap(schema);
  if (inner instanceof z.ZodUnion) {
    return (inner.options as z.ZodType[]).flatMap((option) => keysAt(option, path));
  }
  const [head, ...rest] = path;
  if (inner instanceof z.ZodObject) {
    if (head === undefined) return Object.keys(inner.shape);
    const next = inner.shape[head] as z.ZodType | undefined;
    return next === undefined ? [] : keysAt(next, rest);
  }
  if (head === undefined) return [];
  if (inner instanceof z.ZodRecord) return keysAt(inner.valueType as z.ZodType, rest);
  if (inner instanceof z.ZodArray) return keysAt(inner.element as z.ZodType, rest);
  return [];
}

function unwrap(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodOptional) return unwrap(schema.unwrap() as z.ZodType);
  if (schema instanceof z.ZodPipe) return unwrap(schema.in as z.ZodType);
  return schema;
}

/** A value as messages show it: short, on one line, and never where it may be a secret. */
function show(value: unknown, path: KeyPath): string {
  if (value === null || value === undefined) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'a map';
  if (path.length === 0) return 'something else';
  if (path.some((part) => SECRET_KEYS.includes(part)))
    return typeof value === 'string' ? 'another text' : `a ${typeof value}`;
  if (typeof value === 'string')
    return LOOKS_SECRET.test(value) ? 'another text' : JSON.stringify(printable(value, 60));
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : `a ${typeof value}`;
}
