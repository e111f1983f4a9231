import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from 'yaml';
import { type KeyPath, valueAt } from './key-path.ts';
import { printable } from './printable.ts';
import { type ConfigProblem, type Finding, renderKey } from './problem.ts';

/** A fleet has some hundred lines an agent at most; what is larger is not a fleet.yaml. */
const MAX_FILE_BYTES = 1_000_000;

/** How often anchors may be expanded in all: enough for a shared block in each of a hundred agents, not for a bomb. */
const MAX_ALIASES = 100;

/** fleet.yaml as text with places, before it is known whether it says anything sensible. */
export interface FleetSource {
  /** The file as it was named by whoever asked. */
  readonly file: string;
  /** What the file says, as plain values. */
  readonly raw: unknown;
  /** SHA-256 of its bytes, as hex. */
  readonly hash: string;
  /** What the file says at a path; undefined where it says nothing. */
  valueAt(path: KeyPath): unknown;
  /** Gives a finding its line: that of its value, of its key, or of the nearest thing around it that exists. */
  problemAt(finding: Finding): ConfigProblem;
}

/** The outcome of reading a file. */
export type SourceResult =
  | { readonly kind: 'read'; readonly source: FleetSource; readonly duplicates: readonly ConfigProblem[] }
  | { readonly kind: 'unreadable'; readonly problem: ConfigProblem };

/** Reads and parses fleet.yaml; whatever the file holds, the outcome is a value. */
export function readSource(file: string): SourceResult {
  const unreadable = (message: string): SourceResult => ({
    kind: 'unreadable',
    problem: { file, line: undefined, column: undefined, key: '', message },
  });

  let bytes: Uint8Array;
  try {
    const stats = statSync(file);
    if (stats.isDirectory()) return unreadable('expected a file; found a folder');
    if (!stats.isFile()) return unreadable('expected a file; found something else');
    if (stats.size > MAX_FILE_BYTES) return unreadable(`expected at most ${MAX_FILE_BYTES} bytes; found ${stats.size}`);
    bytes = readFileSync(file);
  } catch (error) {
    return unreadable(describeReadError(error));
  }

  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return unreadable('expected text in UTF-8; found something else');
  }
  return parseSource(file, text, createHash('sha256').update(bytes).digest('hex'));
}

/** Parses the text of fleet.yaml; whatever it holds, the outcome is a value. */
function parseSource(file: string, text: string, hash: string): SourceResult {
  const lines = new LineCounter();
  const problemOf = (offset: number, message: string, path: KeyPath = []): ConfigProblem => {
    const { line, col } = lines.linePos(offset);
    return { file, line: Math.max(line, 1), column: Math.max(col, 1), key: renderKey(path), message };
  };
  const unreadable = (offset: number, message: string): SourceResult => ({
    kind: 'unreadable',
    problem: problemOf(offset, message),
  });

  let document: Document.Parsed;
  try {
    document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false, // Its excerpts of the file may hold secrets.
      schema: 'core', // Also for a file that says %YAML 1.1, where the key `on` would be `true`.
      stringKeys: true,
      resolveKnownTags: false,
      logLevel: 'error',
    });
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return unreadable(0, 'expected a map of keys; found something nested too deeply');
  }

  const syntaxError = document.errors.find((error) => error.code !== 'DUPLICATE_KEY');
  if (syntaxError !== undefined)
    return unreadable(syntaxError.pos[0], describeSyntaxError(syntaxError.code, syntaxError.message));
  const warning = document.warnings[0];
  if (warning !== undefined) return unreadable(warning.pos[0], `YAML: ${printable(warning.message, 120)}`);
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) {
    return unreadable(0, 'expected a fleet, with at least "telegram: { owners: [YOUR_USER_ID] }"; found an empty file');
  }

  const prototypeKey = findPrototypeKey(document);
  if (prototypeKey !== undefined) return unreadable(prototypeKey, 'expected another key; found "__proto__"');

  let raw: unknown;
  try {
    raw = document.toJS({ maxAliasCount: MAX_ALIASES });
  } catch (error) {
    const { offset, message } = describeAliasError(document, error);
    return unreadable(offset, message);
  }

  const source: FleetSource = {
    file,
    raw,
    hash,
    valueAt: (path) => valueAt(raw, path),
    problemAt: ({ path, message, nearest }) => ({
      ...problemOf(offsetOf(document, path), message, path),
      ...(nearest === undefined ? {} : { nearest }),
    }),
  };
  const duplicates = document.errors.map(({ pos }) =>
    problemOf(pos[0], 'the key is there twice; expected it only once', pathOfKeyAt(document, pos[0])),
  );
  return { kind: 'read', source, duplicates };
}

