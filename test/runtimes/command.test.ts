import { describe, expect, it } from 'vitest';
import type { ProcessExit } from '../../src/ports.ts';
import { commandRuntime, createCommandDecoder } from '../../src/runtimes/command.ts';
import type { RunEvent, RunOutcome } from '../../src/runtimes/runtime.ts';
import { aRunInput, anAgent } from '../fakes/agents.ts';

const AGENT = anAgent();

const exited = (code: number): ProcessExit => ({ kind: 'exited', code });

function outcome(exit: ProcessExit, stdout = '', stderr = ''): RunOutcome {
  const decoder = createCommandDecoder();
  decoder.push(Buffer.from(stdout), 'stdout');
  decoder.push(Buffer.from(stderr), 'stderr');
  return decoder.end(exit);
}

function signs(events: readonly RunEvent[]): RunEvent[] {
  return events.filter((event) => event.kind === 'auth-sign');
}

describe('starting a command agent', () => {
  it('takes program and arguments as they stand in the configuration', () => {
    expect(commandRuntime.prepare(AGENT, aRunInput()).spawn).toEqual({ argv: ['/opt/scout', '--once'] });
  });

  it('passes on what the run has for its stdin', () => {
    expect(commandRuntime.prepare(AGENT, aRunInput({ stdin: '{"id":1}' })).spawn).toEqual({
      argv: ['/opt/scout', '--once'],
      stdin: '{"id":1}',
    });
  });
});

describe('how a command agent ended', () => {
  it('is done when it exits 0, with its last line of stdout', () => {
    expect(outcome(exited(0), 'working\n{"url":"https://x.example/1"}\n\n', 'noise')).toEqual({
      kind: 'done',
      lastLine: '{"url":"https://x.example/1"}',
    });
  });

  it('is done without a last line when it said nothing', () => {
    expect(outcome(exited(0))).toEqual({ kind: 'done' });
  });

  it('is a failed auth when it exits 77', () => {
    expect(outcome(exited(77), '', 'mailbox: no\n')).toEqual({
      kind: 'failed',
      failure: 'auth',
      evidence: 'mailbox: no',
    });
  });

  it('is a failed auth when a line says AUTH_FAILED, whatever the exit code', () => {
    for (const code of [0, 1, 75, 77, 127]) {
      expect(outcome(exited(code), 'one\nAUTH_FAILED: password changed\ntwo\n')).toEqual({
        kind: 'failed',
        failure: 'auth',
        evidence: 'AUTH_FAILED: password changed',
      });
    }
  });

  it('is a failed auth when it takes a 401 for a passing trouble and exits 0', () => {
    expect(outcome(exited(0), '', 'HTTP 401 from api.github.com, will try later')).toEqual({
      kind: 'failed',
      failure: 'auth',
      evidence: 'HTTP 401 from api.github.com, will try later',
      credentialHint: 'github',
    });
  });

  it('is temporary when it exits 75', () => {
    expect(outcome(exited(75), 'try me later\n')).toEqual({
      kind: 'failed',
      failure: 'overloaded',
      evidence: 'try me later',
    });
  });

  it.each([126, 127])('is a matter of configuration when it exits %i', (code) => {
    expect(outcome(exited(code), '', 'sh: scout: not found\n')).toEqual({
      kind: 'failed',
      failure: 'config',
      evidence: 'sh: scout: not found',
    });
  });

  it('is a matter of configuration when it could not be started', () => {
    expect(outcome({ kind: 'not-started', reason: 'scout was not found on the PATH' })).toEqual({
      kind: 'failed',
      failure: 'config',
      evidence: 'scout was not found on the PATH',
    });
  });

  it('is a crash with the last line of stderr when it exits otherwise', () => {
    expect(outcome(exited(1), 'all is well\n', 'Traceback\nKeyError: 7\n  \n')).toEqual({
      kind: 'failed',
      failure: 'crash',
      evidence: 'KeyError: 7',
    });
  });

  it('is a crash with the last line of stdout when stderr is empty', () => {
    expect(outcome(exited(2), 'one\ntwo\n')).toEqual({ kind: 'failed', failure: 'crash', evidence: 'two' });
  });

  it('is a crash with its signal when it said nothing', () => {
    expect(outcome({ kind: 'signalled', signal: 'SIGSEGV' })).toEqual({
      kind: 'failed',
      failure: 'crash',
      evidence: 'ended by SIGSEGV',
    });
    expect(outcome(exited(3))).toEqual({ kind: 'failed', failure: 'crash', evidence: 'exit code 3' });
  });

  it('finds the last line behind any amount of output', () => {
    const decoder = createCommandDecoder();
    for (let count = 0; count < 5000; count += 1)
      decoder.push(Buffer.from(`line ${count} ${'x'.repeat(count % 97)}\n`), 'stderr');

    expect(decoder.end(exited(1))).toMatchObject({ evidence: expect.stringMatching(/^line 4999 x*$/) });
  });
});

describe('what a command agent says while it runs', () => {
  it('is told as output by its size', () => {
    expect(createCommandDecoder().push(Buffer.from('grüß\n'), 'stdout')).toEqual([{ kind: 'output', bytes: 7 }]);
  });

  it('becomes a sign at the first line of a dead credential', () => {
    const events = createCommandDecoder().push(Buffer.from('start\nslack: invalid_auth\nmore'), 'stderr');

    expect(events).toEqual([
      { kind: 'output', bytes: 30 },
      { kind: 'auth-sign', evidence: 'slack: invalid_auth', credentialHint: 'slack' },
    ]);
  });

  it('sees a dead credential in an unfinished line once the program goes silent, and only once', () => {
    const decoder = createCommandDecoder();

    const pushed = signs(decoder.push(Buffer.from('error 401 Unauthorized, and then nothing'), 'stdout'));
    const idle = signs(decoder.idle());
    const later = signs(decoder.push(Buffer.from(' more\n'), 'stdout'));

    expect([pushed.length, idle.length, later.length]).toEqual([0, 1, 0]);
  });

  it('gives one sign per vendor, however often it repeats', () => {
    const decoder = createCommandDecoder();
    const events = Array.from({ length: 100 }, (_, count) => [
      ...decoder.push(Buffer.from(`try ${count}: HTTP 401\n`), 'stdout'),
      ...decoder.push(Buffer.from(`try ${count}: github: Bad credentials\n`), 'stderr'),
    ]);

    expect(signs(events.flat())).toEqual([
      { kind: 'auth-sign', evidence: 'try 0: HTTP 401' },
      { kind: 'auth-sign', evidence: 'try 0: github: Bad credentials', credentialHint: 'github' },
    ]);
  });

  it('keeps the two streams apart though they interleave within a line', () => {
    const decoder = createCommandDecoder();

    const events = [
      ...decoder.push(Buffer.from('HTTP/1.1 4'), 'stdout'),
      ...decoder.push(Buffer.from('00 items\n'), 'stderr'),
      ...decoder.push(Buffer.from('01 Unauthorized\n'), 'stdout'),
    ];

    expect(signs(events)).toEqual([{ kind: 'auth-sign', evidence: 'HTTP/1.1 401 Unauthorized' }]);
  });

  it('takes little memory while little is said', () => {
    const before = process.memoryUsage().arrayBuffers;

    const decoders = Array.from({ length: 200 }, () => createCommandDecoder());
    for (const decoder of decoders) {
      decoder.push(Buffer.from('a short line\n'), 'stdout');
      decoder.push(Buffer.from('and an unfinished one'), 'stderr');
    }

    expect((process.memoryUsage().arrayBuffers - before) / decoders.length).toBeLessThan(1_000);
  });
});
