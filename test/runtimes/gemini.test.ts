import { describe, expect, it } from 'vitest';
import type { Agent } from '../../src/config/fleet.ts';
import { geminiRuntime } from '../../src/runtimes/gemini/gemini.ts';
import type { RunEvent, RunInput } from '../../src/runtimes/runtime.ts';
import { agentOf, runOf } from './agent-for-tests.ts';
import { describeContract } from './contract.ts';
import { readTranscripts } from './transcripts.ts';

const prepare = () => geminiRuntime.prepare(agentOf('gemini'), runOf());
const LED = readTranscripts('gemini-acp', {
  tool: 'done',
  resume: 'done',
  '401': 'auth',
  'dead-key': 'auth',
  'no-key': 'auth',
  'daily-quota': 'rate-limit',
  dropped: 'timeout',
  'resume-missing': 'not-found',
});

// The session that was not there is known by its run's wish to resume.
describeContract(
  'gemini --acp',
  () => geminiRuntime.prepare(agentOf('gemini'), runOf({ session: { kind: 'resume', resumeToken: 'se-0' } })),
  LED,
);

describeContract(
  'gemini -p',
  prepare,
  readTranscripts('gemini', { tool: 'done', '401': 'auth', 'daily-quota': 'rate-limit' }),
);

const SESSION = { id: 'session', result: { sessionId: 'se-1', models: { currentModelId: 'gemini-2.5-pro' } } };
const GONE = { kind: 'exited', code: 0 } as const;

/** A run whose CLI says what the test says. */
function converse(changes: { readonly agent?: Partial<Agent>; readonly run?: Partial<RunInput> } = {}) {
  const { spawn, decoder } = geminiRuntime.prepare(agentOf('gemini', changes.agent), runOf(changes.run));
  function say(...messages: readonly unknown[]): RunEvent[] {
    const text = messages.map((message) => `${JSON.stringify(message)}\n`).join('');
    return decoder.push(Buffer.from(text), 'stdout').filter(({ kind }) => kind !== 'output');
  }
  return { spawn, decoder, say };
}

function written(events: readonly RunEvent[]): unknown[] {
  return events.flatMap((event) => (event.kind === 'write' ? [JSON.parse(event.text) as unknown] : []));
}

const update = (fields: object) => ({ method: 'session/update', params: { sessionId: 'se-1', update: fields } });
const says = (text: string) => update({ sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } });
const answered = { id: 'prompt', result: { stopReason: 'end_turn' } };

const SHELL = { toolCallId: 'run_shell_command__run_shell_command_1795_0', title: 'touch a', kind: 'execute' };
const OPTIONS = [
  { optionId: 'proceed_always_server', kind: 'allow_always' },
  { optionId: 'proceed_always_tool', kind: 'allow_always' },
  { optionId: 'proceed_once', kind: 'allow_once' },
  { optionId: 'cancel', kind: 'reject_once' },
];
const asks = (id: number, toolCall: object = SHELL, options: readonly object[] = OPTIONS) => ({
  id,
  method: 'session/request_permission',
  params: { sessionId: 'se-1', options, toolCall },
});

describe('gemini: the handshake', () => {
  it('begins a session with the MCP endpoint, whose token is a variable that Gemini CLI does not hide', () => {
    const { spawn, say } = converse({ agent: { model: 'gemini-2.5-pro' } });

    expect(spawn.argv).toEqual('gemini --acp --skip-trust --approval-mode default --model gemini-2.5-pro'.split(' '));
    expect(written(say({ id: 'initialize', result: { agentInfo: { version: '0.61.0' } } }))).toMatchObject([
      {
        method: 'session/new',
        params: {
          cwd: '/work/scout',
          mcpServers: [
            {
              type: 'http',
              url: 'http://127.0.0.1:4000/mcp',
              headers: [{ name: 'Authorization', value: 'Bearer ${GEMINI_CLI_NIGHTDESK_TOKEN}' }],
            },
          ],
        },
      },
    ]);
  });

  it('gives the instructions before the prompt', () => {
    const { say } = converse();

    const events = say({ id: 'initialize', result: { agentInfo: { version: '0.61.0' } } }, SESSION);

    expect(events).toContainEqual({
      kind: 'session',
      resumeToken: 'se-1',
      model: 'gemini-2.5-pro',
      version: '0.61.0',
    });
    expect(written(events).at(-1)).toMatchObject({
      method: 'session/prompt',
      params: { prompt: [{ text: 'You are watched.' }, { text: 'Look for news.' }] },
    });
  });

  it('loads the session that it goes on with', () => {
    const { say } = converse({ run: { session: { kind: 'resume', resumeToken: 'se-0' } } });

    expect(written(say({ id: 'initialize', result: {} }))).toMatchObject([
      { method: 'session/load', params: { sessionId: 'se-0' } },
    ]);
  });

  it('asks for nothing when its permissions say so', () => {
    const { spawn } = converse({ agent: { permissions: { mode: 'allow', tools: [], withinMs: 1 } } });

    expect(spawn.argv.join(' ')).toContain('--approval-mode yolo');
  });
});

