import type { Agent } from '../config/fleet.ts';
import type { ProcessExit } from '../ports.ts';
import type { LogLineReader } from './log-entries.ts';

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
  | 'unknown'; // it failed in words that no rule knows

/** What a runtime reads out of a running agent's output. */
export type RunEvent =
  | { readonly kind: 'output'; readonly bytes: number }
  /** A dead credential was seen, while the agent still runs; the hint is the vendor that the line names, such as `github`. */
  | { readonly kind: 'auth-sign'; readonly evidence: string; readonly credentialHint?: string }
  /** The CLI told who it is; `resumeToken` continues this session in a later run. */
  | { readonly kind: 'session'; readonly resumeToken: string; readonly model?: string; readonly version?: string }
  /**
   * What this run has used so far: totals, not steps. Undefined cost: the CLI tells none, or none yet; `cachedTokens` is the part of the
   * input that came from a cache, where the CLI tells it.
   */
  | {
      readonly kind: 'usage';
      readonly inputTokens: number;
      readonly outputTokens: number;
      readonly cachedTokens?: number;
      readonly costMicroUsd?: number;
    }
  /** How full the context is; `limitTokens` is the usable part, up to where the CLI would compact by itself. */
  | { readonly kind: 'context'; readonly usedTokens: number; readonly limitTokens: number }
  /** The CLI has compacted its context by itself. */
  | { readonly kind: 'compacted' }
  /** The agent says something; the text is shortened, and may be the beginning only. */
  | { readonly kind: 'said'; readonly text: string }
  /**
   * The agent calls a tool; `input` is what it is called with, shortened. Where that does not tell the call from another one, `likeness`
   * does: calls of one tool that do the same have the same.
   */
  | {
      readonly kind: 'tool-begun';
      readonly id: string;
      readonly tool: string;
      readonly input: string;
      readonly likeness?: string;
    }
  /** A call has ended; `error` is what the agent reads of a failure, shortened. */
  | { readonly kind: 'tool-ended'; readonly id: string; readonly tool: string; readonly error?: string }
  /** The CLI tries a call of its model again by itself. */
  | { readonly kind: 'retrying'; readonly failure: FailureClass; readonly attempt: number; readonly evidence: string }
  /** The CLI asks whether it may do something; `decide` of the decoder answers. `forRun` says in words what an answer for the whole run covers. */
  | {
      readonly kind: 'permission';
      readonly request: string;
      readonly tool: string;
      /** What it wants to run, in full. */
      readonly detail: string;
      readonly forRun: string;
    }
  /** The CLI does not want an answer to this request any more. */
  | { readonly kind: 'permission-void'; readonly request: string }
  /** Whether the CLI reached Nightdesk's own MCP tools; `problem` says why not. */
  | { readonly kind: 'tools'; readonly problem?: string }
  /** Text that the CLI's protocol wants on its stdin now. */
  | { readonly kind: 'write'; readonly text: string }
  /** The agent has done what it was asked: nothing more comes unless it is asked for more. */
  | { readonly kind: 'turn-ended' }
  /** Something that the owner should know, though the run goes on. */
  | { readonly kind: 'warning'; readonly text: string };

/** How a run ended, as far as the program's own doing goes; a stop that we asked for is the runner's to tell. */
export type RunOutcome =
  /** `lastLine` is the last line of stdout: what a publisher answers with. */
  | { readonly kind: 'done'; readonly lastLine?: string }
  | {
      readonly kind: 'failed';
      readonly failure: FailureClass;
      readonly evidence: string;
      readonly credentialHint?: string;
      /** When it is worth trying again (epoch ms), where the other side said so. */
      readonly retryAt?: number;
    };

