import { z } from 'zod';
import type { Checkpoints } from '../work/checkpoints.ts';
import { parseBody, success } from './responses.ts';
import type { Refuse, Route } from './route.ts';

/** What the route and the tool `checkpoint` take. */
export const checkpointRequest = z.strictObject({
  text: z
    .string('must be text')
    .describe(
      'the whole WORKSTATE.md, with the headings Active Tasks, Critical Context and Next; without it the file in your workdir is taken as it stands',
    )
    .exactOptional(),
});

/** Answers POST /v1/checkpoint. */
export function createCheckpointRoute(submit: Checkpoints['submit'], refuse: Refuse): Route['answer'] {
  return ({ run, body }) => {
    const parsed = parseBody(checkpointRequest, body);
    if (parsed.kind === 'bad') return parsed.response;
    const outcome = submit(run, parsed.fields.text);
    if (outcome.kind === 'refused') return refuse(run, 'checkpoint', outcome.reason);
    const { id, isNew, fileTrouble } = outcome;
    return success(isNew ? 201 : 200, { version: id, existing: !isNew, file_trouble: fileTrouble });
  };
}
