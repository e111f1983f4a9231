import type { Agent } from '../../config/fleet.ts';
import { toEvidence, toFailureEvidence } from '../evidence.ts';
import type { JsonRecord } from '../json-fields.ts';
import { asRecord, countField, listField, numberField, recordField, textField } from '../json-fields.ts';
import { likenessOfText } from '../likeness.ts';
import type { Conversation } from '../line-decoder.ts';
import { readRpc, rpcNotice, rpcRefusal, rpcResult } from '../rpc.ts';
import type { RpcId, RpcMessage } from '../rpc.ts';
import type { Patience, Permission, RunEvent, RunInput, RunOutcome } from '../runtime.ts';
import { readApproval } from './approvals.ts';
import type { Approval } from './approvals.ts';
import { createExecTranslator } from './exec-lines.ts';
import { readAttempt, readRefusal, readTurnError, readTurnFailure } from './failures.ts';
import type { CodexFailure } from './failures.ts';
import { describeChanges, readServerTrouble, readTool, readToolError } from './items.ts';
import { askForThread, askForTurn, ID, optional, tellWhileAtWork } from './requests.ts';
import { createTokenMeter } from './token-meter.ts';

/** Tool calls that are kept in mind at once; no agent has as many. */
const MOST_OPEN = 256;

/** Questions of one run that reach the owner: nobody answers more of them, and what is asked after them is refused. */
const MOST_QUESTIONS = 200;

/** Refusals of one run: a program that asks for more is no Codex, and is left waiting. */
const MOST_REFUSALS = 1000;

/** Codex answers `initialize` within 0.7 s; a machine that starts many agents at once takes many times as long. */
const START_MS = 60_000;

/** Longer than any answer of a model took, its silent thinking among it. */
const MODEL_MS = 15 * 60_000;

/** After its turn Codex ends within 0.1 s of its stdin's end. */
const END_MS = 60_000;

/** What is told of the agent's words: enough to tell them from others. */
const SAID_CHARACTERS = 1000;

/** Whose credential a refused call of the model is. */
const VENDOR = 'openai';

/**
 * Leads a run of `codex app-server`, or reads one of `codex exec --json`.
 *
 * States: before the thread → in its turn → ended, when the turn is completed or could not begin.
 */