function describeReadError(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
  if (code === 'ENOENT' || code === 'ENOTDIR') return 'there is no such file';
  if (code === 'EACCES' || code === 'EPERM') return 'the file may not be read by this user';
  return `the file cannot be read (${code})`;
}

function describeSyntaxError(code: string, message: string): string {
  switch (code) {
    case 'MULTIPLE_DOCS':
      return 'expected one YAML document; found a second one after "---"';
    case 'RESOURCE_EXHAUSTION':
      return 'expected a map of keys; found something nested too deeply';
    case 'NON_STRING_KEY':
      return 'expected a word as key; found a list or a map';
    case 'TAB_AS_INDENT':
      return 'expected spaces for indentation; found a tab';
    default:
      return `not valid YAML: ${printable(message, 160)}`;
  }
}

function describeAliasError(document: Document.Parsed, error: unknown): { offset: number; message: string } {
  const text = error instanceof Error ? error.message : String(error);
  const unresolved = /^Unresolved alias .*: (.*)$/.exec(text)?.[1];
  let offset = 0;
  visit(document, {
    Alias(_key, alias) {
      if (unresolved !== undefined && alias.source !== unresolved) return undefined;
      offset = alias.range?.[0] ?? 0;
      return visit.BREAK;
    },
  });
  if (unresolved !== undefined)
    return { offset, message: `expected an anchor &${printable(unresolved, 40)} before its use; found none` };
  if (error instanceof ReferenceError)
    return { offset, message: 'expected few anchors; found them expanded too often' };
  return { offset, message: 'expected a map of keys; found something nested too deeply' };
}

/** Follows the path as far as it exists: offset of a scalar or list item itself, of the key for maps and lists. */
function offsetOf(document: Document.Parsed, path: KeyPath): number {
  let node: unknown = document.contents;
  let offset = document.contents?.range?.[0] ?? 0;
  for (const part of path) {
    if (isAlias(node)) node = node.resolve(document);
    if (isMap(node)) {
      // Of a key that is there twice the last one counts, as it does for the value.
      const pair = node.items.findLast(({ key }) => isScalar(key) && String(key.value) === String(part));
      if (pair === undefined) return offset;
      const isPlace = isScalar(pair.value) && pair.value.value !== null;
      offset = startOf(isPlace ? pair.value : pair.key) ?? offset;
      node = pair.value;
    } else if (isSeq(node)) {
      const item = node.items[Number(part)];
      if (item === undefined) return offset;
      offset = startOf(item) ?? offset;
      node = item;
    } else {
      return offset;
    }
  }
  return offset;
}

/** Where the key `__proto__` is: zod passes over it, so what is under it would count for nothing without a word. */
function findPrototypeKey(document: Document.Parsed): number | undefined {
  let offset: number | undefined;
  visit(document, {
    Pair(_index, { key }) {
      if (!isScalar(key) || key.value !== '__proto__') return undefined;
      offset = startOf(key);
      return visit.BREAK;
    },
  });
  return offset;
}

function pathOfKeyAt(document: Document.Parsed, offset: number): KeyPath {
  let found: KeyPath = [];
  visit(document, {
    Pair(_index, pair, ancestors) {
      if (startOf(pair.key) !== offset) return undefined;
      found = [...ancestors, pair].flatMap((ancestor, depth, all) => pathPart(ancestor, all[depth + 1]));
      return visit.BREAK;
    },
  });
  return found;
}

function pathPart(ancestor: unknown, child: unknown): KeyPath {
  if (isSeq(ancestor)) return [ancestor.items.indexOf(child)];
  if (typeof ancestor === 'object' && ancestor !== null && 'key' in ancestor && isScalar(ancestor.key))
    return [String(ancestor.key.value)];
  return [];
}

function startOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}
