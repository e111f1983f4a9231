import type { Agent, FailureMode } from '../config/fleet.ts';
import { createAuthScanner } from '../runtimes/auth-scan.ts';
import { failureOfWords } from '../runtimes/failure-words.ts';
import type { FailureClass } from '../runtimes/runtime.ts';

/** What fleet.yaml tells failures of a tool apart by. */
export type FailureKind = FailureMode['on'];

/** What a failure mode bids when its failure has come `earlier` times before in this run. */
export type Bid =
  | { readonly kind: 'skip' }
  | { readonly kind: 'wait'; readonly waitMs: number }
  /** `isRepeated`: the owner was told at an earlier one already. */
  | { readonly kind: 'alert'; readonly isRepeated: boolean };

/** The end of an error text says no more than its beginning; in characters. */
const SEARCHED_CHARACTERS = 2_000;

/** The agent's mode for a failure of a tool; modes on its runtime's own name are about model calls, not about tools. */
export function findToolMode(agent: Agent, tool: string, kind: FailureKind): FailureMode | undefined {
  return agent.failureModes.find(
    (mode) => mode.on === kind && !isOwnRuntime(agent, mode) && isSameTool(mode.tool, tool),
  );
}

/** The agent's mode for its CLI's own model calls: its `tool` is the name of the runtime. */
export function findModelMode(agent: Agent, failure: string): FailureMode | undefined {
  if (agent.runtime === 'command') return undefined;
  const kind = MODEL_KINDS[failure as FailureClass] ?? 'other';
  return agent.failureModes.find((mode) => mode.on === kind && isOwnRuntime(agent, mode));
}

/** Decides what a mode bids; a mode that waits is used up after its retries. */
export function decideBid(then: FailureMode['then'], earlier: number): Bid {
  switch (then.kind) {
    case 'skip':
      return { kind: 'skip' };
    case 'alert':
      return { kind: 'alert', isRepeated: earlier > 0 };
    case 'wait':
      if (earlier < then.retry) return { kind: 'wait', waitMs: then.waitMs };
      return then.otherwise === 'skip' ? { kind: 'skip' } : { kind: 'alert', isRepeated: earlier > then.retry };
  }
}

/** Whether fleet.yaml's name of a tool means the one that a CLI names: `email` is also `mcp__email__send` and `mcp__office__email`. */
export function isSameTool(written: string, tool: string): boolean {
  const name = written.toLowerCase();
  const seen = tool.toLowerCase();
  if (name === seen) return true;
  const [, server, ofServer] = /^mcp__(.+?)__(.+)$/.exec(seen) ?? [];
  return name === server || name === ofServer;
}

/**
 * Of which kind a tool's error is. Asked only where a failure mode names the tool: of all others nobody acts on what they say.
 * Missing things come before the last net of words, since a missing file may be called `credentials`.
 */
export function kindOfToolError(error: string): FailureKind {
  const text = error.slice(0, SEARCHED_CHARACTERS);
  const scanner = createAuthScanner();
  if ([...scanner.push(Buffer.from(text)), ...scanner.end()].length > 0 || FORBIDDEN.test(text)) return 'auth';
  if (LIMITED.test(text)) return 'rate-limit';
  if (MISSING.test(text)) return 'not-found';
  const failure = failureOfWords(text);
  return failure === 'auth' || failure === 'rate-limit' ? failure : 'other';
}

const FORBIDDEN = /\b403[ :,-]{1,3}forbidden\b|\b(?:http|status|code|error)\W{1,3}(?:code\W{1,3})?403\b/i;
const LIMITED = /\btoo many requests\b|rate.?limit|\b(?:http|status|code|error)\W{1,3}(?:code\W{1,3})?429\b/i;
const MISSING =
  /\bnot found\b|\bno such\b|\bdoes not exist\b|\bENOENT\b|\b(?:http|status|code|error)\W{1,3}(?:code\W{1,3})?404\b/i;

/** Classes of a run's failure as fleet.yaml's kinds; all others are `other`. Whoever is busy asks for the same as one who limits. */
const MODEL_KINDS: Readonly<Partial<Record<FailureClass, FailureKind>>> = {
  auth: 'auth',
  'rate-limit': 'rate-limit',
  overloaded: 'rate-limit',
  'not-found': 'not-found',
};

function isOwnRuntime(agent: Agent, mode: FailureMode): boolean {
  return mode.tool.toLowerCase() === agent.runtime;
}