/** What a run brings to its runtime. */
export interface RunInput {
  readonly id: number;
  /** What the agent is to read on stdin, for instance an approved draft; undefined leaves stdin empty. */
  readonly stdin: string | undefined;
  /** Evidence that is no word of the agent's own, such as a draft about dead logins that a publisher prints. */
  readonly isForeign?: (evidence: string) => boolean;
  /** What the agent is asked to do: its prompt file; empty for runtime command. */
  readonly prompt: string;
  /** What it has to know about Nightdesk; empty for runtime command. */
  readonly instructions: string;
  readonly session: Session;
  /** What it may spend, in US dollars; undefined: it is not limited. */
  readonly mostUsd?: number;
  /** The MCP endpoint of Nightdesk's own tools, for HTTP; the run's token is in NIGHTDESK_TOKEN. */
  readonly mcpUrl: string;
}

/** Whether a run begins a session, under an id of our own (a UUID), or goes on with one. */
export type Session =
  | { readonly kind: 'new'; readonly id: string }
  | { readonly kind: 'resume'; readonly resumeToken: string };

/** The part of a spawn request that the runtime decides. */
export interface SpawnPart {
  readonly argv: readonly [string, ...string[]];
  readonly stdin?: string;
  readonly keepsInputOpen?: boolean;
  /** Comes before the agent's own environment, which may overrule it. */
  readonly env?: Readonly<Record<string, string>>;
}

/** One run, ready to be started: its program, and who understands what that says. */
export interface PreparedRun {
  readonly spawn: SpawnPart;
  readonly decoder: Decoder;
}

/**
 * A kind of agent program.
 *
 * Contract: `prepare` touches nothing, and does not depend on anything but its arguments; each run gets a decoder of its own.
 */
export interface Runtime {
  readonly name: Agent['runtime'];
  prepare(agent: Agent, run: RunInput): PreparedRun;
  /** Makes its log readable; undefined for programs that print for people already. */
  readonly readLogLine?: LogLineReader;
  /** How to learn its CLI's version and whether it still understands us; undefined for programs that are no known CLI. */
  readonly cli?: Cli;
}

/** What is known of an agent CLI besides its runs. */
export interface Cli {
  /** Its name on the PATH, and what makes it print its version. */
  readonly program: string;
  readonly versionArguments: readonly string[];
  /** The version in what it printed, such as `2.1.330`; undefined when there is none. */
  readVersion(printed: string): string | undefined;
  /** The oldest version whose output is understood. */
  readonly oldest: string;
  /** The cheapest run that shows that model, login and output work: one call, no tools. */
  prepareProbe(agent: Agent, run: RunInput): PreparedRun;
}

/** How long silence is nothing to worry about, and what it waits for. */
export interface Patience {
  readonly forMs: number;
  /** Ends the sentence "it said nothing for …": such as `while waiting for its model`. */
  readonly during: string;
}

/** The owner's word on a permission. */
export type Permission = 'once' | 'run' | 'deny';

/**
 * Turns raw output into events, and an exit into an outcome.
 *
 * Contract:
 * - `push` takes chunks cut anywhere, even within a character; it never throws, whatever they hold, and its memory is bounded.
 * - Each push yields one `output` event and any number of others, bounded over a whole run where they open or tell something.
 * - `end` is called once, last; it gives exactly one outcome, also for what an unfinished last line says.
 */
export interface Decoder {
  push(chunk: Uint8Array, stream: 'stdout' | 'stderr'): RunEvent[];
  /** What an unfinished line says, asked when nothing came for a moment: the program may hang in the middle of it. */
  idle(): RunEvent[];
  /** How long its silence may last as things stand; undefined: only the run's timeout ends it. */
  patience(): Patience | undefined;
  /** What to write on stdin to answer a `permission` event; undefined when it is not asked any more. `reason` is for the agent to read. */
  decide(request: string, permission: Permission, reason: string): string | undefined;
  /** What to write on stdin so that the agent reads this text while it works; undefined when nobody would read it. Changes nothing. */
  ask(text: string): string | undefined;
  end(exit: ProcessExit): RunOutcome;
}
