import { z } from 'zod';
import {
  parseDailyWindow,
  parseTimeOfDay,
  TIME_FORM,
  TIME_PATTERN,
  WINDOW_FORM,
  WINDOW_PATTERN,
} from './daily-window.ts';
import {
  bareNumberHint,
  DURATION_FORM,
  DURATION_PATTERN,
  parseDuration,
  type Parsed,
  parseSize,
  SIZE_FORM,
  SIZE_PATTERN,
} from './duration.ts';
import { CRON_FORM, parseCron, parseSchedule, SCHEDULE_FORM } from './schedule-text.ts';

/**
 * The kinds of values of fleet.yaml as zod schemas. Each message says only what was expected (`expected X`): what was found
 * is added where the file is known.
 */

/** Names of agents, credentials and kinds: they become file names, buttons and words of commands. */
const NAME_PATTERN = /^[a-z][a-z0-9_-]{0,31}$/;

/** What a name looks like, for messages. */
const NAME_FORM = 'a name: a letter a-z first, then a-z, 0-9, _ or -, at most 32 characters';

/** What an argument list looks like, for messages. */
const ARGV_FORM = 'a program and its arguments as a list, such as ["./run.sh", "--fast"]';

/** Longer than any name, address or expression of ours; what is longer was pasted by mistake. */
const MAX_TEXT_LENGTH = 4096;

/** A text that `parse` turns into a value; `pattern` is its written form, as editors check it. */
function parsedText<Value>(form: string, pattern: RegExp | undefined, parse: (text: string) => Parsed<Value>) {
  const text = z.string({
    error: (issue) => `expected ${form === DURATION_FORM ? bareNumberHint(issue.input) : form}`,
  });
  const described = pattern === undefined ? text : text.meta({ pattern: pattern.source });
  return described.transform((value, context): Value => {
    const parsed = parse(value);
    if (parsed.kind === 'parsed') return parsed.value;
    context.issues.push({ code: 'custom', message: `expected ${parsed.expected}`, input: value });
    return z.NEVER;
  });
}

/** A duration, in milliseconds once read. */
export function duration(minMs?: number) {
  return parsedText(DURATION_FORM, DURATION_PATTERN, (text) => parseDuration(text, minMs));
}

/** A size, in bytes once read. */
export function size() {
  return parsedText(SIZE_FORM, SIZE_PATTERN, parseSize);
}

/** A time of day, in minutes after midnight once read. */
export function timeOfDay() {
  return parsedText(TIME_FORM, TIME_PATTERN, parseTimeOfDay);
}

/** A daily window. */
export function dailyWindow() {
  return parsedText(WINDOW_FORM, WINDOW_PATTERN, parseDailyWindow);
}

/** What makes an agent due. */
export function schedule() {
  return parsedText(SCHEDULE_FORM, undefined, parseSchedule);
}

/** A cron expression. */
export function cron() {
  return parsedText(CRON_FORM, undefined, parseCron);
}

/** A day, as `2027-01-15`; it becomes the milliseconds that a wall clock in UTC would show at its midnight. */
export function day() {
  return parsedText('a day such as 2027-01-15', /^\d{4}-\d{2}-\d{2}$/, (text): Parsed<number> => {
    const wallMs = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : Number.NaN;
    // Date.parse takes 2027-02-30 for the second of March.
    const isDay = !Number.isNaN(wallMs) && new Date(wallMs).toISOString().startsWith(text);
    return isDay ? { kind: 'parsed', value: wallMs } : { kind: 'refused', expected: 'a day such as 2027-01-15' };
  });
}

/** A timezone that this Node knows. */
export function timezone() {
  return parsedText('a timezone such as Europe/Berlin', undefined, (text): Parsed<string> => {
    try {
      return { kind: 'parsed', value: new Intl.DateTimeFormat('en-US', { timeZone: text }).resolvedOptions().timeZone };
    } catch {
      return { kind: 'refused', expected: 'a timezone such as Europe/Berlin' };
    }
  });
}

/** A text that is not empty. */
export function text(form: string) {
  return parsedText(
    form,
    undefined,
    (value): Parsed<string> =>
      value.trim() === '' || value.length > MAX_TEXT_LENGTH || value.includes('\0')
        ? { kind: 'refused', expected: form }
        : { kind: 'parsed', value },
  );
}

/** A path; `~` and `${VAR}` are not expanded in it, so they are refused rather than taken for names of folders. */
export function path(form: string) {
  return parsedText(form, undefined, (value): Parsed<string> => {
    if (value.trim() === '' || value.includes('\0')) return { kind: 'refused', expected: form };
    if (/^~|\$\{/.test(value))
      return { kind: 'refused', expected: `${form}, written out: ~ and \${VAR} are not expanded here` };
    return { kind: 'parsed', value };
  });
}

/** A name of an agent, a credential or a kind. */
export function name() {
  return z.string({ error: `expected ${NAME_FORM}` }).regex(NAME_PATTERN, { error: `expected ${NAME_FORM}` });
}

/** A name of an environment variable. */
export function variableName() {
  const form = 'expected the name of an environment variable, such as API_TOKEN';
  return z.string({ error: form }).regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, { error: form });
}

/** A program and its arguments. */
export function argv() {
  const argument = z
    .string({ error: 'expected text: put an argument that looks like something else in quotes' })
    .refine((value) => !value.includes('\0'), { error: 'expected text without NUL characters' });
  return z
    .array(argument, { error: `expected ${ARGV_FORM}` })
    .min(1, { error: `expected ${ARGV_FORM}` })
    .transform((list, context): [string, ...string[]] => {
      const [program, ...rest] = list;
      if (program !== undefined && program.trim() !== '' && !program.startsWith('~')) return [program, ...rest];
      context.issues.push({
        code: 'custom',
        message: 'expected a program first, written out: ~ is not expanded',
        input: list,
        path: [0],
      });
      return z.NEVER;
    });
}

/** A list in which nothing occurs twice. */
export function distinct<Item extends z.ZodType>(item: Item, form: string) {
  return z.array(item, { error: `expected ${form}` }).superRefine((list, context) => {
    for (const [index, value] of list.entries()) {
      if (list.indexOf(value) === index) continue;
      context.addIssue({ code: 'custom', message: 'expected each only once', path: [index] });
    }
  });
}

/** A whole number between two bounds. */
export function wholeNumber(min: number, max: number, form: string) {
  const error = `expected ${form}`;
  return z.int({ error }).min(min, { error }).max(max, { error });
}

/** A percentage. */
export function percent() {
  return wholeNumber(1, 100, 'a whole percentage from 1 to 100');
}

/** An amount of money. */
export function dollars() {
  const error = 'expected an amount of US dollars above 0, such as 60 or 2.5';
  return z.number({ error }).gt(0, { error }).max(1_000_000, { error });
}

/** One of some words. */
export function oneOf<const Words extends readonly [string, ...string[]]>(words: Words) {
  return z.enum(words, { error: `expected ${words.length === 1 ? '' : 'one of '}${words.join(', ')}` });
}
