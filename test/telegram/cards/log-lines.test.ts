import { readdirSync, readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { claudeRuntime } from '../../../src/runtimes/claude/claude.ts';
import { codexRuntime } from '../../../src/runtimes/codex/codex.ts';
import { geminiRuntime } from '../../../src/runtimes/gemini/gemini.ts';
import type { Runtime } from '../../../src/runtimes/runtime.ts';
import { describeLog } from '../../../src/telegram/cards/log-lines.ts';

const FOLDER = new URL('../../fixtures/agent-clis/', import.meta.url);
const RUNTIMES: Readonly<Record<string, Runtime>> = {
  claude: claudeRuntime,
  codex: codexRuntime,
  'codex-led': codexRuntime,
  'codex-app-server': codexRuntime,
  gemini: geminiRuntime,
  'gemini-acp': geminiRuntime,
};
const RECORDED = Object.keys(RUNTIMES).flatMap((cli) =>
  readdirSync(new URL(cli, FOLDER))
    .filter((file) => file.endsWith('.jsonl'))
    .map((file) => `${cli}/${file.slice(0, -'.jsonl'.length)}`),
);

function rawOf(recorded: string): string {
  return readFileSync(new URL(`${recorded}.jsonl`, FOLDER), 'utf8');
}

function show(cli: string, log: string): string {
  const read = RUNTIMES[cli]?.readLogLine;
  if (read === undefined) throw new Error(`${cli} reads no log`);
  return describeLog(log, read);
}

function showRecorded(recorded: string): string[] {
  return show(recorded.slice(0, recorded.indexOf('/')), rawOf(recorded)).split('\n');
}

function lineOf(message: unknown): string {
  return `${JSON.stringify(message)}\n`;
}

describe('a log for a person', () => {
  it.each([
    [
      'claude/can-use-tool',
      [
        'Calling a tool.',
        '🔧 Bash: touch approved-file && echo DONE',
        '❓ asked to be allowed that',
        'Done. Tool said: [tool_result DONE]',
        '✔ done, $0.01',
      ],
    ],
    [
      'claude/401-midrun',
      [
        '🔧 Bash: echo ok 1',
        '🔧 Bash: echo ok 2',
        '↻ tries again: 401 authentication_failed, attempt 2',
        '✖ auth: Failed to authenticate. API Error: 401 OAuth token has expired. Please obtain a new token or refresh your existing token.',
      ],
    ],
    [
      'claude/permission-denied',
      [
        'Running.',
        '🔧 Bash: rm -rf /home/agent/work/zzz; touch x',
        '✖ Bash: This Bash command contains multiple operations. The following parts require approval: rm -rf /home/agent/work/zzz, touch x',
        'Done. Tool said: [tool_result This Bash command contains multiple operations. The following parts require approval: rm -rf /home/agent/work/zzz, touch x]',
        '✔ done, $0.01',
      ],
    ],
    [
      'codex-led/tool',
      [
        '⚠ Model metadata for `gpt-5.2-codex` not found. Defaulting to fallback metadata; this can degrade performance and cause issues.',
        '🔧 nightdesk beat: x',
        '🔧 exec_command: echo hi; false',
        '✖ exec_command: exit code 1: hi',
        '🔧 exec_command: touch /etc/nd-x',
        '❓ asked to be allowed that',
        '✖ exec_command: declined',
        'Hello',
        'last line',
        '✔ done',
      ],
    ],
    ['codex-led/resume-missing', [expect.stringMatching(/^✖ not-found: no rollout found for thread id/)]],
    [
      'codex/tool',
      [
        expect.stringMatching(/^⚠ Model metadata/),
        '🔧 exec_command: echo hi-from-shell; pwd',
        'Hello from fake openai.',
        '✔ done',
      ],
    ],
    [
      'gemini-acp/tool',
      [
        '🔧 nightdesk beat',
        '❓ asked to be allowed run_shell_command: touch a',
        '🔧 run_shell_command: touch b',
        '❓ asked to be allowed write_file: Writing to c.txt',
        'Hello',
        'last line',
        '✔ done',
      ],
    ],
    ['gemini-acp/dropped', ['Half of it', '✖ timeout: terminated']],
    [
      'gemini/tool',
      [
        '🔧 run_shell_command: {"command":"echo hi-from-shell; pwd","description":"say hi"}',
        'Hello from fake gemini.',
        '✔ done',
      ],
    ],
  ])('tells of %s what the agent did and how it ended', (recorded, expected) => {
    expect(showRecorded(recorded)).toEqual(expected);
  });

  it.each(RECORDED)('of %s shows no JSON line raw, and its end', (recorded) => {
    const shown = showRecorded(recorded);

    expect(shown.filter((line) => line.startsWith('{'))).toEqual([]);
    // Of this one all that was said is on stderr.
    if (recorded !== 'claude/root-bypass-refused') expect(shown.at(-1)).toMatch(/^[✔✖] /);
  });

  it('leaves a line that is no JSON as it is, and shortens one that nobody understands', () => {
    const unknown = lineOf({ type: 'a kind of tomorrow', words: 'x'.repeat(5_000) });

    const shown = show('claude', `  indented: {not json}\n\n${unknown}[1, 2]\n`).split('\n');

    expect(shown).toEqual([
      '  indented: {not json}',
      expect.stringMatching(/^\{"type":"a kind of tomorrow","words":"x+…$/),
      '[1, 2]',
    ]);
    expect(shown[1]).toHaveLength(200);
  });

  it('joins what comes in parts, and begins anew after a call', () => {
    const part = (text: string) =>
      lineOf({
        method: 'session/update',
        params: { update: { sessionUpdate: 'agent_message_chunk', content: { type: 'text', text } } },
      });
    const call = lineOf({
      method: 'session/update',
      params: { update: { sessionUpdate: 'tool_call', toolCallId: 'ls__ls_1', kind: 'execute', title: 'ls' } },
    });

    expect(show('gemini-acp', `${part('Hel')}${part('lo ')}${part('you')}${call}${part('So')}`)).toBe(
      'Hello you\n🔧 ls: ls\nSo',
    );
  });

  it('says whose permission was asked, where its call is not the line above', () => {
    const call = (id: string, command: string) =>
      lineOf({
        type: 'assistant',
        message: { content: [{ type: 'tool_use', id, name: 'Bash', input: { command } }] },
      });
    const asked = (id: string, command: string) =>
      lineOf({
        type: 'control_request',
        request_id: id,
        request: { subtype: 'can_use_tool', tool_name: 'Bash', tool_use_id: id, input: { command } },
      });

    expect(show('claude', call('a', 'one') + call('b', 'two') + asked('a', 'one') + asked('b', 'two'))).toBe(
      '🔧 Bash: one\n🔧 Bash: two\n❓ asked to be allowed Bash: one\n❓ asked to be allowed Bash: two',
    );
  });

  it('never throws where fields hold what they never held', () => {
    const messages = RECORDED.flatMap((recorded) =>
      rawOf(recorded)
        .split('\n')
        .filter((line) => line.startsWith('{'))
        .map((line): unknown => JSON.parse(line)),
    );
    const broken = fc
      .tuple(fc.constantFrom(...messages), fc.nat(), fc.oneof(fc.jsonValue(), fc.constant('\ud800\u0000\u202e')))
      .map(([message, at, value]) => lineOf(breakField(message, at, value)));
    const cut = fc.tuple(broken, fc.nat(400)).map(([line, at]) => line.slice(at));

    fc.assert(
      fc.property(
        fc.constantFrom('claude', 'codex', 'gemini'),
        fc.array(fc.oneof(broken, cut, fc.string()), { maxLength: 20 }),
        (cli, lines) => {
          expect(typeof show(cli, lines.join(''))).toBe('string');
        },
      ),
      { numRuns: 300 },
    );
  });
});

/** The message with another value in one of its fields, however deep. */
function breakField(message: unknown, at: number, value: unknown): unknown {
  let fields = 0;
  JSON.stringify(message, (_, each: unknown) => {
    fields += 1;
    return each;
  });
  let seen = 0;
  return JSON.parse(
    JSON.stringify(message, (_, each: unknown) => {
      seen += 1;
      return seen === (at % fields) + 1 ? value : each;
    }),
  );
}
