import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { createSystemClock } from '../../src/adapters/system-clock.ts';

const clock = createSystemClock();
const MODULE = fileURLToPath(new URL('../../src/adapters/system-clock.ts', import.meta.url));

it('the clock tells epoch milliseconds', () => {
  expect(Math.abs(clock.now() - Date.now())).toBeLessThan(1000);
});

it('a timer never runs before its delay is over', async () => {
  for (let round = 0; round < 20; round += 1) {
    const startedAt = performance.now();

    await new Promise<void>((resolve) => void clock.after(5, resolve));

    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(5);
  }
});

it('a timer does not run when it was cancelled, and cancelling twice does nothing', async () => {
  const ran: string[] = [];
  const cancel = clock.after(1, () => ran.push('cancelled'));

  cancel();
  cancel();
  await new Promise<void>((resolve) => void clock.after(20, resolve));

  expect(ran).toEqual([]);
});

it('a delay beyond what a Node timer takes does not run at once', async () => {
  const ran: string[] = [];
  const cancels = [
    clock.after(2 ** 31, () => ran.push('long')),
    clock.after(Number.POSITIVE_INFINITY, () => ran.push('never')),
  ];

  await new Promise<void>((resolve) => void clock.after(20, resolve));
  for (const cancel of cancels) cancel();

  expect(ran).toEqual([]);
});

it('a pending timer does not keep the process alive', () => {
  const program = `import { createSystemClock } from ${JSON.stringify(MODULE)}; createSystemClock().after(600_000, () => undefined); console.log('over');`;

  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', program], {
    encoding: 'utf8',
    timeout: 60_000,
  });

  expect(output).toBe('over\n');
}, 60_000);
