import { formatDuration } from '../config/duration.ts';
import type { AgentDecision } from './contract.ts';
import type { GatewayCall, GatewayOutcome } from './gateway-client.ts';
import { MEDIA_WAIT_MS } from './limits.ts';
import { renderDecisions } from './render-decisions.ts';

/** What agents call the gateway with, and the words in which its answer is told: the same for commands and for tools. */
export interface AgentCall {
  readonly call: GatewayCall;
  readonly print: (answer: Readonly<Record<string, unknown>>) => Printed;
}

/** What an answer says, and the exit code where it is not 0; undefined when it cannot be understood. */
export type Printed = { readonly out: string; readonly hint?: string; readonly code?: 1 } | undefined;

/** Hands in a draft: prints its id. */
export function draftCall(draft: {
  readonly kind?: string | undefined;
  readonly to?: string | undefined;
  readonly url?: string | undefined;
  readonly context?: string | undefined;
  readonly body: string;
  readonly windowMs?: number | undefined;
  readonly priority?: number | undefined;
  readonly key?: string | undefined;
  /** Paths of files. */
  readonly media?: readonly string[] | undefined;
}): AgentCall {
  return {
    call: {
      method: 'POST',
      target: '/v1/draft',
      // JSON leaves out what is undefined.
      body: draft,
      repeatable: draft.key !== undefined,
      ...(draft.media === undefined ? {} : { waitsMs: MEDIA_WAIT_MS }),
    },
    print: ({ id }) => (Number.isSafeInteger(id) ? { out: `${String(id)}\n` } : undefined),
  };
}

/** Hands in another version of a draft: prints its id. The same text again is the same version. */
export function versionCall(version: {
  readonly revises: number;
  readonly body: string;
  readonly media?: readonly string[] | undefined;
}): AgentCall {
  return {
    call: {
      method: 'POST',
      target: '/v1/version',
      body: version,
      repeatable: true,
      ...(version.media === undefined ? {} : { waitsMs: MEDIA_WAIT_MS }),
    },
    print: ({ id }) => (Number.isSafeInteger(id) ? { out: `${String(id)}\n` } : undefined),
  };
}

/** Says "I am alive", and how long the step that begins may take: prints nothing, but tells when the run's timeout comes before. */
export function beatCall(note: string | undefined, forMs: number | undefined): AgentCall {
  return {
    call: { method: 'POST', target: '/v1/beat', body: { note, forMs }, repeatable: true },
    print: ({ cut_to_ms: cutToMs }) =>
      typeof cutToMs === 'number'
        ? {
            out: '',
            hint: `this run is stopped at its timeout in ${formatDuration(cutToMs)}, before that step may end`,
          }
        : { out: '' },
  };
}

/** Says what got done: prints nothing. */
export function progressCall(text: string): AgentCall {
  return {
    call: { method: 'POST', target: '/v1/progress', body: { text }, repeatable: true },
    print: () => ({ out: '' }),
  };
}

/** Reports a tool's failure: prints what the failure mode bids. */
export function failCall(failure: {
  readonly tool: string;
  readonly kind: string;
  readonly credential?: string | undefined;
  readonly text: string;
}): AgentCall {
  return {
    // Not repeatable: a failure that is counted twice uses up a retry that the agent never made.
    call: { method: 'POST', target: '/v1/fail', body: failure, repeatable: false },
    print: ({ answer }) => (typeof answer === 'string' ? { out: `${answer}\n` } : undefined),
  };
}

/** Asks what became of the drafts, since an ISO 8601 time or the newest ones; `option` is how since is written there. */
export function decisionsCall(since: string | undefined, option: string, asJson: boolean): AgentCall {
  const query = since === undefined ? '' : `?since=${since}`;
  return {
    call: { method: 'GET', target: `/v1/decisions${query}`, repeatable: true },
    print(answer) {
      if (!Array.isArray(answer['decisions'])) return undefined;
      const decisions = answer['decisions'] as readonly AgentDecision[];
      const out = asJson ? `${JSON.stringify(decisions, null, 2)}\n` : renderDecisions(decisions);
      if (answer['more'] !== true) return { out };
      return since === undefined
        ? { out, hint: `these are the newest; ${option} asks for older ones` }
        : { out, hint: `there may be more: go on with ${option} ${decisions.at(-1)?.at ?? since}` };
    },
  };
}

/** What to make of a control plane that did not answer. */
export function explainUnavailable(
  { reason, maybe }: GatewayOutcome & { kind: 'unavailable' },
  call: Pick<GatewayCall, 'repeatable'> & Partial<Pick<GatewayCall, 'target'>>,
): string {
  if (!maybe) return `the control plane cannot be reached (${reason}): nothing was sent`;
  if (call.repeatable) return `the control plane did not answer (${reason}): the same command again is safe`;
  const advice =
    call.target === '/v1/draft' || call.target === '/v1/task/add' ? '; with --key it could safely be sent again' : '';
  return `the control plane did not answer (${reason}): whether this was taken is unknown${advice}`;
}
