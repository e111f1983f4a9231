import { isDeepStrictEqual } from 'node:util';
import { LOOKS_SECRET } from './issues.ts';
import type { Fleet } from './fleet.ts';
import { type KeyPath, valueAt } from './key-path.ts';
import { printable } from './printable.ts';
import { renderKey } from './problem.ts';

/** A fleet.yaml as it is compared: what it says, and what that came to. */
export interface ComparedFile {
  readonly fleet: Fleet;
  /** What the file says, as plain values. */
  readonly raw: unknown;
}

/** One thing in which two files differ. */
export interface Change {
  readonly kind: 'added' | 'removed' | 'changed';
  /** In words, without any value that may be a secret. */
  readonly text: string;
  /** Whether somebody or something is gone: its owner is asked first. */
  readonly takesAway: boolean;
}

/** Maps whose entries are things of their own, with what one is called, and whether it is missed. */
const THINGS: ReadonlyMap<string, { readonly noun: string; readonly isMissed: boolean }> = new Map([
  ['agents', { noun: 'agent', isMissed: true }],
  ['credentials', { noun: 'credential', isMissed: true }],
  ['drafts.kinds', { noun: 'kind of drafts', isMissed: true }],
  ['telegram.places', { noun: 'place', isMissed: true }],
  ['prices', { noun: 'price of', isMissed: false }],
]);

/** Lists that are read as sets: what came and what went is said. */
const SETS = /^(?:telegram\.(?:owners|approvers|viewers)|agents\.[^.]+\.(?:publishes|credentials)|digest)$/;
/** Those whose members are missed. */
const MISSED = /^(?:telegram\.(?:owners|approvers|viewers)|agents\.[^.]+\.publishes)$/;
/** Programs with their arguments, which may hold a secret: only the program is named. */
const PROGRAMS = /(?:^|\.)(?:command|check|login|fallback)$/;
/** Values that are never shown: of variables, and of an address that is a secret by itself. */
const HIDDEN = /(?:^(?:agents\.[^.]+|defaults)\.env\.|^alerts\.dead_man\.url$)/;
/** A value is cut there. */
const LONGEST_VALUE = 60;

/** Tells in what two files differ, in the order of their keys; nothing where they say the same in another way. */
export function diffFleets(before: ComparedFile, after: ComparedFile): readonly Change[] {
  return [...diffValues([], before.raw, after.raw), ...diffChat(before, after), ...diffEnvironment(before, after)];
}

/** Without a chat of its own a fleet reports to its first owner: another one there takes the alerts along. */
function diffChat(before: ComparedFile, after: ComparedFile): Change[] {
  const [old, now] = [before.fleet.telegram.chat, after.fleet.telegram.chat];
  const path = ['telegram', 'chat'];
  if (old === now || valueAt(before.raw, path) !== valueAt(after.raw, path)) return [];
  return [{ kind: 'changed', text: `telegram.chat: ${old} → ${now}, the first owner's`, takesAway: false }];
}

function diffValues(path: KeyPath, before: unknown, after: unknown): Change[] {
  if (isDeepStrictEqual(before, after)) return [];
  const thing = THINGS.get(renderKey(path.slice(0, -1)));
  const name = printable(String(path.at(-1) ?? ''), LONGEST_VALUE);
  if (thing !== undefined && (before === undefined || after === undefined)) {
    return before === undefined
      ? [{ kind: 'added', text: `${thing.noun} ${name}${describeThing(after)}`, takesAway: false }]
      : [{ kind: 'removed', text: `${thing.noun} ${name}`, takesAway: thing.isMissed }];
  }
  const isBranch = [before, after].every((value) => value === undefined || isMap(value));
  if (!isBranch) return [describeLeaf(path, before, after)];
  const keys = new Set([...keysOf(before), ...keysOf(after)]);
  return [...keys].flatMap((key) => diffValues([...path, key], valueAt(before, [key]), valueAt(after, [key])));
}

/** What an added thing is, in a word: an agent's schedule. */
function describeThing(value: unknown): string {
  const schedule = valueAt(value, ['schedule']);
  return typeof schedule === 'string' ? ` (${show(schedule)})` : '';
}

function describeLeaf(path: KeyPath, before: unknown, after: unknown): Change {
  const key = renderKey(path);
  if (SETS.test(key) && isScalarList(before ?? []) && isScalarList(after ?? [])) {
    const [old, now] = [before ?? [], after ?? []] as [readonly unknown[], readonly unknown[]];
    const gone = old.filter((one) => !now.includes(one));
    const come = now.filter((one) => !old.includes(one));
    const words = [...come.map((one) => `+ ${show(one)}`), ...gone.map((one) => `− ${show(one)}`)];
    // The first owner's chat is where everything goes.
    const text = words.length === 0 ? 'another order' : words.join(', ');
    return { kind: 'changed', text: `${key}: ${text}`, takesAway: gone.length > 0 && MISSED.test(key) };
  }
  return { kind: 'changed', text: `${key}: ${describeValues(key, before, after)}`, takesAway: false };
}

function describeValues(key: string, before: unknown, after: unknown): string {
  if (HIDDEN.test(key) || [before, after].some(isSecret)) {
    if (before === undefined) return 'is set now';
    return after === undefined ? 'is not set any more' : 'changed';
  }
  const [old, now] = PROGRAMS.test(key) ? [programOf(before), programOf(after)] : [before, after];
  return isDeepStrictEqual(old, now) ? 'other arguments' : `${show(old)} → ${show(now)}`;
}

/** The same words may come to something else, since they are filled in from the environment. */
function diffEnvironment(before: ComparedFile, after: ComparedFile): Change[] {
  const changed = (key: string): Change => ({ kind: 'changed', text: `${key}: changed`, takesAway: false });
  const variables = [...after.fleet.agents.values()].flatMap(({ name, env }) => {
    const old = before.fleet.agents.get(name)?.env ?? env;
    return Object.keys(env)
      .filter((variable) => Object.hasOwn(old, variable) && old[variable] !== env[variable])
      .filter((variable) => isDeepStrictEqual(writtenOf(before, name, variable), writtenOf(after, name, variable)))
      .map((variable) => changed(renderKey(['agents', name, 'env', variable])));
  });
  const url = ['alerts', 'dead_man', 'url'];
  const isAsWritten = isDeepStrictEqual(valueAt(before.raw, url), valueAt(after.raw, url));
  const isOther = before.fleet.alerts.deadMan?.url !== after.fleet.alerts.deadMan?.url;
  return isAsWritten && isOther ? [...variables, changed(renderKey(url))] : variables;
}

function writtenOf({ raw }: ComparedFile, agent: string, variable: string): unknown {
  return valueAt(raw, ['agents', agent, 'env', variable]) ?? valueAt(raw, ['defaults', 'env', variable]);
}

/** Whether a value may hold a secret: it is filled in from the environment, or looks like a token. */
function isSecret(value: unknown): boolean {
  return typeof value === 'string' && (value.includes('${') || LOOKS_SECRET.test(value));
}

function programOf(value: unknown): unknown {
  return Array.isArray(value) ? value[0] : value;
}

function show(value: unknown): string {
  if (value === undefined || value === null) return 'not set';
  if (isSecret(value)) return '…';
  if (typeof value === 'string') return printable(value, LONGEST_VALUE);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  return isScalarList(value) && !value.some(isSecret) ? printable(`[${value.join(', ')}]`, LONGEST_VALUE) : 'a list';
}

function isScalarList(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && value.every((one) => typeof one === 'string' || typeof one === 'number');
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function keysOf(value: unknown): string[] {
  return isMap(value) ? Object.keys(value) : [];
}
