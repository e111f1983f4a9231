import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createFileDisk } from '../../src/adapters/file-disk.ts';
import { createScrubbedSpool } from '../../src/runs/scrubbed-spool.ts';
import { createSpool } from '../../src/runs/spool.ts';
import { createScrubber } from '../../src/secrets.ts';
import { createManualClock } from '../fakes/manual-clock.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';

const SECRET = 'sk-ant-oat01-TEST-abcdefghijklmnopqrstuvwxyz';
const STARS = '*'.repeat(SECRET.length);

/** A log on a real file that keeps so many bytes, half of them the newest. */
function open(capBytes = 100_000, tailBytes = Math.floor(capBytes / 2)) {
  const path = join(temporaryFolder(), '1.log');
  const clock = createManualClock();
  const { openStream } = createScrubber([SECRET]);
  const plain = createSpool(createFileDisk().openLog(path), { capBytes, tailBytes, clock, mayWrite: () => true });
  const spool = createScrubbedSpool(plain, { clock, openStream: () => openStream([]) });
  return {
    clock,
    spool,
    say: (text: string, stream?: 'stdout' | 'stderr') => spool.append(Buffer.from(text), stream),
    tail: (maxBytes = 1_000) => Buffer.from(spool.tail(maxBytes)).toString(),
    log: () => readFileSync(path, 'utf8'),
  };
}

describe("a run's log", () => {
  it('never has a known secret, neither in the file nor in memory', () => {
    const { spool, say, tail, log } = open();

    say(`logged in with ${SECRET.slice(0, 20)}`);
    say(`${SECRET.slice(20)}, go on\n`);
    const shown = tail();
    spool.close();

    expect(shown).toBe(`logged in with ${STARS}, go on\n`);
    expect(log()).toBe(`logged in with ${STARS}, go on\n`);
  });

  it('finds a secret in one stream that is cut by words in the other', () => {
    const { spool, say, log } = open();

    say(`out ${SECRET.slice(0, 20)}`, 'stdout');
    say('a warning\n', 'stderr');
    say(`${SECRET.slice(20)}\n`, 'stdout');
    spool.close();

    expect(log()).toBe(`out a warning\n${STARS}\n`);
  });

  it('shows no part of a secret wherever the log is cut between head and tail', () => {
    const text = `0123456789 ${SECRET} 0123456789`;
    const fragments = Array.from({ length: SECRET.length - 2 }, (_, at) => SECRET.slice(at, at + 3));
    for (let capBytes = 2; capBytes <= text.length + 2; capBytes += 1) {
      const { spool, say, tail, log } = open(capBytes);

      say(text);
      const tails = Array.from({ length: text.length }, (_, maxBytes) => tail(maxBytes)).join('\n');
      spool.close();

      const all = `${log()}${tails}`;
      expect(fragments.filter((fragment) => all.includes(fragment))).toEqual([]);
    }
  });

  it('shows a line that ends like the beginning of a secret as soon as somebody looks', () => {
    const { say, tail } = open();

    say('at my desk');

    expect(tail()).toBe('at my desk');
  });

  it('has all that was said within a second, also when nothing follows', async () => {
    const { clock, say, log } = open();
    say('at my desk');
    const before = log();

    await clock.pass(1_000);

    expect(before).toBe('at my de');
    expect(log()).toBe('at my desk');
    expect(clock.timers).toBe(0);
  });

  it('waits for nothing while what was said is no beginning of a secret', () => {
    const { clock, say } = open();

    say('an ordinary line\n');

    expect(clock.timers).toBe(0);
  });

  it('shows as asterisks what a run that was killed left of a secret', () => {
    const { clock, spool, say, log } = open();

    say(`token: ${SECRET.slice(0, 25)}`);
    spool.close();

    expect(log()).toBe(`token: ${'*'.repeat(25)}`);
    expect(clock.timers).toBe(0);
  });
});
