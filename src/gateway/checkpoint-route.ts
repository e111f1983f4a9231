import { z } from 'zod';
import type { Checkpoints } from '../work/checkpoints.ts';
import { type Answer, parseBody, success } from './responses.ts';

/** What the route and the tool `checkpoint` take. */
export const checkpointRequest = z.strictObject({
  text: z
    .string('must be text')
    .describe(
      'the whole WORKSTATE.md, with the headings Active Tasks, Critical Context and Next; without it the file in your workdir is taken as it stands',
    )
    .exactOptional(),
});

interface CheckpointCaller {
  readonly run: number;
  readonly agent: string;
}

/** Answers POST /v1/checkpoint; `refuse` tells the log, too. */
export function createCheckpointRoute(
  submit: Checkpoints['submit'],
  refuse: (run: CheckpointCaller, command: string, reason: string) => Answer,
): (call: { readonly run: CheckpointCaller; readonly body: Uint8Array }) => Answer {
  return ({ run, body }) => {
    const parsed = parseBody(checkpointRequest, body);
    if (parsed.kind === 'bad') return parsed.response;
    const outcome = submit(run, parsed.fields.text);
    if (outcome.kind === 'refused') return refuse(run, 'checkpoint', outcome.reason);
    const { id, isNew, fileTrouble } = outcome;
    return success(isNew ? 201 : 200, { version: id, existing: !isNew, file_trouble: fileTrouble });
  };
}
