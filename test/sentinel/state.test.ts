import { existsSync, mkdirSync, readFileSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFileDisk } from '../../src/adapters/file-disk.ts';
import { describeSelf } from '../../src/sentinel/process.ts';
import { loadState, lockLooks, saveState, type SentinelState, statePath } from '../../src/sentinel/state.ts';
import { loadSentinelTrace } from '../../src/sentinel/trace.ts';
import { smallDisk } from '../fakes/small-disk.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';

function state(lookedAt: number): SentinelState {
  return {
    lookedAt,
    memory: { bootId: 'boot', monotonicMs: 5, sight: { stamp: 1, ageMs: 2, atMonotonicMs: 3 } },
    outages: { current: { cause: 'gone', since: 7, toldAt: 8 }, tellings: [8] },
  };
}

describe('the sentinel’s memory', () => {
  it('is what was kept last', () => {
    const home = temporaryFolder();

    saveState(home, state(1));
    saveState(home, state(2));

    expect(loadState(home)).toEqual(state(2));
  });

  it.each(['', '{', '[]', '{"lookedAt": 1}', '{"lookedAt":1,"memory":{"bootId":"b","monotonicMs":"x"},"outages":{}}'])(
    'is none with %j in its file',
    (text) => {
      const home = temporaryFolder();
      writeFileSync(statePath(home), text);

      expect(loadState(home)).toBeUndefined();
    },
  );

  it('is kept beside a state folder that is not there, and gone into it once there is one', () => {
    const home = join(temporaryFolder(), 'state');

    const isKept = saveState(home, state(1));
    const beside = loadState(home);
    mkdirSync(home);
    saveState(home, state(2));

    expect(isKept).toBe(true);
    expect(beside).toEqual(state(1));
    expect(loadState(home)).toEqual(state(2));
    expect(existsSync(statePath(home))).toBe(true);
  });

  it('is written over in place on a disk that is full', ({ skip }) => {
    const home = smallDisk() ?? skip('a small disk can only be mounted by root on Linux');
    saveState(home, state(1));
    fillUp(join(home, 'filler'));

    const isKept = saveState(home, state(2));

    expect(isKept).toBe(true);
    expect(JSON.parse(readFileSync(statePath(home), 'utf8'))).toMatchObject({ lookedAt: 2 });
  });

  it('shows the control plane when somebody last looked, and what he told', () => {
    const home = temporaryFolder();
    const before = loadSentinelTrace(home, createFileDisk());
    saveState(home, state(1));

    expect(before).toEqual({ lookedAt: undefined, toldAt: undefined, cause: undefined });
    expect(loadSentinelTrace(home, createFileDisk())).toEqual({ lookedAt: 1, toldAt: 8, cause: 'gone' });
  });
});

describe('lockLooks', () => {
  it('lets one look at a time tell', () => {
    const home = temporaryFolder();

    const first = lockLooks(home);
    const second = lockLooks(home);
    first?.();
    const third = lockLooks(home);

    expect([first, second, third].map((release) => release !== undefined)).toEqual([true, false, true]);
  });

  it('takes over from a look that died, and from one that is older than any look', () => {
    const home = temporaryFolder();
    const file = `${statePath(home)}.lock`;
    writeFileSync(file, JSON.stringify({ ...describeSelf(), startTicks: '1' }));
    const fromDead = lockLooks(home);
    fromDead?.();
    writeFileSync(file, JSON.stringify(describeSelf()));
    const fromLiving = lockLooks(home);
    utimesSync(file, new Date(0), new Date(0));

    expect(fromDead).toBeDefined();
    expect(fromLiving).toBeUndefined();
    expect(lockLooks(home)).toBeDefined();
  });

  it('keeps nobody out on a disk that is full', ({ skip }) => {
    const home = smallDisk() ?? skip('a small disk can only be mounted by root on Linux');
    fillUp(join(home, 'filler'));

    const first = lockLooks(home);
    const second = lockLooks(home);
    first?.();

    expect(first).toBeDefined();
    expect(second).toBeUndefined();
    expect(lockLooks(home)).toBeDefined();
  });
});

/** Takes every byte that is left. */
function fillUp(file: string): void {
  try {
    for (;;) writeFileSync(file, Buffer.alloc(4096), { flag: 'a' });
  } catch (error) {
    expect((error as NodeJS.ErrnoException).code).toBe('ENOSPC');
  }
}
