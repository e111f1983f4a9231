import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { smallDisk } from '../fakes/small-disk.ts';
import { fixture, openStage, OWNER, type Stage, until } from './program.ts';

const stages: Stage[] = [];

afterEach(async () => {
  await Promise.all(stages.splice(0).map((stage) => stage.close()));
});

describe('nightdesk start on a full disk', () => {
  it('tells the owner, waits, and goes on by itself once there is room', async ({ skip }) => {
    const home = smallDisk() ?? skip('a small disk can only be mounted by root on Linux');
    const stage = await openStage();
    stages.push(stage);
    stage.write(
      'fleet.yaml',
      `timezone: UTC\nhome: ${home}\ntelegram: { owners: [${OWNER}] }\n` +
        `agents:\n  scout: { runtime: command, command: [${fixture('print.sh')}, "0", hi], schedule: every 1h }\n`,
    );
    mkdirSync(join(home, 'bin'));
    fillUp(join(home, 'filler'));

    const program = stage.start();
    await stage.says('I cannot start', 'the disk is full');
    expect(program.stdout()).toBe('');
    rmSync(join(home, 'filler'));
    await program.ready();

    expect(program.stderr().match(/too little to start/g)).toHaveLength(1);
    expect(await program.stop()).toBe(0);
  });

  it('ends with 0 when it is told to while it waits for room', async ({ skip }) => {
    const home = smallDisk() ?? skip('a small disk can only be mounted by root on Linux');
    const stage = await openStage();
    stages.push(stage);
    stage.write(
      'fleet.yaml',
      `timezone: UTC\nhome: ${home}\ntelegram: { owners: [${OWNER}] }\n` +
        `agents:\n  scout: { runtime: command, command: [${fixture('print.sh')}, "0", hi], schedule: every 1h }\n`,
    );
    fillUp(join(home, 'filler'));
    const program = stage.start();
    await until(() => program.stderr().includes('too little to start'), 'it waits');

    expect(await program.stop()).toBe(0);
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
