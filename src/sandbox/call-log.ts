/** What was asked of the sandbox and what came of it; tests read it. */
import { isUploadedFile } from './uploaded-file.ts';

/** One request to the Bot API, other than getUpdates. */
export interface RecordedCall {
  /** Epoch milliseconds of the sandbox's clock. */
  readonly at: number;
  readonly method: string;
  /** What was given; an uploaded file is shown as its name and size. */
  readonly payload: Readonly<Record<string, unknown>>;
  readonly outcome: CallOutcome;
}

/** How a request ended; a fault with `accepted` took effect although the bot was not told so. */
export type CallOutcome =
  | { readonly kind: 'ok'; readonly result: unknown }
  | { readonly kind: 'refused'; readonly code: number; readonly description: string }
  | { readonly kind: 'fault'; readonly fault: string; readonly accepted: boolean };

/** The last calls, oldest first. */
export interface CallLog {
  readonly calls: readonly RecordedCall[];
  add(call: RecordedCall): void;
  onAdd(listener: () => void): () => void;
}

/** Enough for a test to look back on; a flood of calls must not grow without end. */
const maxCalls = 5_000;

/** Creates an empty log. */
export function createCallLog(): CallLog {
  const calls: RecordedCall[] = [];
  const listeners = new Set<() => void>();
  return {
    calls,
    add(call) {
      calls.push({ ...call, payload: withoutContents(call.payload) });
      if (calls.length > maxCalls) calls.shift();
      for (const listener of listeners) listener();
    },
    onAdd(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

/** Shows uploaded files by name and size. */
function withoutContents(payload: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const shown = Object.entries(payload).map(([name, value]) =>
    isUploadedFile(value) ? [name, { file: value.uploadedName, size: value.content.length }] : [name, value],
  );
  return Object.fromEntries(shown) as Record<string, unknown>;
}
