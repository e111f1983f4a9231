import { chmodSync, mkdirSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { smallDisk } from '../fakes/small-disk.ts';
import { fixture, openStage, OWNER, type Program, type Stage, until } from './program.ts';

const stages: Stage[] = [];

afterEach(async () => {
  await Promise.all(stages.splice(0).map((stage) => stage.close()));
});

const IDLE = `agents:\n  scout: { runtime: command, command: [${fixture('print.sh')}, "0", hi], schedule: every 1h }\n`;

async function open(yaml = ''): Promise<Stage> {
  const stage = await openStage();
  stages.push(stage);
  stage.fleet(`${yaml}${IDLE}`);
  return stage;
}

/** One look of the sentinel: its exit code and what it printed. */
async function look(stage: Stage, env: Readonly<Record<string, string>> = {}) {
  const program: Program = stage.nightdesk(['sentinel', '--config', stage.path('fleet.yaml')], {
    TELEGRAM_BOT_TOKEN: stage.token,
    TELEGRAM_API_ROOT: stage.sandbox.apiRoot,
    ...env,
  });
  const { code } = await program.ended;
  return { code, stdout: program.stdout(), stderr: program.stderr() };
}

/** What the owner reads of the sentinel. */
function told(stage: Stage): string[] {
  return stage.sandbox
    .messages()
    .filter(({ from, text }) => from === 'bot' && /Nightdesk (on \S+ )?is|The drill/.test(text))
    .map(({ text }) => text.split('\n')[0] ?? '');
}

async function proved(stage: Stage): Promise<void> {
  await until(
    () => stage.list('state').includes('pulse') && !stage.read('state/pulse').includes('provedAt'),
    'a proof',
  );
}

const DARK = /🔴 Nightdesk is dark on /;
const BACK = /🟢 Nightdesk on \S+ is back after \d+ s/;

describe('nightdesk sentinel', () => {
  it('tells once that the process is gone, and once that it is back', async () => {
    const stage = await open();
    const program = await stage.startReady();
    await proved(stage);
    const before = await look(stage);
    await program.kill();

    const first = await look(stage);
    const second = await look(stage);
    const dark = told(stage);
    await stage.startReady();
    await proved(stage);
    const third = await look(stage);
    const fourth = await look(stage);

    expect(before).toMatchObject({ code: 0, stderr: '' });
    expect([first.code, second.code]).toEqual([1, 1]);
    expect(first.stdout).toContain(`its process (${program.pid}) is gone`);
    expect(dark).toEqual([expect.stringMatching(DARK)]);
    expect([third.code, fourth.code]).toEqual([0, 0]);
    expect(told(stage)).toEqual([...dark, expect.stringMatching(BACK)]);
  });

  it('shows in the status how old the last proof of life is, and whether a sentinel looks', async () => {
    const stage = await open();
    await stage.startReady();
    await proved(stage);
    const status = async () => {
      const program = stage.nightdesk(['status', '--config', stage.path('fleet.yaml')]);
      await program.ended;
      return program.stdout();
    };

    const before = await status();
    await look(stage);
    const after = await status();

    expect(before).toMatch(/^pulse: last proof of life \d+ s ago; no sentinel has ever looked/m);
    expect(after).toMatch(/^pulse: last proof of life \d+ s ago; the sentinel looked \d+ s ago$/m);
  });

  it('takes a process that hangs for dark once its proof is as old as dark_after', async () => {
    const stage = await open('alerts: { dark_after: 2s }\n');
    const program = await stage.startReady();
    await proved(stage);
    const alive = await look(stage);
    program.child.kill('SIGSTOP');

    await until(() => Date.now() - statSync(stage.path('state/pulse')).mtimeMs > 2_500, 'the proof is old');
    const hanging = await look(stage);
    program.child.kill('SIGCONT');

    expect(alive.code).toBe(0);
    expect(hanging.code).toBe(1);
    expect(hanging.stdout).toContain('is there but hangs');
    expect(told(stage)).toEqual([expect.stringMatching(DARK)]);
  });

  it('lets the fallback speak when Telegram cannot be reached, and says at the next look what reached nobody', async () => {
    const stage = await open(`alerts: { fallback: [./sms.sh] }\n`);
    stage.write('sms.sh', '');
    const program = await stage.startReady();
    await program.kill();
    stage.sandbox.setFault({ kind: 'down' });

    const silent = await look(stage);
    stage.write('sms.sh', `#!/bin/sh\nenv > ${stage.path('env')}\ncat >> ${stage.path('sms')}\n`);
    chmodSync(stage.path('sms.sh'), 0o755);
    const spoken = await look(stage);
    stage.sandbox.setFault(undefined);
    const again = await look(stage);

    expect(silent.code).toBe(1);
    expect(silent.stderr).toContain('not told by the fallback either');
    expect(spoken).toMatchObject({ code: 1 });
    expect(stage.read('sms').match(/Nightdesk is dark on /g)).toHaveLength(1);
    expect(again.code).toBe(1);
    expect(told(stage)).toEqual([]);
    const everything = [silent, spoken].map(({ stdout, stderr }) => stdout + stderr).join('') + stage.read('env');
    expect(everything).not.toContain(stage.token);
  });

  it('says nothing of a silence that was only Telegram’s once Telegram is back', async () => {
    const stage = await open('alerts: { dark_after: 3s }\n');
    await stage.startReady();
    await proved(stage);
    const deaf = { TELEGRAM_API_ROOT: 'http://127.0.0.1:9' };
    const pulse = stage.path('state/pulse');
    // The control plane proves itself anew each second: what is told of it is held back meanwhile.
    const text = stage.read('state/pulse').replace('}', `,"provedAt":${Date.now() - 60_000}}`);
    writeFileSync(pulse, text);
    const silent = await look(stage, deaf);
    const isBack = setTimeout(() => writeFileSync(pulse, text.replace(/,"provedAt":\d+/, '')), 4_000);

    const after = await look(stage);
    clearTimeout(isBack);

    expect(silent).toMatchObject({ code: 1 });
    expect(after).toMatchObject({ code: 0 });
    expect(told(stage)).toEqual([]);
  });

  it('works with a fleet.yaml that an edit broke, and says that it is broken', async () => {
    const stage = await open();
    const program = await stage.startReady();
    await program.kill();
    stage.write('fleet.yaml', 'timezone: UTC\nhome: ./state\ntelegram: { owners: [42\nalerts: {{{\n');

    const { code } = await look(stage);

    expect(code).toBe(1);
    const message = await stage.says('Nightdesk is dark on', 'fleet.yaml is broken');
    expect(message.text).not.toContain(stage.token);
  });

  it('says of a stop on purpose that it was one, without a sound', async () => {
    const stage = await open();
    const program = await stage.startReady();
    await program.stop();

    const { code } = await look(stage);

    expect(code).toBe(1);
    const message = await stage.says('Nightdesk is stopped on', 'was stopped on purpose at');
    expect(message).toMatchObject({ silent: true });
    expect(message.text).not.toContain('🔴');
    expect(told(stage)).toHaveLength(1);
  });

  it('says once of a home that it has never run', async () => {
    const stage = await open();

    const first = await look(stage);
    const second = await look(stage);

    expect([first.code, second.code]).toEqual([1, 1]);
    expect(first.stdout).toContain('it has never run');
    expect(told(stage)).toHaveLength(1);
    expect(stage.list('.')).not.toContain('state');
  });

  it('tells once when two looks come at the same moment', async () => {
    const stage = await open();
    const program = await stage.startReady();
    await program.kill();

    const looks = await Promise.all([look(stage), look(stage), look(stage)]);

    expect(looks.map(({ code }) => code)).toEqual([1, 1, 1]);
    expect(told(stage)).toHaveLength(1);
  });

  it('does not take a new process under the old number for the control plane', async () => {
    const stage = await open();
    const program = await stage.startReady();
    await proved(stage);
    await program.kill();
    const pulse = JSON.parse(stage.read('state/pulse')) as Record<string, unknown>;
    stage.write('state/pulse', JSON.stringify({ ...pulse, pid: process.pid }));

    const { code, stdout } = await look(stage);

    expect(code).toBe(1);
    expect(stdout).toContain(`its process (${process.pid}) is gone`);
  });

  it('ends with 78 and one line when nobody could be told', async () => {
    const stage = await openStage();
    stages.push(stage);
    stage.write('fleet.yaml', 'home: ./state\n');

    const { code, stderr } = await look(stage);

    expect(code).toBe(78);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(stderr).toContain('it names no owner');
  });

  it('tells once on a disk without a byte left', async ({ skip }) => {
    const home = smallDisk() ?? skip('a small disk can only be mounted by root on Linux');
    const stage = await openStage();
    stages.push(stage);
    stage.write('fleet.yaml', `timezone: UTC\nhome: ${home}\ntelegram: { owners: [${OWNER}] }\n`);
    mkdirSync(home, { recursive: true });
    const started = Date.now() - 60_000;
    const gone = { version: '0', pid: 1, startTicks: '1', bootId: 'another', host: '', startedAt: started };
    writeFileSync(join(home, 'pulse'), JSON.stringify(gone));
    utimesSync(join(home, 'pulse'), new Date(), new Date());
    fillUp(join(home, 'filler'));

    const looks = [await look(stage), await look(stage)];

    expect(looks.map(({ code }) => code)).toEqual([1, 1]);
    expect(told(stage)).toHaveLength(1);
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
