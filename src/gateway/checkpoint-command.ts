import type { AgentCall } from './agent-calls.ts';
import { checkpointCall } from './checkpoint-call.ts';
import { MAX_DRAFT_BYTES } from './limits.ts';
import { readStdinText } from './stdin-text.ts';

/** The call of a `checkpoint` command, or a sentence. */
export type PreparedCheckpoint =
  | { readonly kind: 'call'; readonly call: AgentCall }
  | { readonly kind: 'wrong'; readonly reason: string };

/** Reads what stands on stdin; with nothing there, or a terminal, the file in the workdir is meant. */
export async function prepareCheckpoint(stdin: AsyncIterable<Uint8Array | string>): Promise<PreparedCheckpoint> {
  if ((stdin as { readonly isTTY?: boolean }).isTTY === true) return { kind: 'call', call: checkpointCall(undefined) };
  const read = await readStdinText(stdin, {
    what: 'WORKSTATE.md',
    // What is longer than may be kept is refused by the control plane, in its own words; beyond this it is not even sent.
    maxBytes: MAX_DRAFT_BYTES,
    tooLong: '256 KiB: leave out what is done',
  });
  if (read.kind === 'wrong') return read;
  const text = read.text.replace(/^\uFEFF/, '');
  return { kind: 'call', call: checkpointCall(read.text === '' ? undefined : text) };
}
