import type { AgentCall } from './agent-calls.ts';
import { checkpointCall } from './checkpoint-call.ts';
import { MAX_DRAFT_BYTES } from './limits.ts';

/** The call of a `checkpoint` command, or a sentence. */
export type PreparedCheckpoint =
  | { readonly kind: 'call'; readonly call: AgentCall }
  | { readonly kind: 'refused'; readonly reason: string };

/** Reads what stands on stdin; with nothing there, or a terminal, the file in the workdir is meant. */
export async function prepareCheckpoint(stdin: AsyncIterable<Uint8Array | string>): Promise<PreparedCheckpoint> {
  if ((stdin as { readonly isTTY?: boolean }).isTTY === true) return called(undefined);
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  try {
    for await (const chunk of stdin) {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      sizeBytes += bytes.length;
      // What is longer than may be kept is refused by the control plane, in its own words; beyond this it is not even sent.
      if (sizeBytes > MAX_DRAFT_BYTES)
        return refused('WORKSTATE.md on stdin has more than 256 KiB: leave out what is done');
      chunks.push(bytes);
    }
  } catch (error) {
    return refused(`WORKSTATE.md on stdin cannot be read (${error instanceof Error ? error.message : String(error)})`);
  }
  if (sizeBytes === 0) return called(undefined);
  try {
    return called(new TextDecoder('utf-8', { fatal: true }).decode(Buffer.concat(chunks)));
  } catch {
    return refused('WORKSTATE.md on stdin is not UTF-8 text');
  }
}

function called(text: string | undefined): PreparedCheckpoint {
  return { kind: 'call', call: checkpointCall(text) };
}

function refused(reason: string): PreparedCheckpoint {
  return { kind: 'refused', reason };
}
