import type { Agent } from '../../config/fleet.ts';
import { rpcRequest } from '../rpc.ts';
import type { RunInput } from '../runtime.ts';

/** The ids of our own requests; Codex numbers its own apart from ours. */
export const ID = { initialize: 'initialize', thread: 'thread', turn: 'turn', steer: 'steer' } as const;

/** The line that opens the conversation. */
export const OPENING = rpcRequest(ID.initialize, 'initialize', {
  clientInfo: { name: 'nightdesk', title: 'Nightdesk', version: '1' },
  capabilities: null,
});

/** Asks for the thread that the run works in. */
export function askForThread(agent: Agent, run: RunInput): string {
  // `on-request` works freely in the workdir, inside Codex's own sandbox, and asks for what leaves it: other folders, the network.
  // `untrusted` asks for each `ls`, which nobody answers fifty times a run.
  const isFree = agent.permissions.mode === 'allow';
  const settings = {
    cwd: agent.workdir,
    ...optional('model', agent.model),
    approvalPolicy: isFree ? 'never' : 'on-request',
    sandbox: isFree ? 'danger-full-access' : 'workspace-write',
    developerInstructions: run.instructions,
  };
  return run.session.kind === 'resume'
    ? rpcRequest(ID.thread, 'thread/resume', { threadId: run.session.resumeToken, excludeTurns: true, ...settings })
    : rpcRequest(ID.thread, 'thread/start', settings);
}

/** Gives the agent its prompt, and what else it is to read. */
export function askForTurn(threadId: string, run: RunInput): string {
  return rpcRequest(ID.turn, 'turn/start', { threadId, input: [run.prompt, run.stdin].flatMap(toInput) });
}

/** Tells the agent something in the middle of its turn; it reads that when the call that it is at has ended. */
export function tellWhileAtWork(threadId: string, turnId: string, text: string): string {
  return rpcRequest(ID.steer, 'turn/steer', { threadId, expectedTurnId: turnId, input: toInput(text) });
}

function toInput(text: string | undefined): readonly { readonly type: 'text'; readonly text: string }[] {
  return text === undefined || text === '' ? [] : [{ type: 'text', text }];
}

/** A member that is there only when it has a value. */
export function optional<Key extends string, Value>(
  key: Key,
  value: Value | undefined,
): { readonly [K in Key]?: Value } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [K in Key]?: Value };
}
