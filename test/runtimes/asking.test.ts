import { describe, expect, it } from 'vitest';
import { claudeRuntime } from '../../src/runtimes/claude/claude.ts';
import { codexRuntime } from '../../src/runtimes/codex/codex.ts';
import { commandRuntime } from '../../src/runtimes/command.ts';
import { geminiRuntime } from '../../src/runtimes/gemini/gemini.ts';
import type { Decoder, RunEvent } from '../../src/runtimes/runtime.ts';
import { anAgent, aRunInput } from '../fakes/agents.ts';

function say(decoder: Decoder, ...lines: readonly object[]): RunEvent[] {
  return decoder.push(Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join('')), 'stdout');
}

const claude = () => claudeRuntime.prepare(anAgent({ runtime: 'claude' }), aRunInput()).decoder;
const codex = () => codexRuntime.prepare(anAgent({ runtime: 'codex' }), aRunInput()).decoder;
const gemini = () => geminiRuntime.prepare(anAgent({ runtime: 'gemini' }), aRunInput()).decoder;

const INIT = { type: 'system', subtype: 'init', session_id: 's-1', model: 'claude-haiku-4-5' };
const CODEX_BEGIN = [
  { id: 'initialize', result: {} },
  { id: 'thread', result: { thread: { id: 'th-1' }, model: 'gpt-5.2-codex' } },
  { method: 'turn/started', params: { threadId: 'th-1', turn: { id: 'tu-1' } } },
];

function claudeCalls(decoder: Decoder, ...inputs: readonly object[]): (string | undefined)[] {
  return inputs.flatMap((input, number) => {
    const content = [{ type: 'tool_use', id: `t-${number}`, name: 'Edit', input }];
    const message = { id: `m-${number}`, role: 'assistant', content };
    return say(decoder, { type: 'assistant', message }).flatMap((event) =>
      event.kind === 'tool-begun' ? [event.likeness] : [],
    );
  });
}

describe('a question to an agent at work', () => {
  it('is a message on the stdin of Claude Code, as long as its turn goes on', () => {
    const decoder = claude();
    expect(decoder.ask('Alive?')).toBeUndefined();
    say(decoder, INIT);

    expect(JSON.parse(decoder.ask('Alive?') ?? '')).toEqual({
      type: 'user',
      message: { role: 'user', content: [{ type: 'text', text: 'Alive?' }] },
    });
    say(decoder, { type: 'result', subtype: 'success', is_error: false, result: 'Done.' });
    expect(decoder.ask('Alive?')).toBeUndefined();
  });

  it('steers the turn of Codex, and is no failure when that is refused', () => {
    const decoder = codex();
    say(decoder, ...CODEX_BEGIN.slice(0, 2));
    expect(decoder.ask('Alive?')).toBeUndefined();
    say(decoder, ...CODEX_BEGIN.slice(2));

    expect(JSON.parse(decoder.ask('Alive?') ?? '')).toMatchObject({
      method: 'turn/steer',
      params: { threadId: 'th-1', expectedTurnId: 'tu-1', input: [{ type: 'text', text: 'Alive?' }] },
    });
    say(decoder, { id: 'steer', error: { code: -32600, message: 'no active turn to steer' } });
    say(decoder, { method: 'turn/completed', params: { threadId: 'th-1', turn: { id: 'tu-1', status: 'completed' } } });
    expect(decoder.ask('Alive?')).toBeUndefined();
    expect(decoder.end({ kind: 'exited', code: 0 })).toMatchObject({ kind: 'done' });
  });

  it('is read neither by Gemini CLI nor by a program', () => {
    const program = commandRuntime.prepare(anAgent(), aRunInput()).decoder;

    expect([gemini().ask('Alive?'), program.ask('Alive?')]).toEqual([undefined, undefined]);
  });

  it('comes back from Codex as no sign of life', () => {
    const decoder = codex();
    say(decoder, ...CODEX_BEGIN);
    const item = { id: 'i-1', type: 'userMessage', content: [{ type: 'text', text: 'Alive?' }] };
    const echo = ['item/started', 'item/completed'].map((method) => ({ method, params: { threadId: 'th-1', item } }));

    expect(say(decoder, ...echo).filter(({ kind }) => kind !== 'output')).toEqual([]);
  });
});

describe('what tells calls of one tool apart', () => {
  it('is the whole of what Claude Code gives it, but for the words about it', () => {
    const [first, again, other] = claudeCalls(
      claude(),
      { file_path: '/a', old_string: 'x', new_string: 'y', description: 'one' },
      { file_path: '/a', old_string: 'x', new_string: 'y', description: 'two' },
      { file_path: '/a', old_string: 'x', new_string: 'z', description: 'two' },
    );

    expect(first).toBeDefined();
    expect(again).toBe(first);
    expect(other).not.toBe(first);
  });

  it('is the change itself where Codex and Gemini CLI edit a file', () => {
    const patches = ['+ one', '+ two'].map((diff, number) => {
      const item = { id: `i-${number}`, type: 'fileChange', changes: [{ path: '/a', kind: { type: 'update' }, diff }] };
      const decoder = codex();
      return say(decoder, ...CODEX_BEGIN, { method: 'item/started', params: { threadId: 'th-1', item } });
    });
    const edits = ['one', 'two'].map((newText, number) => {
      const decoder = gemini();
      say(decoder, { id: 'initialize', result: {} }, { id: 'session', result: { sessionId: 'se-1' } });
      const content = [{ type: 'diff', path: '/a', oldText: '', newText }];
      const call = {
        sessionUpdate: 'tool_call',
        toolCallId: `c-${number}`,
        status: 'in_progress',
        title: 'a',
        kind: 'edit',
        content,
      };
      return say(decoder, { method: 'session/update', params: { sessionId: 'se-1', update: call } });
    });

    for (const [one, other] of [patches, edits]) {
      const likeness = (events: RunEvent[] | undefined) =>
        events?.flatMap((event) => (event.kind === 'tool-begun' ? [event.likeness] : []));
      expect(likeness(one)).toHaveLength(1);
      expect(likeness(one)?.[0]).toBeDefined();
      expect(likeness(one)).not.toEqual(likeness(other));
    }
  });
});

describe('what an agent says', () => {
  it('is told by each CLI', () => {
    const text = { type: 'text', text: 'I look at the tests.' };
    const item = { id: 'i-1', type: 'agentMessage', text: text.text };
    const led = gemini();
    say(led, { id: 'initialize', result: {} }, { id: 'session', result: { sessionId: 'se-1' } });
    const chunk = (piece: string) => ({
      method: 'session/update',
      params: { update: { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text: piece } } },
    });

    const told = [
      say(claude(), INIT, { type: 'assistant', message: { id: 'm-1', role: 'assistant', content: [text] } }),
      say(codex(), ...CODEX_BEGIN, { method: 'item/completed', params: { threadId: 'th-1', item } }),
      say(led, chunk('I look at'), chunk(' the tests.')),
    ].map((events) => events.flatMap((event) => (event.kind === 'said' ? [event.text] : [])));

    expect(told).toEqual([['I look at the tests.'], ['I look at the tests.'], ['I look at']]);
  });
});