describe('gemini: what it wants to be allowed', () => {
  it('is asked with what the answer for a whole run covers', () => {
    const { say } = converse();

    expect(say(SESSION, asks(3)).at(-1)).toEqual({
      kind: 'permission',
      request: '3',
      tool: 'run_shell_command',
      detail: 'touch a',
      forRun: 'every command that begins with the same word',
    });
  });

  it.each([
    ['once', 'proceed_once'],
    ['run', 'proceed_always_tool'],
    ['deny', 'cancel'],
  ] as const)('is answered as %s with %s', (permission, optionId) => {
    const { say, decoder } = converse();
    say(SESSION, asks(3));

    expect(JSON.parse(decoder.decide('3', permission, 'because') ?? '')).toMatchObject({
      id: 3,
      result: { outcome: { outcome: 'selected', optionId } },
    });
    expect(decoder.decide('3', permission, 'because')).toBeUndefined();
  });

  it('tells of a call that was denied as of one that failed', () => {
    const { say, decoder } = converse();
    say(SESSION, asks(3));
    decoder.decide('3', 'deny', '');

    expect(say(says('then not')).slice(0, 2)).toMatchObject([
      { kind: 'tool-begun', tool: 'run_shell_command', input: 'touch a' },
      { kind: 'tool-ended', tool: 'run_shell_command', error: 'declined' },
    ]);
  });

  it('lets a file be seen before it is written', () => {
    const { say } = converse();
    const content = [{ type: 'diff', path: '/work/scout/a.txt', oldText: '', newText: 'hello' }];

    const events = say(SESSION, asks(3, { ...SHELL, kind: 'edit', title: 'Writing to a.txt', content }));

    expect(events.at(-1)).toMatchObject({ detail: 'Writing to a.txt\n/work/scout/a.txt\nhello' });
  });

  it("needs no question for Nightdesk's own tools, but for a server that only calls itself so", () => {
    const { say } = converse();
    const own = {
      toolCallId: 'mcp_nightdesk_beat__mcp_nightdesk_beat_1_0',
      title: 'beat (nightdesk MCP Server)',
      kind: 'other',
    };

    expect(written(say(SESSION, asks(3, own))).at(-1)).toMatchObject({
      id: 3,
      result: { outcome: { optionId: 'proceed_once' } },
    });
    expect(say(asks(4, { ...own, title: 'beat (nightdesk_2 MCP Server)' })).at(-1)).toMatchObject({
      kind: 'permission',
    });
  });

  it('is refused when nobody here can answer it, such as reading a file for it', () => {
    const { say } = converse();

    expect(written(say(SESSION, { id: 8, method: 'fs/read_text_file', params: {} })).at(-1)).toMatchObject({
      id: 8,
      error: { code: -32601 },
    });
  });
});

