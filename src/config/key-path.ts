/** Where something is in fleet.yaml: keys and list indexes from the top. */
export type KeyPath = readonly (string | number)[];

/** What plain data holds at a path; undefined where it holds nothing. */
export function valueAt(data: unknown, path: KeyPath): unknown {
  let value = data;
  for (const part of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, part)) return undefined;
    value = (value as Record<string | number, unknown>)[part];
  }
  return value;
}
