import type { Agent } from '../config/fleet.ts';
import type { ProcessExit } from '../ports.ts';

/** Why a run failed: one vocabulary for every runtime. */
export type FailureClass =
  | 'auth' // a credential does not work: nobody retries, its owner is told
  | 'rate-limit'
  | 'overloaded' // the other side is busy, or the agent says "try again later"
  | 'context'
  | 'budget'
  | 'not-found'
  | 'config' // it cannot work before a person changes something
  | 'timeout'
  | 'stuck'
  | 'crash'
  | 'lost' // Nightdesk was away when it ended
  | 'unknown';

/** What a runtime reads out of a running agent's output. */
export type RunEvent =
  | { readonly kind: 'output'; readonly bytes: number }
  /** A dead credential was seen, while the agent still runs; the hint is the vendor that the line names, such as `github`. */
  | { readonly kind: 'auth-sign'; readonly evidence: string; readonly credentialHint?: string };

/** How a run ended, as far as the program's own doing goes; a stop that we asked for is the runner's to tell. */
export type RunOutcome =
  /** `lastLine` is the last line of stdout: what a publisher answers with. */
  | { readonly kind: 'done'; readonly lastLine?: string }
  | {
      readonly kind: 'failed';
      readonly failure: FailureClass;
      readonly evidence: string;
      readonly credentialHint?: string;
    };

/** What a run brings to its runtime. */
export interface RunInput {
  readonly id: number;
  /** What the agent is to read on stdin, for instance an approved draft; undefined leaves stdin empty. */
  readonly stdin: string | undefined;
}

/** The part of a spawn request that the runtime decides. */
export interface SpawnPart {
  readonly argv: readonly [string, ...string[]];
  readonly stdin?: string;
}

/**
 * A kind of agent program.
 *
 * Contract: `start` is pure; each run gets a decoder of its own.
 */
export interface Runtime {
  readonly name: Agent['runtime'];
  start(agent: Agent, run: RunInput): SpawnPart;
  /** `isForeign` tells of evidence that it is no word of the agent's own, such as a draft about dead logins that a publisher prints. */
  createDecoder(isForeign?: (evidence: string) => boolean): Decoder;
}

/**
 * Turns raw output into events, and an exit into an outcome.
 *
 * Contract:
 * - `push` takes chunks cut anywhere, even within a character; it never throws, whatever they hold, and its memory is bounded.
 * - Each push yields one `output` event and any number of others, bounded over a whole run.
 * - `end` is called once, last; it gives exactly one outcome, also for what an unfinished last line says.
 */
export interface Decoder {
  push(chunk: Uint8Array, stream: 'stdout' | 'stderr'): RunEvent[];
  /** What an unfinished line says, asked when nothing came for a moment: the program may hang in the middle of it. */
  idle(): RunEvent[];
  end(exit: ProcessExit): RunOutcome;
}
