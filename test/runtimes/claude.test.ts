import { describe, expect, it } from 'vitest';
import type { Agent } from '../../src/config/fleet.ts';
import type { ProcessExit } from '../../src/ports.ts';
import { claudeRuntime } from '../../src/runtimes/claude/claude.ts';
import type { Decoder, RunEvent, RunInput, RunOutcome } from '../../src/runtimes/runtime.ts';
import { agentOf, runOf } from './agent-for-tests.ts';
import { describeContract } from './contract.ts';
import { heapBytes } from './heap.ts';
import { readTranscripts } from './transcripts.ts';
import type { Transcript } from './transcripts.ts';

const TRANSCRIPTS = readTranscripts('claude', {
  text: 'done',
  'partial-messages': 'done',
  'permission-denied': 'done',
  'max-turns': 'budget',
  budget: 'budget',
  'credit-too-low': 'budget',
  'resume-missing': 'not-found',
  'model-not-found': 'not-found',
  'root-bypass-refused': 'config',
  'not-logged-in': 'auth',
  '401-api-key': 'auth',
  '401-oauth-expired': 'auth',
  '401-midrun': 'auth',
  'oauth-refresh-failed': 'auth',
  '429-subscription-limit': 'rate-limit',
  '429-key-retries': 'rate-limit',
  'usage-warning': 'done',
  '529-opus-key': 'overloaded',
  '529-fallback-model': 'overloaded',
  'connection-refused': 'timeout',
  'no-response': 'timeout',
  'prompt-too-long': 'context',
  'context-blocked': 'context',
  autocompact: 'done',
  'autocompact-thrashing': 'context',
  'workstate-demo': 'done',
  interrupt: 'done',
  'can-use-tool': 'done',
  'tool-heartbeat': 'done',
  // A stop that we asked for is the runner's to tell; without one, whose turn is cut has not done its work.
  sigint: 'crash',
});

describeContract('claude', () => claudeRuntime.prepare(agentOf('claude'), runOf()), TRANSCRIPTS);

const exited = (code: number): ProcessExit => ({ kind: 'exited', code });
const recorded = (name: string): Transcript => TRANSCRIPTS.find((one) => one.name === name) as Transcript;

function decoderOf(changes: Partial<Agent> = {}, run: Partial<RunInput> = {}): Decoder {
  return claudeRuntime.prepare(agentOf('claude', changes), runOf(run)).decoder;
}

function say(decoder: Decoder, ...lines: readonly object[]): RunEvent[] {
  return lines
    .flatMap((line) => decoder.push(Buffer.from(`${JSON.stringify(line)}\n`), 'stdout'))
    .filter(({ kind }) => kind !== 'output');
}

function replay(name: string, decoder = decoderOf()): { events: RunEvent[]; outcome: RunOutcome } {
  const { stdout, stderr, exit } = recorded(name);
  const events = [...decoder.push(stdout, 'stdout'), ...decoder.push(stderr, 'stderr')];
  return { events, outcome: decoder.end(exit) };
}

function eventsOf<Kind extends RunEvent['kind']>(name: string, kind: Kind): Extract<RunEvent, { kind: Kind }>[] {
  return replay(name).events.filter((event): event is Extract<RunEvent, { kind: Kind }> => event.kind === kind);
}

const INIT = { type: 'system', subtype: 'init', session_id: 's-1', model: 'claude-haiku-4-5', mcp_servers: [] };
const GOOD = { type: 'result', subtype: 'success', is_error: false, result: 'Fine.\n{"url":"https://x.example"}\n' };
const failed = (fields: object): object => ({ type: 'result', subtype: 'success', is_error: true, ...fields });
const assistant = (id: string, content: readonly object[], fields: object = {}): object => ({
  type: 'assistant',
  message: { id, model: 'claude-haiku-4-5', content, usage: { input_tokens: 10, output_tokens: 1 } },
  parent_tool_use_id: null,
  ...fields,
});
const call = (id: string, name: string, input: object): object => ({ type: 'tool_use', id, name, input });
const toolResult = (id: string, fields: object): object => ({
  type: 'user',
  message: { role: 'user', content: [{ type: 'tool_result', tool_use_id: id, ...fields }] },
});
const question = (request: string, tool: string, input: object, more: object = {}): object => ({
  type: 'control_request',
  request_id: request,
  request: { subtype: 'can_use_tool', tool_name: tool, input, tool_use_id: `call-${request}`, ...more },
});

