import { writeFileSync } from 'node:fs';
import { renderFleetJsonSchema } from './json-schema.ts';

writeFileSync(new URL('./fleet.schema.json', import.meta.url), renderFleetJsonSchema());
