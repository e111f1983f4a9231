import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Agent } from '../../src/config/fleet.ts';
import { codexRuntime } from '../../src/runtimes/codex/codex.ts';
import type { RunEvent, RunInput } from '../../src/runtimes/runtime.ts';
import { agentOf, runOf } from './agent-for-tests.ts';
import { describeContract } from './contract.ts';
import { readTranscripts } from './transcripts.ts';

const prepare = () => codexRuntime.prepare(agentOf('codex'), runOf());

describeContract('codex app-server', prepare, [
  ...readTranscripts('codex-app-server', { '401': 'auth', approval: 'done' }),
  ...readTranscripts('codex-led', {
    tool: 'done',
    resume: 'done',
    compacted: 'done',
    'resume-missing': 'not-found',
    '401-midrun': 'auth',
    'usage-limit': 'rate-limit',
    quota: 'budget',
    overloaded: 'overloaded',
    dropped: 'timeout',
  }),
]);

describeContract(
  'codex exec',
  prepare,
  readTranscripts('codex', { tool: 'done', '401': 'auth', 'usage-limit': 'rate-limit', 'context-full': 'context' }),
);

const THREAD = { id: 'thread', result: { thread: { id: 'th-1', cliVersion: '0.169.0' }, model: 'gpt-5.2-codex' } };
const GONE = { kind: 'exited', code: 0 } as const;

/** A run whose server says what the test says. */
function converse(changes: { readonly agent?: Partial<Agent>; readonly run?: Partial<RunInput> } = {}) {
  const { spawn, decoder } = codexRuntime.prepare(agentOf('codex', changes.agent), runOf(changes.run));
  function say(...messages: readonly unknown[]): RunEvent[] {
    const text = messages.map((message) => `${JSON.stringify(message)}\n`).join('');
    return decoder.push(Buffer.from(text), 'stdout').filter(({ kind }) => kind !== 'output');
  }
  return { spawn, decoder, say };
}

function written(events: readonly RunEvent[]): unknown[] {
  return events.flatMap((event) => (event.kind === 'write' ? linesOf(event.text) : []));
}

function linesOf(text: string): unknown[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line): unknown => JSON.parse(line));
}

const asks = (id: number, changes: object = {}) => ({
  id,
  method: 'item/commandExecution/requestApproval',
  params: {
    threadId: 'th-1',
    turnId: 'tu-1',
    itemId: 'call-1',
    command: 'touch /etc/x',
    cwd: '/work/scout',
    ...changes,
  },
});

describe('codex: the handshake', () => {
  it('is opened by the first line of stdin, which stays open', () => {
    const { spawn } = converse();

    expect(linesOf(spawn.stdin ?? '')).toMatchObject([{ id: 'initialize', method: 'initialize' }]);
    expect(spawn.keepsInputOpen).toBe(true);
  });

  it('asks for a thread in the workdir with the model and the instructions', () => {
    const { say } = converse({ agent: { model: 'gpt-5.2-codex' } });

    expect(written(say({ id: 'initialize', result: { userAgent: 'x' } }))).toMatchObject([
      { method: 'initialized' },
      {
        id: 'thread',
        method: 'thread/start',
        params: {
          cwd: '/work/scout',
          model: 'gpt-5.2-codex',
          approvalPolicy: 'on-request',
          sandbox: 'workspace-write',
          developerInstructions: 'You are watched.',
        },
      },
    ]);
  });

  it('lets everything pass when its permissions say so', () => {
    const { say } = converse({ agent: { permissions: { mode: 'allow', tools: [], withinMs: 1 } } });

    expect(written(say({ id: 'initialize', result: {} }))[1]).toMatchObject({
      params: { approvalPolicy: 'never', sandbox: 'danger-full-access' },
    });
  });

  it('goes on with a thread when it resumes', () => {
    const { say } = converse({ run: { session: { kind: 'resume', resumeToken: 'th-0' } } });

    expect(written(say({ id: 'initialize', result: {} }))[1]).toMatchObject({
      method: 'thread/resume',
      params: { threadId: 'th-0' },
    });
  });

  it('gives the prompt, and what is to be read on stdin, once the thread is there', () => {
    const { say } = converse({ run: { stdin: '{"body":"a draft"}' } });

    const events = say(THREAD);

    expect(events[0]).toEqual({ kind: 'session', resumeToken: 'th-1', model: 'gpt-5.2-codex', version: '0.169.0' });
    expect(written(events)).toMatchObject([
      {
        method: 'turn/start',
        params: { threadId: 'th-1', input: [{ text: 'Look for news.' }, { text: '{"body":"a draft"}' }] },
      },
    ]);
  });

  it('passes the MCP endpoint without the token, and without questions about its tools', () => {
    const flags = converse().spawn.argv.join(' ');

    expect(flags).toContain('mcp_servers.nightdesk.url="http://127.0.0.1:4000/mcp"');
    expect(flags).toContain('mcp_servers.nightdesk.bearer_token_env_var="NIGHTDESK_TOKEN"');
    expect(flags).toContain('mcp_servers.nightdesk.default_tools_approval_mode="approve"');
  });

  it('waits for the tools before it begins, but for a probe, which has none', () => {
    const { spawn } = converse();
    const probe = codexRuntime.cli?.prepareProbe(agentOf('codex'), runOf());

    expect(spawn.argv).toContain('mcp_servers.nightdesk.required=true');
    expect(probe?.spawn.argv.join(' ')).not.toContain('mcp_servers');
  });
});