describe('starting Claude Code', () => {
  const { spawn } = claudeRuntime.prepare(
    agentOf('claude', {
      model: 'sonnet',
      permissions: { mode: 'ask', tools: ['Bash(git log:*)', 'Read'], withinMs: 1 },
    }),
    { ...runOf(), mostUsd: 2 },
  );

  it('opens a session over stdin, under an id and a model that are named', () => {
    expect(spawn.argv.slice(0, 11)).toEqual([
      'claude',
      '-p',
      '--input-format',
      'stream-json',
      '--output-format',
      'stream-json',
      '--verbose',
      '--session-id',
      '3f2b6c1e-8a54-4c0e-9d11-7f60a1b2c3d4',
      '--model',
      'sonnet',
    ]);
    expect(spawn.keepsInputOpen).toBe(true);
    expect(spawn.argv).not.toContain('--strict-mcp-config');
  });

  it('says its prompt as the first line of stdin, what the run brings behind it', () => {
    const { stdin } = claudeRuntime.prepare(agentOf('claude'), runOf({ stdin: '{"id":1}' })).spawn;

    expect(stdin?.endsWith('\n')).toBe(true);
    expect(JSON.parse(stdin ?? '')).toEqual({
      type: 'user',
      message: { role: 'user', content: [{ type: 'text', text: 'Look for news.\n\n{"id":1}' }] },
    });
  });

  it('goes on with a session by telling it that it was interrupted', () => {
    const { argv, stdin } = claudeRuntime.prepare(
      agentOf('claude'),
      runOf({ session: { kind: 'resume', resumeToken: 's-9' } }),
    ).spawn;

    expect(argv).toEqual(expect.arrayContaining(['--resume', 's-9']));
    expect(argv).not.toContain('--session-id');
    expect(stdin).toMatch(/interrupted.*WORKSTATE\.md.*Look for news\./);
  });

  it('asks for what is neither ours nor allowed, whatever mode the user has set', () => {
    const from = spawn.argv.indexOf('--permission-mode');
    expect(spawn.argv.slice(from, from + 10)).toEqual([
      '--permission-mode',
      'default',
      '--permission-prompt-tool',
      'stdio',
      '--allowedTools',
      'mcp__nightdesk',
      'Bash(git log:*)',
      'Read',
      '--disallowedTools',
      'AskUserQuestion',
    ]);
    expect(spawn.env).not.toHaveProperty('IS_SANDBOX');
  });

  it('allows everything, to root too, when its permissions say so', () => {
    const allowing = agentOf('claude', { permissions: { mode: 'allow', tools: [], withinMs: 1 } });
    const { argv, env } = claudeRuntime.prepare(allowing, runOf()).spawn;

    expect(argv).toEqual(expect.arrayContaining(['--permission-mode', 'bypassPermissions']));
    expect(env).toMatchObject({ IS_SANDBOX: '1' });
  });

  it('reaches the tools of Nightdesk without a secret in its arguments', () => {
    const config: unknown = JSON.parse(spawn.argv[spawn.argv.indexOf('--mcp-config') + 1] ?? '');

    expect(config).toEqual({
      mcpServers: {
        nightdesk: {
          type: 'http',
          url: 'http://127.0.0.1:4000/mcp',
          headers: { Authorization: 'Bearer ${NIGHTDESK_TOKEN}' },
        },
      },
    });
    expect(spawn.env).toMatchObject({ ENABLE_TOOL_SEARCH: '0' });
  });

  it('is given its instructions, its budget and bounds for its own retries', () => {
    expect(spawn.argv.join(' ')).toContain('--append-system-prompt You are watched. --max-budget-usd 2');
    expect(spawn.env).toMatchObject({
      CLAUDE_CODE_MAX_RETRIES: '4',
      API_TIMEOUT_MS: '180000',
      DISABLE_AUTOUPDATER: '1',
    });
  });

  it('is probed with one call, no tools and no retry', () => {
    const { spawn: probe } = claudeRuntime.cli?.prepareProbe(agentOf('claude'), runOf()) ?? { spawn: { argv: [] } };

    expect(probe.argv.join(' ')).toContain(
      '-p ok --output-format stream-json --verbose --model haiku --tools  --system',
    );
    expect(probe).toMatchObject({ env: { CLAUDE_CODE_MAX_RETRIES: '0' } });
    expect(probe).not.toHaveProperty('keepsInputOpen');
  });

  it('tells its version among other words', () => {
    expect(claudeRuntime.cli?.readVersion('2.1.330 (Claude Code)\n')).toBe('2.1.330');
    expect(claudeRuntime.cli?.readVersion('command not found')).toBeUndefined();
  });
});

