import { z } from 'zod';
import { MAX_BRIEF_BYTES, MAX_NOTE_CHARS, MAX_OUTPUT_BYTES, MAX_PHASES, MAX_TITLE_CHARS } from './limits.ts';
import { line, text } from './requests.ts';

/** What the routes of tasks take, and the tool `task`. */

const NOT_ID = 'must be the number of a task';

function taskId() {
  return z.int(NOT_ID).min(1, NOT_ID);
}

function short() {
  return z.boolean('must be true or false').exactOptional();
}

export const taskAddRequest = z.strictObject({
  for: line(200).describe('add: the agent that is to do it, as fleet.yaml names it'),
  title: line(MAX_TITLE_CHARS).describe('add: what it is, in a line'),
  brief: text()
    .refine(
      (brief) => Buffer.byteLength(brief) <= MAX_BRIEF_BYTES,
      `must have at most ${MAX_BRIEF_BYTES / 1024} KiB: put the data into a file, and name it`,
    )
    .describe('add: all that the agent has to know'),
  phases: z
    .array(line(200), 'must be a list of names')
    .max(MAX_PHASES, `must be at most ${MAX_PHASES} names`)
    .superRefine((names, context) => {
      const twice = names.find((name, index) => names.indexOf(name) !== index);
      if (twice !== undefined)
        context.addIssue({
          code: 'custom',
          message: `must differ from each other: ${JSON.stringify(twice)} is there twice`,
        });
    })
    .describe('add: its parts, in their order, where each is to be done in a fresh session')
    .exactOptional(),
  key: line(200)
    .describe('add: your own name for it: the same key for the same agent is the same task')
    .exactOptional(),
});

export const taskClaimRequest = z.strictObject({ short: short() });

export const taskPhaseRequest = z.strictObject({
  id: taskId(),
  output: text()
    .refine((output) => output.trim() !== '', 'must not be empty: the later phases build on it')
    .refine(
      (output) => Buffer.byteLength(output) <= MAX_OUTPUT_BYTES,
      `must have at most ${MAX_OUTPUT_BYTES / 1024} KiB: put the data into a file, and name it`,
    )
    .describe('phase-done: what the phase gave, whole'),
});

export const taskDoneRequest = z.strictObject({ id: taskId() });

export const taskFailRequest = z.strictObject({
  id: taskId(),
  reason: text()
    .refine((reason) => reason.trim() !== '', 'must not be empty')
    .transform((reason) => reason.slice(0, MAX_NOTE_CHARS).toWellFormed())
    .describe('fail: why it cannot be done'),
});

const ACTIONS = ['claim', 'show', 'add', 'phase-done', 'done', 'fail'] as const;

/** What the tool takes: which fields an action needs is its own to say. */
export const taskInput = z.strictObject({
  action: z.enum(ACTIONS, `must be one of ${ACTIONS.join(', ')}`),
  id: taskId().describe('show, phase-done, done, fail: the number of the task').exactOptional(),
  for: taskAddRequest.shape.for.exactOptional(),
  title: taskAddRequest.shape.title.exactOptional(),
  brief: taskAddRequest.shape.brief.exactOptional(),
  phases: taskAddRequest.shape.phases,
  key: taskAddRequest.shape.key,
  phase: line(200).describe('show: the phase of which you want the whole output, and nothing else').exactOptional(),
  output: taskPhaseRequest.shape.output.exactOptional(),
  reason: taskFailRequest.shape.reason.exactOptional(),
});
