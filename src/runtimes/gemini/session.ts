import type { Agent } from '../../config/fleet.ts';
import type { ProcessExit } from '../../ports.ts';
import { toEvidence, toFailureEvidence } from '../evidence.ts';
import type { JsonRecord } from '../json-fields.ts';
import { countField, recordField, textField } from '../json-fields.ts';
import type { Conversation } from '../line-decoder.ts';
import { readRpc, rpcRefusal, rpcRequest, rpcResult } from '../rpc.ts';
import type { RpcId } from '../rpc.ts';
import type { FailureClass, Patience, Permission, RunEvent, RunInput, RunOutcome } from '../runtime.ts';
import { classifyExit, classifyFailure, readRefusal, readRetry, readStop } from './failures.ts';
import { readQuestion } from './permissions.ts';
import type { Question } from './permissions.ts';
import { takeStreamLine } from './stream-json.ts';
import { errorOf, inputOf, isOver, likenessOf, nameTool, saidIn } from './tools.ts';

/** The ids of our own requests. */
const ID = { initialize: 'initialize', session: 'session', prompt: 'prompt' } as const;

/** Tool calls that are kept in mind at once; no agent has as many. */
const MOST_OPEN = 256;

/** Questions of one run that reach the owner: nobody answers more of them, and what is asked after them is refused. */
const MOST_QUESTIONS = 200;

/** Refusals of one run: a program that asks for more is no Gemini CLI, and is left waiting. */
const MOST_REFUSALS = 1000;

/** What is told of the agent's words: enough to tell them from others. */
const SAID_CHARACTERS = 1000;

/** The end of what the agent says that is kept for its last line. */
const LAST_WORDS_CHARACTERS = 8 * 1024;

/** Gemini CLI reads 100 MB of itself before it answers: 2 s alone, 11 s on a busy machine, and more where many start at once. */
const START_MS = 3 * 60_000;

/** Longer than its ten tries of a call, the longest silence seen: 243 s. */
const MODEL_MS = 15 * 60_000;

/** After its answer it ends within a second of its stdin's end. */
const END_MS = 60_000;

/** Whose credential a refused call of the model is. */
const VENDOR = 'google';

/**
 * What stands for the run's token: Gemini CLI fills in variables in headers, but hides those from itself that are named like secrets,
 * unless their names begin with its own.
 */
const AUTHORIZATION = 'Bearer ${GEMINI_CLI_NIGHTDESK_TOKEN}';

/** The line that opens the conversation. */
export const OPENING = rpcRequest(ID.initialize, 'initialize', {
  protocolVersion: 1,
  clientCapabilities: { fs: { readTextFile: false, writeTextFile: false }, terminal: false },
});

/**
 * Leads a run of `gemini --acp`, or reads one of `gemini -p … --output-format stream-json`.
 *
 * States: before the session → prompted → ended, when the prompt is answered or cannot be given.
 */