describe('what Claude Code tells while it runs', () => {
  it('takes no session whose name would be an option of the run that goes on with it', () => {
    const events = say(decoderOf(), { ...INIT, session_id: '--dangerously-skip-permissions' });

    expect(events.filter(({ kind }) => kind === 'session')).toEqual([]);
  });

  it('is its session, its model and its version, once', () => {
    expect(eventsOf('workstate-demo', 'session')).toEqual([
      {
        kind: 'session',
        resumeToken: '7d19b601-7ad0-47cb-be7d-d03e0ea5917b',
        model: 'claude-sonnet-5-5',
        version: '2.1.330',
      },
    ]);
    expect(eventsOf('interrupt', 'session')).toHaveLength(1);
  });

  it('counts a message once, though it comes in several lines', () => {
    const decoder = decoderOf();
    const lines = [assistant('m-1', []), assistant('m-1', []), assistant('m-2', [])];

    expect(say(decoder, ...lines).filter(({ kind }) => kind === 'usage')).toEqual([
      { kind: 'usage', inputTokens: 10, outputTokens: 1 },
      { kind: 'usage', inputTokens: 20, outputTokens: 2 },
    ]);
  });

  it('costs what its results say for their own turn, not what the session has cost', () => {
    const turn = (costUSD: number, total: number): object => ({
      ...GOOD,
      total_cost_usd: total,
      model_usage_since_last_result: { m: { costUSD, inputTokens: 100, cacheReadInputTokens: 50, outputTokens: 7 } },
    });
    const decoder = decoderOf({}, { session: { kind: 'resume', resumeToken: 's-1' } });
    const events = say(decoder, assistant('m-1', []), turn(0.0053, 1.0053), assistant('m-2', []), turn(0.1, 1.1053));

    expect(events.filter(({ kind }) => kind === 'usage')).toEqual([
      { kind: 'usage', inputTokens: 10, outputTokens: 1 },
      { kind: 'usage', inputTokens: 150, outputTokens: 7, cachedTokens: 50, costMicroUsd: 5300 },
      { kind: 'usage', inputTokens: 160, outputTokens: 8, cachedTokens: 50, costMicroUsd: 5300 },
      { kind: 'usage', inputTokens: 300, outputTokens: 14, cachedTokens: 100, costMicroUsd: 105_300 },
    ]);
  });

  it('fills its context up to where it would compact by itself', () => {
    const limits = (env: Record<string, string>): unknown[] => {
      const { events } = replay('workstate-demo', decoderOf({ env }));
      return events.filter(({ kind }) => kind === 'context');
    };

    expect(limits({}).at(-1)).toEqual({ kind: 'context', usedTokens: 165_003, limitTokens: 967_000 });
    expect(limits({ CLAUDE_CODE_DISABLE_1M_CONTEXT: '1' }).at(-1)).toMatchObject({ limitTokens: 167_000 });
  });

  it('learns the window of a model from its result', () => {
    const decoder = decoderOf();
    const before = say(decoder, assistant('m-1', []));
    say(decoder, { ...GOOD, modelUsage: { 'claude-haiku-4-5': { contextWindow: 500_000 } } });
    const after = say(decoder, assistant('m-2', []));

    expect([...before, ...after].filter(({ kind }) => kind === 'context')).toMatchObject([
      { limitTokens: 167_000 },
      { limitTokens: 467_000 },
    ]);
  });

  it('is no context of its own when a subagent speaks', () => {
    const events = say(decoderOf(), assistant('m-1', [], { parent_tool_use_id: 'toolu_1' }));
    expect(events.map(({ kind }) => kind)).toEqual(['usage']);
  });

  it('is told when it has compacted', () => {
    expect(eventsOf('autocompact', 'compacted')).toHaveLength(3);
  });

  it('begins and ends its tools, with what failed', () => {
    const decoder = decoderOf();
    const events = say(
      decoder,
      assistant('m-1', [call('t-1', 'Bash', { command: 'cat  missing' }), call('t-2', 'Read', { file_path: '/a' })]),
      toolResult('t-1', { content: [{ type: 'text', text: 'cat: missing:\nNo such file' }], is_error: true }),
      toolResult('t-2', { content: 'fine', is_error: false }),
      toolResult('t-9', { content: 'whose is this?' }),
    );

    expect(events.filter(({ kind }) => kind.startsWith('tool'))).toEqual([
      { kind: 'tool-begun', id: 't-1', tool: 'Bash', input: 'cat missing' },
      { kind: 'tool-begun', id: 't-2', tool: 'Read', input: '/a' },
      { kind: 'tool-ended', id: 't-1', tool: 'Bash', error: 'cat: missing: No such file' },
      { kind: 'tool-ended', id: 't-2', tool: 'Read' },
    ]);
  });

  it('is forgotten, oldest first, where messages and calls never end', () => {
    const decoder = decoderOf();
    const before = heapBytes();
    for (let count = 0; count < 50_000; count += 1)
      say(decoder, assistant(`message-${count}`, [call(`call-${count}`, 'Bash', { command: 'ls' })]));

    expect(heapBytes() - before).toBeLessThan(2 * 1024 * 1024);
    expect(say(decoder, toolResult('call-0', {}))).toEqual([]);
    expect(say(decoder, toolResult('call-49999', {}))).toHaveLength(1);
  });

  it('warns of a limit that is nearly used up, once for each mark', () => {
    const warning = {
      type: 'rate_limit_event',
      rate_limit_info: {
        status: 'allowed_warning',
        rateLimitType: 'five_hour',
        resetsAt: 1_795_333_286,
        utilization: 0.92,
        surpassedThreshold: 0.9,
      },
    };
    expect(say(decoderOf(), warning, warning)).toEqual([
      {
        kind: 'warning',
        text: '92 % of the five-hour limit of its subscription is used; it starts anew at 2026-11-22 07:41 UTC',
      },
    ]);
  });

  it('tells once whether it reaches our tools, and again when that changes', () => {
    const failed = { ...INIT, mcp_servers: [{ name: 'nightdesk', status: 'failed' }] };
    const connected = { ...INIT, mcp_servers: [{ name: 'nightdesk', status: 'connected' }] };
    expect(say(decoderOf(), failed, failed, connected).filter(({ kind }) => kind === 'tools')).toEqual([
      { kind: 'tools', problem: 'its MCP connection is failed' },
      { kind: 'tools' },
    ]);
  });

  it('ends its turn with its result, unless more is queued', () => {
    const kinds = say(decoderOf(), { ...GOOD, queued_turn_count: 1 }, GOOD).map(({ kind }) => kind);
    expect(kinds).toEqual(['usage', 'usage', 'turn-ended']);
  });
});