describe('gemini: what it tells', () => {
  const transcript = (name: string) => LED.find((one) => one.name === name)?.stdout ?? Buffer.alloc(0);

  it('tells its tools and tokens', () => {
    const { decoder } = prepare();

    const events = decoder.push(transcript('tool'), 'stdout');

    expect(events).toContainEqual({ kind: 'usage', inputTokens: 6000, outputTokens: 100 });
    expect(events.filter(({ kind }) => kind === 'tool-begun').map((event) => 'tool' in event && event.tool)).toContain(
      'mcp_nightdesk_beat',
    );
    expect(decoder.end(GONE)).toEqual({ kind: 'done', lastLine: 'last line' });
  });

  it('does not take the history of a session that was loaded for what happens', () => {
    const { decoder } = converse({ run: { session: { kind: 'resume', resumeToken: 'se-0' } } });

    const events = decoder.push(transcript('resume'), 'stdout');

    expect(events.filter(({ kind }) => kind.startsWith('tool'))).toEqual([]);
    expect(decoder.end(GONE)).toEqual({ kind: 'done', lastLine: 'again' });
  });

  it('waits without an end while a tool runs, and for minutes while it starts', () => {
    const { say, decoder } = converse();
    const atFirst = decoder.patience()?.forMs;
    say(SESSION);
    const afterwards = decoder.patience()?.during;
    say(update({ sessionUpdate: 'tool_call', status: 'in_progress', ...SHELL }));

    expect([atFirst, afterwards, decoder.patience()]).toEqual([180_000, 'while waiting for its model', undefined]);
  });

  it('tells a try of its own that stderr shows', () => {
    const { decoder } = prepare();

    const events = decoder.push(Buffer.from('Attempt 2 failed with status 503. Retrying with backoff...\n'), 'stderr');

    expect(events.at(-1)).toMatchObject({ kind: 'retrying', attempt: 2, failure: 'overloaded' });
  });

  it('says nothing of a dead credential that a tool of the agent prints', () => {
    const { decoder } = prepare();

    const events = decoder.push(Buffer.from('Error executing tool: HTTP/1.1 401 Unauthorized\n'), 'stderr');

    expect(events.map(({ kind }) => kind)).toEqual(['output']);
  });

  it.each([
    ['max_tokens', 'context'],
    ['max_turn_requests', 'budget'],
    ['refusal', 'crash'],
    ['a_reason_of_tomorrow', 'unknown'],
  ])('has failed when its turn ended by %s', (stopReason, failure) => {
    const { say, decoder } = converse();
    say(SESSION, { id: 'prompt', result: { stopReason } });

    expect(decoder.end(GONE)).toMatchObject({ kind: 'failed', failure });
  });

  it.each([
    [
      'exception TypeError: fetch failed sending request',
      'timeout',
      'exception TypeError: fetch failed sending request',
    ],
    [
      'models/gemini-9 is not found for API version v1beta',
      'not-found',
      'models/gemini-9 is not found for API version v1beta',
    ],
    ['An internal error has occurred.', 'overloaded', 'An internal error has occurred.'],
    [
      '{"error":{"code":401,"status":"UNAUTHENTICATED","message":"Invalid credentials."}}',
      'auth',
      '401 UNAUTHENTICATED: Invalid credentials.',
    ],
  ])('believes words before the 500 that stands for all it has no code for: %s', (message, failure, evidence) => {
    const { say, decoder } = converse();
    say(SESSION, { id: 'prompt', error: { code: 500, message } });

    expect(decoder.end(GONE)).toMatchObject({ kind: 'failed', failure, evidence });
  });

  it.each([
    [41, 'Invalid auth method selected.', 'auth'],
    [42, 'Error starting session', 'not-found'],
    [1, 'Unknown arguments: acp', 'config'],
  ])('is understood by exit code %i when all it says is %s', (code, stderr, failure) => {
    const { decoder } = prepare();
    decoder.push(Buffer.from(`${stderr}\n`), 'stderr');

    expect(decoder.end({ kind: 'exited', code })).toEqual({ kind: 'failed', failure, evidence: stderr });
  });

  it('is done when it has answered, however it ends', () => {
    const { say, decoder } = converse();

    expect(say(SESSION, says('one\ntwo\n'), answered).at(-1)).toEqual({ kind: 'turn-ended' });
    expect(decoder.end({ kind: 'signalled', signal: 'SIGTERM' })).toEqual({ kind: 'done', lastLine: 'two' });
  });
});

describe('gemini: its version', () => {
  it.each([
    ['0.61.0\n', '0.61.0'],
    ['Warning: 256-color support not detected.\n0.62.0-nightly.1\n', '0.62.0-nightly.1'],
    ['usage: gemini', undefined],
  ])('is the line of its own in %j', (printed, version) => {
    expect(geminiRuntime.cli?.readVersion(printed)).toBe(version);
  });
});
