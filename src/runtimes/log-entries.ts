import type { JsonRecord } from './json-fields.ts';
import type { FailureClass, RunEvent } from './runtime.ts';

/** Something in a run's log that a person wants to read. */
export type LogEntry =
  /** What the agent said; a part goes on where the part before it ended, and an empty text that is no part ends what was said. */
  | { readonly kind: 'said'; readonly text: string; readonly isPart?: boolean }
  /** A call of a tool; the same id again is the same call. */
  | { readonly kind: 'call'; readonly id: string; readonly tool: string; readonly input: string }
  /** A call that failed; the tool is named where the line names it. */
  | { readonly kind: 'call-failed'; readonly id: string; readonly tool?: string; readonly error: string }
  /** The CLI asks whether it may make a call. */
  | { readonly kind: 'asked'; readonly callId: string; readonly tool: string; readonly detail: string }
  | Extract<RunEvent, { readonly kind: 'retrying' | 'compacted' | 'warning' }>
  /** A turn has ended well. */
  | { readonly kind: 'done'; readonly costMicroUsd?: number }
  | { readonly kind: 'failed'; readonly failure: FailureClass; readonly evidence: string };

/**
 * Reads one JSON line of a runtime's log for a person: nothing of what is noise, undefined when it is not understood.
 *
 * Contract: pure, and never throws, whatever the line holds.
 */
export type LogLineReader = (message: JsonRecord) => readonly LogEntry[] | undefined;