describe('a dead credential of Claude Code', () => {
  const retry = (attempt: number): object => ({
    type: 'system',
    subtype: 'api_retry',
    attempt,
    max_retries: 4,
    error_status: 401,
    error: 'authentication_failed',
  });

  it('is told at the second 401, not at the first, which a refresh may mend', () => {
    const decoder = decoderOf();

    expect(say(decoder, retry(1)).map(({ kind }) => kind)).toEqual(['retrying']);
    expect(say(decoder, retry(2))).toContainEqual({
      kind: 'auth-sign',
      evidence: '401 authentication_failed, attempt 2',
      credentialHint: 'claude',
    });
    expect(say(decoder, retry(3)).map(({ kind }) => kind)).toEqual(['retrying']);
  });

  it('is none when a 401 was followed by an answer', () => {
    const decoder = decoderOf();
    const events = say(decoder, INIT, retry(1), assistant('m-1', []), retry(1), GOOD);

    expect(events.some(({ kind }) => kind === 'auth-sign')).toBe(false);
    expect(decoder.end(exited(0)).kind).toBe('done');
  });

  it.each(['not-logged-in', '401-api-key', '401-oauth-expired', '401-midrun', 'oauth-refresh-failed'])(
    'is one sign, and the outcome: %s',
    (name) => {
      expect(eventsOf(name, 'auth-sign')).toHaveLength(1);
      expect(replay(name).outcome).toMatchObject({ failure: 'auth', credentialHint: 'claude' });
    },
  );

  it('is seen in an error whose line has no end yet', () => {
    const decoder = decoderOf();
    const line = { ...assistant('m-1', [{ type: 'text', text: 'Not logged in' }]), error: 'authentication_failed' };
    decoder.push(Buffer.from(JSON.stringify(line)), 'stdout');

    expect(decoder.idle()).toEqual([{ kind: 'auth-sign', evidence: 'Not logged in', credentialHint: 'claude' }]);
    expect(decoder.idle()).toEqual([]);
  });

  it('is never one that the agent or a tool of it speaks of', () => {
    const decoder = decoderOf();
    const words = 'HTTP/1.1 401 Unauthorized: invalid_grant, token has expired. Please run /login';
    const events = say(
      decoder,
      INIT,
      assistant('m-1', [{ type: 'text', text: words }, call('t-1', 'Bash', { command: `echo ${words}` })]),
      toolResult('t-1', { content: words, is_error: true }),
      { ...GOOD, result: words },
    );
    const noise = decoder.push(Buffer.from(`${words}\n`), 'stdout');

    expect([...events, ...noise].some(({ kind }) => kind === 'auth-sign')).toBe(false);
    expect(decoder.end(exited(0)).kind).toBe('done');
  });

  it('is one that its stderr speaks of, unless the words are foreign', () => {
    const line = Buffer.from('API Error: 401 {"type":"authentication_error"}\n');

    expect(decoderOf().push(line, 'stderr')).toContainEqual(expect.objectContaining({ kind: 'auth-sign' }));
    expect(decoderOf({}, { isForeign: () => true }).push(line, 'stderr')).toHaveLength(1);
  });
});

