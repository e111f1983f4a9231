import { z } from 'zod';
import { fleetSchema } from '../../src/config/schema.ts';

/** Every key that fleet.yaml may have, as a dotted path; `*` stands for a name. */
export function listSchemaKeys(): readonly string[] {
  return [...new Set(keysOf(fleetSchema, ''))];
}

function keysOf(schema: z.ZodType, path: string): string[] {
  const inner = unwrap(schema);
  const below = (key: string): string => (path === '' ? key : `${path}.${key}`);
  if (inner instanceof z.ZodObject)
    return Object.entries(inner.shape).flatMap(([key, value]) => keysOf(value as z.ZodType, below(key)));
  if (inner instanceof z.ZodRecord) {
    const value = unwrap(inner.valueType as z.ZodType);
    // A variable or a price is a key by itself; a thing is one, too, besides those that it has.
    return [below('*'), ...(value instanceof z.ZodObject ? keysOf(value, below('*')) : [])];
  }
  if (inner instanceof z.ZodUnion) {
    const below = (inner.options as z.ZodType[]).flatMap((option) =>
      unwrap(option) instanceof z.ZodObject ? keysOf(option, path) : [],
    );
    return below.length === 0 ? [path] : below;
  }
  return [path];
}

function unwrap(schema: z.ZodType): z.ZodType {
  if (schema instanceof z.ZodOptional) return unwrap(schema.unwrap() as z.ZodType);
  if (schema instanceof z.ZodPipe) return unwrap(schema.in as z.ZodType);
  return schema;
}