export function createCodexSession(agent: Agent, run: RunInput, emit: (event: RunEvent) => void): Conversation {
  const tools = new Map<string, { readonly name: string; readonly item: JsonRecord }>();
  const approvals = new Map<string, { readonly id: RpcId; readonly approval: Approval; readonly params: JsonRecord }>();
  const meter = createTokenMeter(emit);
  let isTurnBegun = false;
  let turnId: string | undefined;
  let isHeard = false;
  let threadId: string | undefined;
  let lastMessage: string | undefined;
  let lastFailure: CodexFailure | undefined;
  let end: RunOutcome | undefined;
  let refusals = 0;
  let questions = 0;
  let sign: CodexFailure | undefined;
  let resetsAt: number | undefined;

  const exec = createExecTranslator(takeNotice);

  function take(message: JsonRecord): void {
    isHeard = true;
    const rpc = readRpc(message);
    if (rpc === undefined) exec.take(message);
    else if (rpc.kind === 'request') takeRequest(rpc);
    else if (rpc.kind === 'notice') takeNotice(rpc.method, rpc.params);
    else if (rpc.kind === 'result') takeResult(rpc.id, rpc.result);
    else takeRefusal(rpc.id, rpc.error);
  }

  function write(text: string): void {
    emit({ kind: 'write', text });
  }

  /** The handshake: each answer calls for the next request. */
  function takeResult(id: RpcId, result: JsonRecord): void {
    if (id === ID.initialize) {
      write(rpcNotice('initialized') + askForThread(agent, run));
    } else if (id === ID.thread) {
      const thread = recordField(result, 'thread');
      beginSession(textField(thread, 'id'), textField(thread, 'cliVersion'), textField(result, 'model'));
      if (threadId === undefined)
        fail({ failure: 'config', message: 'codex names no thread: its version may be too new' });
      else write(askForTurn(threadId, run));
    }
  }

  /** Told once: by the answer to our request, or by the notice that comes with it. */
  function beginSession(id: string | undefined, version: string | undefined, model: string | undefined): void {
    if (threadId !== undefined || id === undefined) return;
    threadId = id;
    emit({ kind: 'session', resumeToken: id, ...optional('model', model), ...optional('version', version) });
  }

  function takeRefusal(id: RpcId, error: JsonRecord): void {
    const refusal = readRefusal(id, error);
    if (refusal !== undefined) fail(refusal);
  }

  function takeNotice(method: string, params: JsonRecord): void {
    switch (method) {
      case 'thread/started': {
        const thread = recordField(params, 'thread');
        return beginSession(textField(thread, 'id'), textField(thread, 'cliVersion'), textField(thread, 'model'));
      }
      case 'turn/started':
        isTurnBegun ||= isOurs(params);
        if (isOurs(params)) turnId = textField(recordField(params, 'turn'), 'id') ?? turnId;
        return;
      case 'item/started':
        return beginItem(recordField(params, 'item'));
      case 'item/completed':
        return endItem(recordField(params, 'item'), isOurs(params));
      case 'thread/tokenUsage/updated':
        return meter.count(params, isTurnBegun, isOurs(params));
      case 'account/rateLimits/updated':
        return noteLimits(recordField(params, 'rateLimits'));
      case 'serverRequest/resolved':
        return voidApproval(keyOf(params['requestId']));
      case 'mcpServer/startupStatus/updated':
        return noteServer(params);
      case 'error':
        return takeError(params);
      case 'turn/completed':
        return isOurs(params) ? completeTurn(recordField(params, 'turn')) : undefined;
      default:
        return;
    }
  }

  function isOurs(params: JsonRecord): boolean {
    const thread = textField(params, 'threadId');
    return thread === undefined || threadId === undefined || thread === threadId;
  }

  /** Answered by us or not: Codex wants no answer any more. */
  function voidApproval(request: string): void {
    if (approvals.delete(request)) emit({ kind: 'permission-void', request });
  }

  function beginItem(item: JsonRecord | undefined): void {
    const tool = readTool(item);
    if (item === undefined || tool === undefined || tools.has(tool.id) || tools.size >= MOST_OPEN) return;
    tools.set(tool.id, { name: tool.tool, item });
    // Another change of the same files is another call.
    const likeness =
      item['type'] === 'fileChange' ? { likeness: likenessOfText(describeChanges(item, true)) } : undefined;
    emit({ kind: 'tool-begun', ...tool, ...likeness });
  }

  function endItem(item: JsonRecord | undefined, isOurs: boolean): void {
    const type = textField(item, 'type');
    const said = type === 'agentMessage' ? textField(item, 'text') : undefined;
    if (said !== undefined) emit({ kind: 'said', text: said.slice(0, SAID_CHARACTERS) });
    if (isOurs) lastMessage = said ?? lastMessage;
    if (type === 'contextCompaction') emit({ kind: 'compacted' });
    const tool = readTool(item);
    // Some calls are told when they are over only.
    if (tool !== undefined) beginItem(item);
    if (tool === undefined || !tools.delete(tool.id)) return;
    emit({ kind: 'tool-ended', id: tool.id, tool: tool.tool, ...optional('error', readToolError(item)) });
  }

  /** A plan that is used up tells in seconds when it is renewed; the words of its failure do so in a zone that nobody names. */
  function noteLimits(limits: JsonRecord | undefined): void {
    const ends = ['primary', 'secondary'].flatMap((name) => {
      const limit = recordField(limits, name);
      const isFull = (numberField(limit, 'usedPercent') ?? 0) >= 100;
      return isFull ? countField(limit, 'resetsAt') : [];
    });
    const latest = Math.max(0, ...ends);
    resetsAt = latest > 0 ? latest * 1000 : undefined;
  }

  function noteServer(params: JsonRecord): void {
    const text = readServerTrouble(params);
    if (text !== undefined) emit({ kind: 'warning', text });
  }

  function takeError(params: JsonRecord): void {
    const error = recordField(params, 'error');
    const failure = readTurnError(error);
    if (params['willRetry'] !== true) {
      if (isOurs(params)) lastFailure = failure;
      return;
    }
    const attempt = retries.next(readAttempt(error));
    emit({ kind: 'retrying', failure: failure.failure, attempt, evidence: toEvidence(failure.message) });
    // One 401 may be a token that was renewed a moment ago; Codex would try a dead one five times more.
    if (failure.failure !== 'auth' || attempt < 2 || sign !== undefined) return;
    sign = failure;
    emit({ kind: 'auth-sign', evidence: toFailureEvidence(failure.message), credentialHint: VENDOR });
  }

  const retries = createRetryCount();

  function completeTurn(turn: JsonRecord | undefined): void {
    const failure = readTurnFailure(turn);
    if (failure === undefined) return finish({ kind: 'done', ...optional('lastLine', lastLineOf(turn)) });
    fail(failure.isTold ? failure : (lastFailure ?? failure));
  }

  function lastLineOf(turn: JsonRecord | undefined): string | undefined {
    const told = listField(turn, 'items')
      .map(asRecord)
      .findLast((item) => item?.['type'] === 'agentMessage');
    const lines = (lastMessage ?? textField(told, 'text') ?? '').split('\n');
    return lines.findLast((line) => line.trim() !== '')?.trim();
  }

  function fail({ failure, message }: CodexFailure): void {
    finish({
      kind: 'failed',
      failure,
      evidence: toFailureEvidence(message) || 'a failure without words',
      ...(failure === 'auth' ? { credentialHint: VENDOR } : {}),
      ...(failure === 'rate-limit' ? optional('retryAt', resetsAt) : {}),
    });
  }

  function finish(outcome: RunOutcome): void {
    if (end !== undefined) return;
    end = outcome;
    tools.clear();
    approvals.clear();
    emit({ kind: 'turn-ended' });
  }

  function takeRequest({ id, method, params }: RpcMessage & { kind: 'request' }): void {
    const approval = readApproval(method, params, tools.get(textField(params, 'itemId') ?? '')?.item);
    if (approval !== undefined && end === undefined && isAllowed(approval)) {
      return write(rpcResult(id, approval.answer('once')));
    }
    if (approval === undefined || end !== undefined || ++questions > MOST_QUESTIONS) {
      if (++refusals <= MOST_REFUSALS) write(rpcRefusal(id, 'Nobody is here to answer this: go on without it.'));
      return;
    }
    const request = keyOf(id);
    approvals.set(request, { id, approval, params });
    emit({ kind: 'permission', request, tool: approval.tool, detail: approval.detail, forRun: approval.forRun });
  }

  function isAllowed({ tool }: Approval): boolean {
    const { mode, tools: allowed } = agent.permissions;
    return mode === 'allow' || allowed.includes(tool) || tool.startsWith('mcp__nightdesk__');
  }

  /** A reason cannot go with the answer: it follows as a message to the agent, which reads it with the refused call. */
  function decide(request: string, permission: Permission, reason: string): string | undefined {
    const asked = approvals.get(request);
    if (asked === undefined) return undefined;
    approvals.delete(request);
    const answer = rpcResult(asked.id, asked.approval.answer(permission));
    const [thread, turn] = [textField(asked.params, 'threadId'), textField(asked.params, 'turnId')];
    if (permission !== 'deny' || reason.trim() === '' || thread === undefined || turn === undefined) return answer;
    return answer + tellWhileAtWork(thread, turn, reason);
  }

  function patience(): Patience | undefined {
    if (end !== undefined) return { forMs: END_MS, during: 'after its turn was over' };
    if (!isHeard) return { forMs: START_MS, during: 'while it was starting' };
    return tools.size > 0 || approvals.size > 0
      ? undefined
      : { forMs: MODEL_MS, during: 'while waiting for its model' };
  }

  return {
    take,
    patience,
    decide,
    // It reads a message when the call that it is at has ended; `codex exec` has no turn with an id.
    ask: (text) =>
      end !== undefined || threadId === undefined || turnId === undefined
        ? undefined
        : tellWhileAtWork(threadId, turnId, text),
    outcome(exit) {
      // A sign of a dead credential gets the run stopped, before Codex has said how it ended.
      const known = sign ?? (exit.kind === 'exited' ? lastFailure : undefined);
      if (end === undefined && known !== undefined) fail(known);
      return end;
    },
  };
}

/** Numbers the tries of one call, told or not. */
function createRetryCount(): { next(told: number | undefined): number } {
  let last = 0;
  return {
    next(told) {
      last = told ?? last + 1;
      return last;
    },
  };
}

function keyOf(id: unknown): string {
  return JSON.stringify(id) ?? '';
}