describe('a permission of Claude Code', () => {
  const response = (text: string | undefined): unknown => (JSON.parse(text ?? '{}') as { response?: unknown }).response;

  it('is asked with its command in full, and with what a wish for the run covers', () => {
    expect(eventsOf('can-use-tool', 'permission')).toEqual([
      {
        kind: 'permission',
        request: '8090371c-658a-4a20-b7e6-f542ec8eee7e',
        tool: 'Bash',
        detail: 'touch approved-file && echo DONE',
        forRun: 'Bash: touch approved-file *; work in /home/agent/work/s5-canuse-allow; all edits of files',
      },
    ]);
  });

  it('shows beside a command all that changes how it runs, but not what the model says of it', () => {
    const input = { command: 'make', description: 'look', dangerouslyDisableSandbox: true, run_in_background: true };
    const [event] = say(decoderOf(), question('q', 'Bash', input));

    expect(event).toMatchObject({
      detail: 'make\n\nand to that: {"dangerouslyDisableSandbox":true,"run_in_background":true}',
    });
  });

  it('shows the input of any other tool as JSON that a person can read', () => {
    const [event] = say(decoderOf(), question('q', 'Write', { file_path: '/a', content: 'x\ny' }));
    expect(event).toMatchObject({
      detail: '{\n  "file_path": "/a",\n  "content": "x\\ny"\n}',
      forRun: 'every call of Write',
    });
  });

  it('is answered once; then nobody asks for it any more', () => {
    const decoder = decoderOf();
    say(decoder, question('q', 'Bash', { command: 'ls', description: 'look' }));

    const answered = decoder.decide('q', 'once', '');
    expect(answered?.endsWith('\n')).toBe(true);
    expect(response(answered)).toEqual({
      subtype: 'success',
      request_id: 'q',
      response: { behavior: 'allow', updatedInput: { command: 'ls', description: 'look' } },
    });
    expect(decoder.decide('q', 'once', '')).toBeUndefined();
  });

  it('holds for the run by the rules that Claude Code suggests, and for this session only', () => {
    const decoder = decoderOf();
    const rules = [
      {
        type: 'addRules',
        rules: [{ toolName: 'Bash', ruleContent: 'curl x' }],
        behavior: 'allow',
        destination: 'localSettings',
      },
      { type: 'setMode', mode: 'acceptEdits', destination: 'session' },
    ];
    say(decoder, question('q', 'Bash', { command: 'curl x' }, { permission_suggestions: rules }));
    say(decoder, question('r', 'Bash', { command: 'echo $(date)' }, { permission_suggestions: [] }));

    expect(response(decoder.decide('q', 'run', ''))).toMatchObject({
      response: { updatedPermissions: rules.map((rule) => ({ ...rule, destination: 'session' })) },
    });
    expect(response(decoder.decide('r', 'run', ''))).toMatchObject({
      response: {
        updatedPermissions: [
          { type: 'addRules', rules: [{ toolName: 'Bash' }], behavior: 'allow', destination: 'session' },
        ],
      },
    });
  });

  it('is denied with a reason that the agent reads, and is no oddity at the end', () => {
    const decoder = decoderOf();
    say(decoder, question('q', 'Bash', { command: 'rm -r /' }));

    expect(response(decoder.decide('q', 'deny', 'Not that.'))).toMatchObject({
      response: { behavior: 'deny', message: 'Not that.', interrupt: false },
    });
    const denials = [{ tool_name: 'Bash', tool_use_id: 'call-q' }];
    expect(say(decoder, { ...GOOD, permission_denials: denials }).map(({ kind }) => kind)).toEqual([
      'usage',
      'turn-ended',
    ]);
  });

  it('is warned of when nobody was asked', () => {
    expect(eventsOf('permission-denied', 'warning')).toEqual([
      { kind: 'warning', text: 'it was not allowed to use Bash' },
    ]);
  });

  it('is void once the CLI withdraws it or its turn ends', () => {
    const decoder = decoderOf();
    say(decoder, question('q', 'Bash', { command: 'ls' }), question('r', 'Bash', { command: 'ls' }));

    say(decoder, { type: 'control_cancel_request', request_id: 'q' });
    expect(decoder.decide('q', 'once', '')).toBeUndefined();
    say(decoder, GOOD);
    expect(decoder.decide('r', 'once', '')).toBeUndefined();
  });

  it('is given without asking when everything is allowed', () => {
    const decoder = decoderOf({ permissions: { mode: 'allow', tools: [], withinMs: 1 } });
    const [event] = say(decoder, question('q', 'Bash', { command: 'ls' }));

    expect(event?.kind === 'write' && response(event.text)).toMatchObject({ response: { behavior: 'allow' } });
  });

  it('is not asked of a phone when it cannot be read there, or was asked too often', () => {
    const decoder = decoderOf();
    const long = say(decoder, question('long', 'Write', { content: 'x'.repeat(300_000) }));
    const many = Array.from({ length: 40 }, (_, count) =>
      say(decoder, question(`q${count}`, 'Bash', { command: 'ls' })),
    );

    expect(long.map(({ kind }) => kind)).toEqual(['write']);
    expect(many.flat().filter(({ kind }) => kind === 'permission')).toHaveLength(32);
    expect(many.at(-1)?.map(({ kind }) => kind)).toEqual(['write']);
  });

  it('answers every other request of the CLI, so that it does not wait for ever', () => {
    const [event] = say(decoderOf(), { type: 'control_request', request_id: 'z', request: { subtype: 'of_tomorrow' } });
    expect(event?.kind === 'write' && response(event.text)).toMatchObject({ subtype: 'error', request_id: 'z' });

    const [asked] = say(decoderOf(), question('q', 'AskUserQuestion', { questions: [] }));
    expect(asked?.kind === 'write' && response(asked.text)).toMatchObject({ response: { behavior: 'deny' } });
  });
});

