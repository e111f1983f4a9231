/**
 * The generated specification of the Bot API and its small type language.
 *
 * A type is written `string`, `number`, `boolean`, `InputFile`, a literal in JSON, the name of an entry of `types`, `T[]`,
 * or `A|B`; a string may carry the length that the documentation states: `string(1-64 bytes)`, `string(0-200)`.
 */
import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Field name to written type; a name that ends in `?` is optional. */
export type FieldTable = Readonly<Record<string, string>>;

/** What bot-api.json holds: methods with their parameters, and each shared type once. */
export interface Specification {
  readonly source: string;
  readonly methods: Readonly<Record<string, FieldTable>>;
  /** An object type is its fields; an alias of a union is its written type. */
  readonly types: Readonly<Record<string, FieldTable | string>>;
}

/** Reads the specification that lies beside this file. */
export function loadSpecification(): Specification {
  const file = join(dirname(fileURLToPath(import.meta.url)), 'bot-api.json');
  return JSON.parse(readFileSync(file, 'utf8')) as Specification;
}