describe('codex: what it wants to be allowed', () => {
  it('is asked in full', () => {
    const { say } = converse();

    expect(say(THREAD, asks(4, { reason: 'it is needed' })).at(-1)).toEqual({
      kind: 'permission',
      request: '4',
      tool: 'exec_command',
      detail: 'it is needed\ntouch /etc/x\nin /work/scout',
      forRun: 'this very command, as often as it is run',
    });
  });

  it.each([
    ['once', 'accept'],
    ['run', 'acceptForSession'],
  ] as const)('is answered as %s with %s', (permission, decision) => {
    const { say, decoder } = converse();
    say(THREAD, asks(4));

    expect(linesOf(decoder.decide('4', permission, '') ?? '')).toMatchObject([{ id: 4, result: { decision } }]);
    expect(decoder.decide('4', permission, '')).toBeUndefined();
  });

  it('is denied so that the agent goes on, and reads why', () => {
    const { say, decoder } = converse();
    say(THREAD, asks(4));

    expect(linesOf(decoder.decide('4', 'deny', 'not at night') ?? '')).toMatchObject([
      { id: 4, result: { decision: 'decline' } },
      { method: 'turn/steer', params: { threadId: 'th-1', expectedTurnId: 'tu-1', input: [{ text: 'not at night' }] } },
    ]);
  });

  it('shows a change of files with its diff, which only its item holds', () => {
    const { say } = converse();
    const item = { type: 'fileChange', id: 'call-1', changes: [{ path: '/a', kind: { type: 'add' }, diff: 'hello' }] };
    const method = 'item/fileChange/requestApproval';

    const events = say(
      THREAD,
      { method: 'item/started', params: { threadId: 'th-1', item } },
      { id: 1, method, params: { threadId: 'th-1', turnId: 'tu-1', itemId: 'call-1', reason: null } },
    );

    expect(events.at(-1)).toMatchObject({ kind: 'permission', tool: 'apply_patch', detail: 'add /a\nhello' });
  });

  it('has no detail where the request names neither a command nor a change, whatever its reason', () => {
    const { say } = converse();
    const method = 'item/fileChange/requestApproval';
    const params = { threadId: 'th-1', turnId: 'tu-1', itemId: 'never-told', reason: 'to make it work' };

    const events = say(THREAD, asks(3, { command: null, reason: 'to make it work' }), { id: 4, method, params });

    expect(events.filter(({ kind }) => kind === 'permission')).toMatchObject([{ detail: '' }, { detail: '' }]);
  });

  it('needs no question for tools that the configuration names', () => {
    const { say } = converse({ agent: { permissions: { mode: 'ask', tools: ['exec_command'], withinMs: 1 } } });

    expect(written(say(THREAD, asks(4))).at(-1)).toMatchObject({ id: 4, result: { decision: 'accept' } });
  });

  it("needs no question for Nightdesk's own tools, whatever the CLI thinks", () => {
    const { say } = converse();
    const params = { serverName: 'nightdesk', _meta: { codex_approval_kind: 'mcp_tool_call', tool_name: 'beat' } };

    const events = say(THREAD, { id: 2, method: 'mcpServer/elicitation/request', params });

    expect(written(events).at(-1)).toMatchObject({ id: 2, result: { action: 'accept' } });
  });

  it('is void once Codex says so', () => {
    const { say, decoder } = converse();
    say(THREAD, asks(4), { method: 'serverRequest/resolved', params: { requestId: 4 } });

    expect(decoder.decide('4', 'once', '')).toBeUndefined();
  });

  it('is refused when nobody here can answer it', () => {
    const { say } = converse();

    expect(written(say(THREAD, { id: 9, method: 'item/tool/call', params: {} })).at(-1)).toMatchObject({
      id: 9,
      error: { code: -32601 },
    });
  });

  it('lets it wait as long as the owner does', () => {
    const { say, decoder } = converse();
    const atFirst = decoder.patience()?.during;
    say(THREAD);
    const afterwards = decoder.patience()?.forMs;
    say(asks(4));

    expect([atFirst, afterwards, decoder.patience()]).toEqual(['while it was starting', 900_000, undefined]);
  });
});