describe('the patience with Claude Code', () => {
  it('is a minute for its first word, and 15 for its model', () => {
    const decoder = decoderOf();
    expect(decoder.patience()).toMatchObject({ forMs: 60_000 });

    say(decoder, INIT);
    expect(decoder.patience()).toEqual({ forMs: 900_000, during: 'while waiting for its model' });
  });

  it('has no end while a tool runs or a question waits, nor behind its result', () => {
    const decoder = decoderOf();
    say(decoder, INIT, assistant('m-1', [call('t-1', 'Bash', { command: 'sleep 9' })]));
    expect(decoder.patience()).toBeUndefined();

    say(decoder, toolResult('t-1', { content: '' }));
    expect(decoder.patience()).toMatchObject({ forMs: 900_000 });

    say(decoder, question('q', 'Bash', { command: 'ls' }));
    expect(decoder.patience()).toBeUndefined();

    decoder.decide('q', 'deny', '');
    expect(decoder.patience()).toMatchObject({ forMs: 900_000 });

    say(decoder, GOOD);
    expect(decoder.patience()).toBeUndefined();
  });
});

describe('how a run of Claude Code ended', () => {
  it('is done with the last line of its result', () => {
    const decoder = decoderOf();
    say(decoder, INIT, GOOD);
    expect(decoder.end(exited(0))).toEqual({ kind: 'done', lastLine: '{"url":"https://x.example"}' });
  });

  it('is done when a signal ends what stays behind its result', () => {
    const decoder = decoderOf();
    say(decoder, INIT, GOOD, INIT);
    expect(decoder.end({ kind: 'signalled', signal: 'SIGTERM' }).kind).toBe('done');
  });

  it('is a crash when a turn has no result', () => {
    const decoder = decoderOf();
    say(decoder, INIT, GOOD, INIT);
    expect(decoder.end(exited(1))).toMatchObject({ failure: 'crash', evidence: 'exit code 1 without a result' });
  });

  it('says when a limit starts anew', () => {
    expect(replay('429-subscription-limit').outcome).toMatchObject({
      failure: 'rate-limit',
      evidence: "You've hit your limit · resets 8:40am (UTC)",
      retryAt: 1_795_336_853_000,
    });
    expect(replay('429-key-retries').outcome).not.toHaveProperty('retryAt');
  });

  it.each([
    [{ terminal_reason: 'api_error', api_error: 'connection_failed', result: 'credentials' }, 'timeout'],
    [{ terminal_reason: 'api_error', api_error_status: 403, result: 'so it is' }, 'auth'],
    [{ terminal_reason: 'api_error', api_error: 'org_disabled_credential', api_error_status: 400 }, 'auth'],
    [{ api_error_status: 400, result: 'messages are too long' }, 'context'],
    [{ api_error_status: 400, result: 'tool_use ids were found without tool_result' }, 'crash'],
    [{ result: 'API returned an empty or malformed response (HTTP 200)' }, 'config'],
    [{ result: 'Request timed out. If the API is slow…' }, 'timeout'],
    [{ result: 'The service is overloaded' }, 'overloaded'],
    [{ stop_reason: 'refusal', api_error_status: 400 }, 'crash'],
    [{ api_error: 'max_output_tokens', result: 'The model has reached its context window limit.' }, 'context'],
    [{ api_error: 'max_output_tokens', result: 'exceeded the 128000 output token maximum' }, 'config'],
    [{ api_error: 'of_tomorrow', terminal_reason: 'of_tomorrow', result: 'The moon is full.' }, 'unknown'],
    [{ terminal_reason: 'constructor', api_error: 'toString' }, 'unknown'],
  ])('is told by its fields first, then by its words: %j', (fields, failure) => {
    const decoder = decoderOf();
    say(decoder, INIT, failed(fields));
    expect(decoder.end(exited(1))).toMatchObject({ failure });
  });

  it('keeps the words of what no rule knows', () => {
    const decoder = decoderOf();
    say(decoder, INIT, failed({ result: 'The moon is full.' }));
    expect(decoder.end(exited(1))).toEqual({ kind: 'failed', failure: 'unknown', evidence: 'The moon is full.' });
  });

  it('is told by its last error when it died before its result', () => {
    const decoder = decoderOf();
    const text = [{ type: 'text', text: 'API Error: 529 Overloaded' }];
    say(decoder, INIT, { ...assistant('m-1', text), error: 'server_error', api_error_status: 529 });
    expect(decoder.end({ kind: 'signalled', signal: 'SIGKILL' })).toMatchObject({ failure: 'overloaded' });
  });

  it.each([
    ["error: unknown option '--no-such-flag'", 'config'],
    ['Error: Session ID 3f2b6c1e-8a54-4c0e-9d11-7f60a1b2c3d4 is already in use.', 'config'],
    ['Error: Settings file not found: /home/agent/login/credentials.json', 'config'],
    ['Not logged in · Please run /login', 'auth'],
    ['No conversation found with session ID: 1', 'not-found'],
  ])('is told by the first line of stderr when it printed nothing else: %s', (line, failure) => {
    const decoder = decoderOf();
    decoder.push(Buffer.from(`${line}\nUsage: …\n`), 'stderr');
    expect(decoder.end(exited(1))).toMatchObject({ failure, evidence: line });
  });

  it('is a matter of configuration when there is no such program', () => {
    expect(decoderOf().end({ kind: 'not-started', reason: 'claude was not found on the PATH' })).toEqual({
      kind: 'failed',
      failure: 'config',
      evidence: 'claude was not found on the PATH',
    });
  });

  it('warns when it ends well, but without a word', () => {
    expect(say(decoderOf(), INIT, { ...GOOD, result: '' })).toContainEqual({
      kind: 'warning',
      text: 'it ended without a word',
    });
  });
});
