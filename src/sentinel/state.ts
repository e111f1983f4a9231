import { createHash } from 'node:crypto';
import {
  lstatSync,
  mkdirSync,
  openSync,
  closeSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
  writeSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import type { DarkCause, LookMemory, Sight } from './life.ts';
import type { Outage, Outages } from './outage.ts';
import { parseObject } from './pulse-file.ts';
import { describeSelf, findProcess } from './process.ts';

/** What the sentinel remembers from look to look. */
export interface SentinelState {
  readonly lookedAt: number;
  readonly memory: LookMemory;
  readonly outages: Outages;
}

/** The file is always this long, so that it can be written over in place on a disk that is full. */
const STATE_BYTES = 2_048;

/** A look ends within two minutes, whatever hangs; whoever holds the lock longer has left it behind. */
const LOCK_MS = 5 * 60_000;

/** Where the sentinel's memory is. */
export function statePath(home: string): string {
  return join(home, 'sentinel-state.json');
}

/** Reads the newest memory that there is, in HOME or beside it; undefined before the first look. */
export function loadState(home: string): SentinelState | undefined {
  return places(home)
    .map((path) => parseState(readOr(path)))
    .filter((state) => state !== undefined)
    .toSorted((a, b) => b.lookedAt - a.lookedAt)[0];
}

/** Keeps the memory where that is possible: in HOME, in place on a full disk, else in the folder for temporary files. */
export function saveState(home: string, state: SentinelState): boolean {
  const text = JSON.stringify(state).padEnd(STATE_BYTES);
  const [own, beside] = places(home);
  return (
    replace(own, text) ||
    overwrite(own, text) ||
    (makePrivate(dirname(beside)) && (replace(beside, text) || overwrite(beside, text)))
  );
}

/** Lets one look at a time tell; undefined when another one is under way. The result gives the lock back. */
export function lockLooks(home: string): (() => void) | undefined {
  const [own, beside] = places(home).map((path) => `${path}.lock`) as [string, string];
  for (const path of [own, beside]) {
    if (path === beside && !makePrivate(dirname(beside))) continue;
    const taken = take(path);
    if (taken === 'taken') return undefined;
    if (taken === 'mine') return () => rmSync(path, { force: true });
  }
  // Nothing can be written anywhere: a look that might tell twice is better than none.
  return () => undefined;
}

function take(path: string): 'mine' | 'taken' | 'unwritable' {
  for (let attempt = 0; attempt < 2; attempt += 1) {
    try {
      writeFileSync(path, JSON.stringify(describeSelf()), { flag: 'wx', mode: 0o600 });
      return 'mine';
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException;
      if (code !== 'EEXIST') {
        // A file that got no room for its content would keep everybody out.
        if (code === 'ENOSPC') rmSync(path, { force: true });
        return 'unwritable';
      }
      if (!isLeftBehind(path)) return 'taken';
      rmSync(path, { force: true });
    }
  }
  return 'taken';
}

function isLeftBehind(path: string): boolean {
  const changedAt = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  if (changedAt === undefined || Math.abs(Date.now() - changedAt) > LOCK_MS) return true;
  const { pid, startTicks, bootId, host } = parseObject(readOr(path)) ?? {};
  if (typeof pid !== 'number' || typeof startTicks !== 'string') return false;
  if (typeof bootId !== 'string' || typeof host !== 'string') return false;
  return findProcess({ pid, startTicks, bootId, host }) === 'gone';
}

/** Asked of the process: an account of that number there may be none, as in a container with a uid of its own. */
const OWN_UID = process.getuid?.() ?? 0;

/** HOME, and where nothing can be written there a folder of this user's own. */
function places(home: string): readonly [string, string] {
  const name = createHash('sha256').update(resolve(home)).digest('hex').slice(0, 24);
  return [statePath(home), join(tmpdir(), `nightdesk-${OWN_UID}`, `sentinel-${name}.json`)];
}

/** Another user could have put a folder of that name there, and what we would believe into it. */
function makePrivate(folder: string): boolean {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const stats = lstatSync(folder);
    return stats.isDirectory() && stats.uid === OWN_UID;
  } catch {
    return false;
  }
}

function replace(path: string, text: string): boolean {
  const part = `${path}.part`;
  try {
    writeFileSync(part, text, { mode: 0o600 });
    renameSync(part, path);
    return true;
  } catch {
    removeQuietly(part);
    return false;
  }
}

function overwrite(path: string, text: string): boolean {
  try {
    const file = openSync(path, 'r+');
    try {
      return writeSync(file, text, 0) === Buffer.byteLength(text);
    } finally {
      closeSync(file);
    }
  } catch {
    return false;
  }
}

function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // A folder that cannot be changed holds nothing of ours either.
  }
}

/** Reads the text of a memory; undefined when it is none, whatever it holds. */
export function parseState(text: string): SentinelState | undefined {
  const raw = parseObject(text);
  const memory = raw?.['memory'];
  const outages = raw?.['outages'];
  if (raw === undefined || typeof raw['lookedAt'] !== 'number' || !isRecord(memory) || !isRecord(outages))
    return undefined;
  if (typeof memory['bootId'] !== 'string' || typeof memory['monotonicMs'] !== 'number') return undefined;
  const sight = readNumbers(memory['sight'], ['stamp', 'ageMs', 'atMonotonicMs']);
  const { tellings } = outages;
  return {
    lookedAt: raw['lookedAt'],
    memory: {
      bootId: memory['bootId'],
      monotonicMs: memory['monotonicMs'],
      sight: sight === undefined ? undefined : (sight as unknown as Sight),
    },
    outages: {
      current: readOutage(outages['current']),
      tellings: Array.isArray(tellings) ? tellings.filter((at): at is number => typeof at === 'number') : [],
    },
  };
}

function readOutage(value: unknown): Outage | undefined {
  const numbers = readNumbers(value, ['since']);
  if (numbers === undefined || !isRecord(value) || typeof value['cause'] !== 'string') return undefined;
  const { toldAt, failedAt, aliveSince, overSince } = value;
  return {
    cause: value['cause'] as DarkCause,
    since: numbers['since'] ?? 0,
    ...(typeof toldAt === 'number' ? { toldAt } : {}),
    ...(typeof failedAt === 'number' ? { failedAt } : {}),
    ...(typeof aliveSince === 'number' ? { aliveSince } : {}),
    ...(typeof overSince === 'number' ? { overSince } : {}),
  };
}

function readNumbers(value: unknown, keys: readonly string[]): Readonly<Record<string, number>> | undefined {
  if (!isRecord(value) || !keys.every((key) => typeof value[key] === 'number')) return undefined;
  return Object.fromEntries(keys.map((key) => [key, value[key] as number]));
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