describe('codex: what it tells', () => {
  const usage = (total: number, last: number) => ({
    method: 'thread/tokenUsage/updated',
    params: {
      threadId: 'th-1',
      tokenUsage: {
        total: { inputTokens: total, outputTokens: 10 },
        last: { totalTokens: last },
        modelContextWindow: 258_400,
      },
    },
  });
  const begins = { method: 'turn/started', params: { threadId: 'th-1', turn: { id: 'tu-1' } } };

  it('counts the context up to where Codex compacts by itself', () => {
    const { say } = converse();

    expect(say(THREAD, begins, usage(1000, 900)).slice(-2)).toEqual([
      { kind: 'usage', inputTokens: 1000, outputTokens: 10 },
      { kind: 'context', usedTokens: 900, limitTokens: 244_800 },
    ]);
  });

  it('takes off what a resumed thread had used before', () => {
    const { say } = converse({ run: { session: { kind: 'resume', resumeToken: 'th-1' } } });

    const events = say(THREAD, usage(1000, 900), begins, usage(1500, 1400));

    expect(events.filter(({ kind }) => kind === 'usage')).toEqual([
      { kind: 'usage', inputTokens: 500, outputTokens: 0 },
    ]);
  });

  it('tells of a dead credential at the second refusal, once', () => {
    const { decoder } = prepare();
    const [transcript] = readTranscripts('codex-app-server', { '401': 'auth', approval: 'done' });

    const events = decoder.push(transcript?.stdout ?? Buffer.alloc(0), 'stdout');
    const kinds = events.map(({ kind }) => kind).filter((kind) => kind === 'auth-sign' || kind === 'retrying');

    expect(kinds.slice(0, 3)).toEqual(['retrying', 'retrying', 'auth-sign']);
    expect(kinds.filter((kind) => kind === 'auth-sign')).toHaveLength(1);
  });

  it('has failed by its credential when it was stopped at the sign of it', () => {
    const { decoder } = prepare();
    const whole = readFileSync(new URL('../fixtures/agent-clis/codex-led/401-midrun.jsonl', import.meta.url), 'utf8');
    decoder.push(Buffer.from(whole.slice(0, whole.indexOf('Reconnecting... 3/5'))), 'stdout');

    expect(decoder.end({ kind: 'exited', code: 0 })).toMatchObject({ failure: 'auth', credentialHint: 'openai' });
  });

  it('knows when a plan is renewed where Codex says so in seconds', () => {
    const { say, decoder } = converse();
    const full = { usedPercent: 100, resetsAt: 1_795_350_000 };
    const error = {
      message: 'You’ve hit your usage limit. Try again at 5:21 AM.',
      codexErrorInfo: 'usageLimitExceeded',
    };
    say(THREAD, { method: 'account/rateLimits/updated', params: { rateLimits: { primary: full, secondary: null } } });

    say({ method: 'turn/completed', params: { threadId: 'th-1', turn: { status: 'failed', error } } });

    expect(decoder.end(GONE)).toMatchObject({ failure: 'rate-limit', retryAt: 1_795_350_000_000 });
  });

  it("warns when Nightdesk's own tools are missing", () => {
    const { say } = converse();
    const params = { threadId: 'th-1', name: 'nightdesk', status: 'failed', error: 'connection refused' };

    expect(say(THREAD, { method: 'mcpServer/startupStatus/updated', params }).at(-1)).toEqual({
      kind: 'warning',
      text: "Nightdesk's own tools are missing: connection refused",
    });
  });

  it('goes on though the turn of a helper has failed', () => {
    const { say, decoder } = converse();
    say(THREAD, begins, { method: 'turn/completed', params: { threadId: 'th-2', turn: { status: 'failed' } } });

    expect(decoder.patience()?.during).toBe('while waiting for its model');
  });

  it.each([
    ["error: unrecognized subcommand 'app-server'\n", 2],
    ['Error: approval_policy = "untrusted" is no longer supported; remove this setting\n', 1],
  ])('cannot work before somebody acts when all it says is %s', (stderr, code) => {
    const { decoder } = prepare();
    decoder.push(Buffer.from(`WARNING: proceeding\n${stderr}`), 'stderr');

    expect(decoder.end({ kind: 'exited', code })).toEqual({
      kind: 'failed',
      failure: 'config',
      evidence: stderr.trim(),
    });
  });
});

describe('codex: its version', () => {
  it.each([
    ['codex-cli 0.169.0\n', '0.169.0'],
    ['WARNING: proceeding\ncodex-cli 0.170.0-alpha.2', '0.170.0-alpha.2'],
    ['command not found', undefined],
  ])('is read out of %j', (printed, version) => {
    expect(codexRuntime.cli?.readVersion(printed)).toBe(version);
  });
});
