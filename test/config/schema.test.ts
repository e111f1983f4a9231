import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { renderFleetJsonSchema } from '../../src/config/json-schema.ts';

/** The parts of a JSON schema that are looked at here. */
interface Node {
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: boolean | Node;
  readonly items?: Node;
  readonly anyOf?: readonly Node[];
}

/** Every key with its schema, however deep. */
function keysOf(node: Node, path: string): [path: string, node: Node][] {
  const below = [...(node.anyOf ?? []), node.items, node.additionalProperties].filter(
    (part) => typeof part === 'object',
  );
  const keys = Object.entries(node.properties ?? {}).map(([key, value]): [string, Node] => [`${path}.${key}`, value]);
  return [
    ...keys,
    ...keys.flatMap(([key, value]) => keysOf(value, key)),
    ...below.flatMap((part) => keysOf(part, `${path}.*`)),
  ];
}

test('keeps the schema for editors current: `npm run schema` writes it', () => {
  const written = readFileSync(new URL('../../src/config/fleet.schema.json', import.meta.url), 'utf8');

  expect(written).toBe(renderFleetJsonSchema());
});

test('describes every key of fleet.yaml', () => {
  const keys = keysOf(JSON.parse(renderFleetJsonSchema()) as Node, '');

  expect(keys.length).toBeGreaterThan(80);
  expect(keys.filter(([, node]) => node.description === undefined).map(([path]) => path)).toEqual([]);
});
