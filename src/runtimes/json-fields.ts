/** A JSON object of which nothing is known: what a CLI prints is looked at field by field, and believed in none. */
export type JsonRecord = Readonly<Record<string, unknown>>;

/** The largest count that is believed: no run uses a thousand billion tokens, and sums of counts stay whole numbers. */
const MOST = 1e12;

/** The longest name that is believed; ids and names of tools and models are a fraction of it. */
const NAME_CHARACTERS = 200;

/** Reads a line as a JSON object; undefined when it is anything else. */
export function parseRecord(line: string): JsonRecord | undefined {
  // Most lines that are no JSON end here, without the price of an exception.
  if (!line.startsWith('{') && !line.trimStart().startsWith('{')) return undefined;
  try {
    return asRecord(JSON.parse(line));
  } catch {
    return undefined;
  }
}

/** The value as a JSON object; undefined when it is none. */
export function asRecord(value: unknown): JsonRecord | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonRecord) : undefined;
}

/** A field that holds an object. */
export function recordField(record: JsonRecord | undefined, key: string): JsonRecord | undefined {
  return asRecord(record?.[key]);
}

/** A field that holds a list; empty when it holds anything else. */
export function listField(record: JsonRecord | undefined, key: string): readonly unknown[] {
  const value = record?.[key];
  return Array.isArray(value) ? value : [];
}

/** A field that holds a text that is not empty. */
export function textField(record: JsonRecord | undefined, key: string): string | undefined {
  const value = record?.[key];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A field that holds a name or an id: a text of at most 200 characters; a longer one is none. */
export function nameField(record: JsonRecord | undefined, key: string): string | undefined {
  const text = textField(record, key);
  return text === undefined || text.length > NAME_CHARACTERS ? undefined : text;
}

/** A field that holds a finite number. */
export function numberField(record: JsonRecord | undefined, key: string): number | undefined {
  const value = record?.[key];
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
}

/** A field that holds a count: a whole number from 0 to what can be believed; 0 when it holds anything else. */
export function countField(record: JsonRecord | undefined, key: string): number {
  const value = record?.[key];
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= MOST ? value : 0;
}

/** Dollars as micro-dollars; 0 for what is no sum that a run can cost. */
export function microUsd(dollars: unknown): number {
  const micro = typeof dollars === 'number' ? Math.round(dollars * 1e6) : 0;
  return micro >= 0 && micro <= MOST ? micro : 0;
}
