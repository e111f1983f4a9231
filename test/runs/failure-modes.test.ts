import { describe, expect, it } from 'vitest';
import { decideBid, findModelMode, findToolMode, isSameTool, kindOfToolError } from '../../src/runs/failure-modes.ts';
import { anAgent } from '../fakes/agents.ts';

describe('failure modes', () => {
  it.each([
    ['email', 'email', true],
    ['email', 'Email', true],
    ['email', 'mcp__email__send', true],
    ['email', 'mcp__office__email', true],
    ['send_mail', 'mcp__office__send_mail', true],
    ['email', 'mcp__emailer__send', false],
    ['mail', 'email', false],
    ['Bash', 'BashOutput', false],
  ])('know by the name %s the tool %s: %s', (written, tool, same) => {
    expect(isSameTool(written, tool)).toBe(same);
  });

  it.each([
    ['HTTP 401 Unauthorized', 'auth'],
    ['Request failed with status code 403', 'auth'],
    ['403 Forbidden', 'auth'],
    ['Error: Invalid API key', 'auth'],
    ['429 Too Many Requests', 'rate-limit'],
    ['You have hit a rate limit, retry later', 'rate-limit'],
    ["ENOENT: no such file or directory, open 'credentials.json'", 'not-found'],
    ['Error: HTTP status 404', 'not-found'],
    ['Exit code 2', 'other'],
    ['found 404 rows', 'other'],
  ] as const)('take the error %j for %s', (error, kind) => {
    expect(kindOfToolError(error)).toBe(kind);
  });

  it('keep a mode on the name of the runtime for its model calls', () => {
    const mode = { tool: 'Claude', on: 'rate-limit', then: { kind: 'skip' } } as const;
    const agent = anAgent({ runtime: 'claude', failureModes: [mode] });

    expect(findModelMode(agent, 'rate-limit')).toBe(mode);
    expect(findModelMode(agent, 'overloaded')).toBe(mode);
    expect(findModelMode(agent, 'crash')).toBeUndefined();
    expect(findToolMode(agent, 'claude', 'rate-limit')).toBeUndefined();
    expect(findModelMode(anAgent({ failureModes: [{ ...mode, tool: 'command' }] }), 'rate-limit')).toBeUndefined();
  });

  it('wait as often as they retry, and then do what comes after', () => {
    const wait = { kind: 'wait', waitMs: 5, retry: 2, otherwise: 'alert' } as const;

    expect([0, 1, 2, 3].map((earlier) => decideBid(wait, earlier))).toEqual([
      { kind: 'wait', waitMs: 5 },
      { kind: 'wait', waitMs: 5 },
      { kind: 'alert', isRepeated: false },
      { kind: 'alert', isRepeated: true },
    ]);
    expect(decideBid({ ...wait, otherwise: 'skip' }, 2)).toEqual({ kind: 'skip' });
  });
});
