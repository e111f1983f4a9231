import { parseArgs } from 'node:util';
import { nearest } from '../config/nearest.ts';

/** What a command takes: options with a value, options with a value that may be given again, options without, and whether words may follow. */
export interface CommandOptions {
  readonly valued: readonly string[];
  readonly repeated?: readonly string[];
  readonly flags: readonly string[];
  readonly words: boolean;
}

/** A command line, read; `words` are its positional arguments. */
export type ParsedCommand =
  | {
      readonly kind: 'parsed';
      readonly values: ReadonlyMap<string, string>;
      /** The values of each option that may be given again, in their order. */
      readonly lists: ReadonlyMap<string, readonly string[]>;
      readonly flags: ReadonlySet<string>;
      readonly words: readonly string[];
    }
  /** A sentence without the command's name. */
  | { readonly kind: 'wrong'; readonly reason: string };

/** Reads a command's arguments: `--option value`, `--option=value`, and everything after `--` as words. */
export function parseCommand(
  argv: readonly string[],
  { valued, repeated = [], flags, words }: CommandOptions,
): ParsedCommand {
  const { tokens } = parseArgs({
    args: [...argv],
    options: Object.fromEntries<{ type: 'string' | 'boolean'; short?: string }>([
      ...[...valued, ...repeated].map((name) => [name, { type: 'string' }] as const),
      ...flags.map((name) => [name, { type: 'boolean' }] as const),
      ['help', { type: 'boolean', short: 'h' }] as const,
    ]),
    // Not strict: its own messages are of several lines, and know no nearest option.
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const values = new Map<string, string>();
  const lists = new Map<string, readonly string[]>();
  const given = new Set<string>();
  const rest: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') rest.push(token.value);
    if (token.kind !== 'option') continue;
    const fault = faultOfOption(token, { valued, repeated, flags: [...flags, 'help'], words }, values);
    if (fault !== undefined) return { kind: 'wrong', reason: fault };
    if (token.value === undefined) given.add(token.name);
    else if (repeated.includes(token.name)) lists.set(token.name, [...(lists.get(token.name) ?? []), token.value]);
    else values.set(token.name, token.value);
  }
  if (!words && rest.length > 0 && !given.has('help')) {
    return { kind: 'wrong', reason: `takes no argument, but was given ${JSON.stringify(rest[0])}` };
  }
  return { kind: 'parsed', values, lists, flags: given, words: rest };
}

interface OptionToken {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
  readonly inlineValue: boolean | undefined;
}

function faultOfOption(
  token: OptionToken,
  options: Required<CommandOptions>,
  seen: ReadonlyMap<string, string>,
): string | undefined {
  const { name, rawName, value, inlineValue } = token;
  if (options.flags.includes(name)) return value === undefined ? undefined : `${rawName} takes no value`;
  if (!options.valued.includes(name) && !options.repeated.includes(name))
    return `unknown option ${rawName}; ${hintAt(name, [...options.valued, ...options.repeated, ...options.flags])}`;
  if (value === undefined) return `${rawName} needs a value`;
  // `--to --url x` is a forgotten value far more often than a value with dashes.
  if (inlineValue !== true && value.startsWith('-') && value.length > 1) {
    return `${rawName} needs a value; one that begins with a dash is written ${rawName}=${value}`;
  }
  return seen.has(name) ? `${rawName} is given twice` : undefined;
}

function hintAt(name: string, known: readonly string[]): string {
  const meant = nearest(name, known);
  return meant === undefined
    ? `it takes ${known.map((option) => `--${option}`).join(', ')}`
    : `did you mean --${meant}?`;
}
