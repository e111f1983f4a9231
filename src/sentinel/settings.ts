import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { parseDocument } from 'yaml';
import { parseDuration } from '../config/duration.ts';
import { copyPath } from './settings-copy.ts';
import { parseObject } from './pulse-file.ts';

/** The little that a sentinel has to know. */
export interface SentinelSettings {
  /** Folder of fleet.yaml: where the fallback program is started. */
  readonly folder: string;
  readonly home: string;
  readonly owners: readonly number[];
  /** Undefined: the first owner's private chat. */
  readonly chat: number | undefined;
  readonly darkAfterMs: number;
  readonly fallback: readonly [string, ...string[]] | undefined;
  readonly timezone: string;
  /** What is wrong with fleet.yaml, as far as can be told without its schema; undefined: nothing. */
  readonly brokenBecause: string | undefined;
}

/** What fleet.yaml, or the copy of the last start, says; each field undefined where it says nothing usable. */
interface Said {
  readonly home?: string;
  readonly owners?: readonly number[];
  readonly chat?: number;
  readonly darkAfterMs?: number;
  readonly fallback?: readonly [string, ...string[]];
  readonly timezone?: string;
}

const DEFAULT_DARK_AFTER_MS = 3 * 60_000;
/** More than any fleet.yaml: what is larger is none. */
const MAX_CHARS = 1_000_000;

/**
 * Reads what a sentinel has to know, from a fleet.yaml in whatever state: a bad edit is just what makes the control plane go dark. What
 * the file does not say comes from the copy of the last start. Gives the reason in words when nobody could be told.
 */
export function loadSettings(file: string): SentinelSettings | { readonly problem: string } {
  const path = resolve(file);
  const folder = dirname(path);
  const { said, brokenBecause } = readFleet(path);
  const home = resolve(folder, said.home ?? './state');
  const copy = readCopy(home);
  // What is left of a broken file may be cut off in the middle of a number.
  const merged: Said = brokenBecause === undefined ? { ...copy, ...said } : { ...said, ...copy };
  if ((merged.owners ?? []).length === 0 && merged.fallback === undefined) {
    return {
      problem: `${file}: ${brokenBecause ?? 'it names no owner'}; and ${copyPath(home)} does not tell whom to tell either`,
    };
  }
  return {
    folder,
    home,
    owners: merged.owners ?? [],
    chat: merged.chat,
    darkAfterMs: merged.darkAfterMs ?? DEFAULT_DARK_AFTER_MS,
    fallback: merged.fallback && absoluteProgram(folder, merged.fallback),
    timezone: merged.timezone ?? 'UTC',
    brokenBecause,
  };
}

function readFleet(path: string): { readonly said: Said; readonly brokenBecause: string | undefined } {
  let text: string;
  try {
    text = readFileSync(path, 'utf8').slice(0, MAX_CHARS);
  } catch (error) {
    return { said: {}, brokenBecause: `it cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})` };
  }
  try {
    const document = parseDocument(text, { schema: 'core', prettyErrors: false, logLevel: 'error' });
    const raw: unknown = document.toJS({ maxAliasCount: 100 });
    if (document.errors.length === 0 && isMap(raw)) return { said: readSaid(raw), brokenBecause: undefined };
    const rest = isMap(raw) ? readSaid(raw) : {};
    return { said: { ...salvage(text), ...rest }, brokenBecause: 'it is no valid YAML' };
  } catch {
    return { said: salvage(text), brokenBecause: 'it is no valid YAML' };
  }
}

/** The state folder of a file that is no YAML any more: a line is enough to find the copy in it. */
function salvage(text: string): Said {
  const home = /^home:[ \t]*(["']?)([^"'#\r\n]+?)\1[ \t]*(?:#.*)?$/m.exec(text)?.[2];
  return home === undefined ? {} : { home };
}

function readSaid(raw: Readonly<Record<string, unknown>>): Said {
  const telegram = isMap(raw['telegram']) ? raw['telegram'] : {};
  const alerts = isMap(raw['alerts']) ? raw['alerts'] : {};
  const { home, timezone } = raw;
  const duration = typeof alerts['dark_after'] === 'string' ? parseDuration(alerts['dark_after']) : undefined;
  return defined({
    home: typeof home === 'string' && home !== '' ? home : undefined,
    owners: readOwners(telegram['owners']),
    chat: readId(telegram['chat']),
    darkAfterMs: duration?.kind === 'parsed' ? duration.value : undefined,
    fallback: readArgv(alerts['fallback']),
    timezone: readZone(timezone),
  });
}

function readCopy(home: string): Said {
  let text: string;
  try {
    text = readFileSync(copyPath(home), 'utf8').slice(0, MAX_CHARS);
  } catch {
    return {};
  }
  const raw = parseObject(text) ?? {};
  const { darkAfterMs } = raw;
  return defined({
    owners: readOwners(raw['owners']),
    chat: readId(raw['chat']),
    darkAfterMs: typeof darkAfterMs === 'number' && darkAfterMs >= 1_000 ? darkAfterMs : undefined,
    fallback: readArgv(raw['fallback']),
    timezone: readZone(raw['timezone']),
  });
}

function readOwners(value: unknown): readonly number[] | undefined {
  if (!Array.isArray(value)) return undefined;
  const owners = value.filter((owner): owner is number => Number.isSafeInteger(owner) && owner > 0);
  return owners.length === 0 ? undefined : owners;
}

function readId(value: unknown): number | undefined {
  return Number.isSafeInteger(value) && value !== 0 ? (value as number) : undefined;
}

function readArgv(value: unknown): readonly [string, ...string[]] | undefined {
  if (!Array.isArray(value) || value.length === 0 || !value.every((part) => typeof part === 'string')) return undefined;
  return value as [string, ...string[]];
}

function readZone(value: unknown): string | undefined {
  if (typeof value !== 'string') return undefined;
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: value });
    return value;
  } catch {
    return undefined;
  }
}

/** As the control plane does it: a program with a slash in it starts at fleet.yaml's folder. */
function absoluteProgram(
  folder: string,
  [program, ...rest]: readonly [string, ...string[]],
): readonly [string, ...string[]] {
  return [program.includes('/') ? resolve(folder, program) : program, ...rest];
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function defined(said: { readonly [Key in keyof Said]: Said[Key] | undefined }): Said {
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined)) as Said;
}
