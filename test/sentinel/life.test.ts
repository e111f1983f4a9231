import { describe, expect, it } from 'vitest';
import { decideLife, type Life, type LookFacts, type LookMemory } from '../../src/sentinel/life.ts';
import type { PulseFile } from '../../src/sentinel/pulse-file.ts';

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const NOW = Date.UTC(2026, 10, 22, 12);
const FILE: PulseFile = { version: '1', pid: 7, startTicks: '5', bootId: 'boot', host: 'h', startedAt: NOW - HOUR };

function facts(
  changes: Partial<LookFacts> & { readonly file?: PulseFile | undefined; readonly at?: number } = {},
): LookFacts {
  const { file, at, ...rest } = changes;
  return {
    now: NOW,
    monotonicMs: 10 * HOUR,
    bootId: 'boot',
    darkAfterMs: 3 * MINUTE,
    pulse: { file: 'file' in changes ? file : FILE, modifiedAt: at ?? NOW - 5 * SECOND },
    process: 'there',
    hasFailed: false,
    ...rest,
  };
}

describe('decideLife at the first look', () => {
  it.each<readonly [what: string, given: LookFacts, life: Life]>([
    ['alive with a fresh proof', facts(), { kind: 'alive', ageMs: 5 * SECOND, startedAt: FILE.startedAt }],
    ['silent with a proof as old as dark_after', facts({ at: NOW - 3 * MINUTE }), dark('silent', NOW - 3 * MINUTE)],
    ['alive with a proof of the future', facts({ at: NOW + HOUR }), { kind: 'alive', ageMs: 0 }],
    ['gone with a fresh proof and no process', facts({ process: 'gone' }), dark('gone', NOW - 5 * SECOND)],
    [
      'rebooted when the process belongs to another boot',
      facts({ process: 'gone', bootId: 'next' }),
      dark('rebooted', NOW - 5 * SECOND),
    ],
    [
      'stopped after a stop on purpose',
      facts({ process: 'gone', file: { ...FILE, stoppedAt: NOW - HOUR, stoppedBy: 'asked' } }),
      dark('stopped', NOW - HOUR),
    ],
    [
      'stopped also after a reboot that came later',
      facts({ process: 'gone', bootId: 'next', file: { ...FILE, stoppedAt: NOW - HOUR, stoppedBy: 'asked' } }),
      dark('stopped', NOW - HOUR),
    ],
    [
      'not started when its supervisor gave up after a stop on purpose',
      facts({ process: 'gone', hasFailed: true, file: { ...FILE, stoppedAt: NOW - HOUR, stoppedBy: 'asked' } }),
      dark('not-started', NOW - HOUR),
    ],
    [
      'ended when it ended by itself',
      facts({ process: 'gone', file: { ...FILE, stoppedAt: NOW - HOUR, stoppedBy: 'itself' } }),
      dark('ended', NOW - HOUR),
    ],
    [
      'alive while it is still stopping',
      facts({ file: { ...FILE, provedAt: NOW - 9 * SECOND, stoppedAt: NOW, stoppedBy: 'asked' } }),
      { kind: 'alive', ageMs: 9 * SECOND },
    ],
    ['never run without a pulse file', facts({ pulse: undefined }), dark('never-ran', undefined)],
    [
      'starting as long as dark_after is not over, however old the last proof',
      facts({ file: { ...FILE, tryingSince: NOW - 2 * MINUTE, provedAt: NOW - HOUR } }),
      { kind: 'starting' },
    ],
    [
      'deaf when it has proved nothing for so long, though its file was just written',
      facts({ at: NOW, file: { ...FILE, tryingSince: NOW - 3 * MINUTE, provedAt: null } }),
      dark('deaf', NOW - 3 * MINUTE),
    ],
    [
      'in a drill when it says so',
      facts({ file: { ...FILE, provedAt: NOW - HOUR, drillUntil: NOW + MINUTE } }),
      dark('drill', NOW - HOUR),
    ],
    [
      'gone in the middle of a drill, which is none any more',
      facts({ process: 'gone', file: { ...FILE, provedAt: NOW - HOUR, drillUntil: NOW + MINUTE } }),
      dark('gone', NOW - HOUR),
    ],
    [
      'silent after a drill that nothing ended',
      facts({ file: { ...FILE, provedAt: NOW - HOUR, drillUntil: NOW - 1 } }),
      dark('silent', NOW - HOUR),
    ],
    ['judged by the age alone on another host', facts({ process: 'unknown' }), { kind: 'alive', ageMs: 5 * SECOND }],
    [
      'judged by the age alone with a file that says nothing',
      facts({ file: undefined, process: 'unknown', at: NOW - HOUR }),
      dark('silent', NOW - HOUR),
    ],
  ])('decideLife says %s', (_what, given, life) => {
    expect(decideLife(given, undefined).life).toMatchObject(life);
  });
});

describe('decideLife from look to look', () => {
  /** A look that many seconds of each clock after the first one. */
  function later(wallMs: number, monotonicMs: number, at: number, changes: Partial<LookFacts> = {}): LookFacts {
    return facts({ now: NOW + wallMs, monotonicMs: 10 * HOUR + monotonicMs, at, ...changes });
  }
  const first: LookMemory = decideLife(facts({ at: NOW }), undefined).memory;

  it.each<readonly [what: string, given: LookFacts, kind: Life['kind']]>([
    ['takes a laptop that slept all night for no outage', later(8 * HOUR, 20 * SECOND, NOW), 'alive'],
    ['takes a proof from just before the sleep for a fresh one', later(8 * HOUR, 20 * SECOND, NOW + SECOND), 'alive'],
    ['takes a clock that was set forward for no outage', later(3 * HOUR, MINUTE, NOW + 55 * SECOND), 'alive'],
    ['sees a hang though the clock was set back', later(-2 * HOUR, 3 * MINUTE, NOW), 'dark'],
    ['sees a hang after dark_after', later(3 * MINUTE, 3 * MINUTE, NOW), 'dark'],
    ['waits a second less than dark_after', later(3 * MINUTE - SECOND, 3 * MINUTE - SECOND, NOW), 'alive'],
    ['goes by the wall clock after a reboot', later(HOUR, -9 * HOUR, NOW), 'dark'],
    ['goes by the wall clock on another boot', later(HOUR, MINUTE, NOW, { bootId: 'next' }), 'dark'],
  ])('from look to look it %s', (_what, given, kind) => {
    expect(decideLife(given, first).life.kind).toBe(kind);
  });
});

function dark(cause: (Life & { kind: 'dark' })['cause'], since: number | undefined): Life {
  return { kind: 'dark', cause, since };
}