export function createGeminiSession(agent: Agent, run: RunInput, emit: (event: RunEvent) => void): Conversation {
  const tools = new Map<string, string>();
  const questions = new Map<string, { readonly id: RpcId; readonly question: Question }>();
  let isHeard = false;
  let isPrompted = false;
  let version: string | undefined;
  let sessionId: string | undefined;
  let words = '';
  let refusals = 0;
  let asked = 0;
  /** The result of stream-json that failed: its exit code says more of it. */
  let failedResult: string | undefined;
  let end: RunOutcome | undefined;

  function take(message: JsonRecord): void {
    isHeard = true;
    const rpc = readRpc(message);
    if (rpc === undefined) takeStreamLine(message, { emit, beginTool, endTool, say, end: endStream });
    else if (rpc.kind === 'request') takeRequest(rpc.id, rpc.method, rpc.params);
    else if (rpc.kind === 'notice') takeUpdate(recordField(rpc.params, 'update'));
    else if (rpc.kind === 'result') takeResult(rpc.id, rpc.result);
    else takeError(rpc.id, rpc.error);
  }

  function write(text: string): void {
    emit({ kind: 'write', text });
  }

  /** The handshake: each answer calls for the next request. */
  function takeResult(id: RpcId, result: JsonRecord): void {
    if (id === ID.initialize) {
      version = textField(recordField(result, 'agentInfo'), 'version');
      write(askForSession(agent, run));
    } else if (id === ID.session && !isPrompted) {
      sessionId = run.session.kind === 'resume' ? run.session.resumeToken : textField(result, 'sessionId');
      if (sessionId === undefined) return fail('config', 'gemini names no session: its version may be too new');
      const model = textField(recordField(result, 'models'), 'currentModelId');
      emit({
        kind: 'session',
        resumeToken: sessionId,
        ...(model === undefined ? {} : { model }),
        ...(version === undefined ? {} : { version }),
      });
      isPrompted = true;
      write(rpcRequest(ID.prompt, 'session/prompt', { sessionId, prompt: promptOf(run) }));
    } else if (id === ID.prompt) completePrompt(result);
  }

  function takeError(id: RpcId, error: JsonRecord): void {
    if (id !== ID.initialize && id !== ID.session && id !== ID.prompt) return;
    const { message, failure } = readRefusal(error);
    if (id === ID.session && run.session.kind === 'resume' && /session.{0,60}\bfound|invalid session/i.test(message)) {
      return fail('not-found', message);
    }
    fail(failure === 'unknown' && id !== ID.prompt ? 'config' : failure, message);
  }

  function completePrompt(result: JsonRecord): void {
    const tokens = recordField(recordField(recordField(result, '_meta'), 'quota'), 'token_count');
    if (tokens !== undefined) {
      emit({
        kind: 'usage',
        inputTokens: countField(tokens, 'input_tokens'),
        outputTokens: countField(tokens, 'output_tokens'),
      });
    }
    const failed = readStop(result);
    if (failed === undefined) finish(done());
    else fail(failed.failure, failed.message);
  }

  function takeUpdate(update: JsonRecord | undefined): void {
    // What comes before the prompt, and tool calls that are over as they begin, are the history of a session that was loaded.
    if (!isPrompted || update === undefined) return;
    const id = textField(update, 'toolCallId') ?? '';
    switch (update['sessionUpdate']) {
      case 'agent_message_chunk':
        return say(saidIn(update));
      // Both end the history of a session that was loaded: some of it comes after the answer that says so.
      case 'user_message_chunk':
      case 'available_commands_update':
        words = '';
        return;
      case 'tool_call':
        words = '';
        return isOver(update) ? undefined : beginTool(id, nameTool(update), inputOf(update), likenessOf(update));
      case 'tool_call_update':
        return isOver(update) ? endTool(id, errorOf(update)) : undefined;
    }
  }

  function beginTool(id: string, tool: string, input: string, likeness?: string): void {
    if (id === '' || tools.has(id) || tools.size >= MOST_OPEN) return;
    tools.set(id, tool);
    emit({ kind: 'tool-begun', id, tool, input, ...(likeness === undefined ? {} : { likeness }) });
  }

  function endTool(id: string, error: string | undefined): void {
    const tool = tools.get(id);
    if (tool === undefined || !tools.delete(id)) return;
    emit({ kind: 'tool-ended', id, tool, ...(error === undefined ? {} : { error }) });
  }

  /** Its words come in small pieces: the first of each message is told. */
  function say(text: string): void {
    if (words === '' && text !== '') emit({ kind: 'said', text: text.slice(0, SAID_CHARACTERS) });
    words = (words + text).slice(-LAST_WORDS_CHARACTERS);
  }

  function endStream(error: string | undefined): void {
    if (error === undefined) return finish(done());
    if (end !== undefined || failedResult !== undefined) return;
    failedResult = error;
    emit({ kind: 'turn-ended' });
  }

  function done(): RunOutcome {
    const lastLine = words
      .split('\n')
      .findLast((line) => line.trim() !== '')
      ?.trim();
    return { kind: 'done', ...(lastLine === undefined ? {} : { lastLine }) };
  }

  function fail(failure: FailureClass, message: string): void {
    const hint = failure === 'auth' ? { credentialHint: VENDOR } : {};
    finish({ kind: 'failed', failure, evidence: toFailureEvidence(message) || 'a failure without words', ...hint });
  }

  function finish(outcome: RunOutcome): void {
    if (end !== undefined) return;
    end = outcome;
    tools.clear();
    questions.clear();
    if (failedResult === undefined) emit({ kind: 'turn-ended' });
  }

  function takeRequest(id: RpcId, method: string, params: JsonRecord): void {
    if (method !== 'session/request_permission' || end !== undefined) return refuse(id);
    words = '';
    const question = readQuestion(params);
    const { mode, tools: allowed } = agent.permissions;
    if (mode === 'allow' || allowed.includes(question.tool) || question.isOwn) {
      beginTool(question.callId, question.tool, question.title);
      return write(rpcResult(id, question.answer('once')));
    }
    if (++asked > MOST_QUESTIONS) return refuse(id);
    const request = JSON.stringify(id);
    questions.set(request, { id, question });
    const { tool, detail, forRun } = question;
    emit({ kind: 'permission', request, tool, detail, forRun });
  }

  function refuse(id: RpcId): void {
    if (++refusals <= MOST_REFUSALS) write(rpcRefusal(id, 'Nobody is here to answer this: go on without it.'));
  }

  /** The protocol has no room for a reason: the agent reads that it was declined. */
  function decide(request: string, permission: Permission): string | undefined {
    const waiting = questions.get(request);
    if (waiting === undefined) return undefined;
    questions.delete(request);
    // A call that was asked about is not told as begun; one that was denied is told in no other way.
    const { callId, tool, title } = waiting.question;
    beginTool(callId, tool, title);
    if (permission === 'deny') endTool(callId, 'declined');
    return rpcResult(waiting.id, waiting.question.answer(permission));
  }

  /** With `--acp` stderr comes when it ends, so that its tries are silent; a line after the end tells nothing any more. */
  function takeNoise(line: string): void {
    const retry = end === undefined ? readRetry(line) : undefined;
    if (retry !== undefined) emit({ kind: 'retrying', ...retry, evidence: toEvidence(line) });
  }

  function patience(): Patience | undefined {
    if (end !== undefined || failedResult !== undefined) return { forMs: END_MS, during: 'after its turn was over' };
    if (!isHeard) return { forMs: START_MS, during: 'while it was starting' };
    return tools.size > 0 || questions.size > 0
      ? undefined
      : { forMs: MODEL_MS, during: 'while waiting for its model' };
  }

  function outcome(exit: ProcessExit): RunOutcome | undefined {
    const code = exit.kind === 'exited' ? exit.code : undefined;
    if (failedResult !== undefined) fail(classifyFailure(failedResult, undefined, code), failedResult);
    return end;
  }

  return { take, takeNoise, patience, decide, outcome, classifyExit };
}

function askForSession(agent: Agent, run: RunInput): string {
  const server = {
    type: 'http',
    name: 'nightdesk',
    url: run.mcpUrl,
    headers: [{ name: 'Authorization', value: AUTHORIZATION }],
  };
  const place = { cwd: agent.workdir, mcpServers: [server] };
  return run.session.kind === 'resume'
    ? rpcRequest(ID.session, 'session/load', { sessionId: run.session.resumeToken, ...place })
    : rpcRequest(ID.session, 'session/new', place);
}

/** Gemini CLI has no instructions besides the prompt that it could be given for one run. */
function promptOf(run: RunInput): readonly { readonly type: 'text'; readonly text: string }[] {
  return [run.instructions, run.prompt, run.stdin].flatMap((text) =>
    text === undefined || text === '' ? [] : [{ type: 'text', text }],
  );
}
