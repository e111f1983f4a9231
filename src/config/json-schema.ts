import { z } from 'zod';
import { fleetSchema } from './schema.ts';

/** The JSON schema of fleet.yaml for editors, as text: draft 7, which the YAML language server understands best. */
export function renderFleetJsonSchema(): string {
  const schema = z.toJSONSchema(fleetSchema, { io: 'input', target: 'draft-07' });
  return `${JSON.stringify({ title: 'Nightdesk fleet.yaml', ...schema }, null, 2)}\n`;
}
