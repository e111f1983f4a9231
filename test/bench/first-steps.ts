import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { createSandbox } from '../../src/sandbox/sandbox.ts';
import { machineNow } from './machine-clock.ts';
import { ms, type Row } from './row.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));
const OWNER = 4242;
/** What init would ask. */
const ANSWERS = ['--owner', String(OWNER), '--timezone', 'Europe/Berlin'];
/** A first draft that takes longer is no first draft. */
const PATIENCE_MS = 60_000;

/** What stands between a stranger and a running demo, and between him and a running fleet: commands, and the time that they take. */
export async function measureFirstSteps(): Promise<readonly Row[]> {
  const folder = mkdtempSync(join(tmpdir(), 'nightdesk-first-steps-'));
  try {
    const checkout = join(folder, 'nightdesk');
    const began = machineNow();
    execFileSync('git', ['-c', 'safe.directory=*', 'clone', '--quiet', repository, checkout]);
    execFileSync('npm', ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: checkout });
    const installedMs = machineNow() - began;
    const demoMs = await timeUntilReady(checkout, ['demo', '--port', '0']);
    const fleet = await timeFirstDraft(folder, checkout);
    const toDemo = installedMs + demoMs;
    const toFleet = installedMs + fleet.initMs + fleet.draftMs;
    return [
      {
        what: 'clone → the demo runs',
        measured: `${ms(toDemo)} in 3 commands (clone, npm ci, npm run demo)`,
        toReach: '≤ 5 min',
        met: toDemo <= 300_000,
        how: `clone and npm ci took ${ms(installedMs)} (packages from this machine's registry and cache), the demo ${ms(demoMs)} until ready`,
        numbers: { toDemoMs: toDemo, installedMs, demoMs },
      },
      {
        what: 'clone → a fleet of one’s own has its first draft on the phone',
        measured: `${ms(toFleet)} in 4 commands (clone, npm ci, init, start); the bot itself is one message to BotFather`,
        toReach: '≤ 5 min',
        met: toFleet <= 300_000,
        how: `init by flags ${ms(fleet.initMs)}, start → card of the first draft ${ms(fleet.draftMs)}; what a person types and reads is not in it`,
        numbers: { toFleetMs: toFleet, ...fleet },
      },
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function timeUntilReady(checkout: string, args: readonly string[]): Promise<number> {
  const began = machineNow();
  const program = spawn('npm', ['run', '--silent', args[0] ?? '', '--', ...args.slice(1)], {
    cwd: checkout,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  try {
    for await (const line of createInterface({ input: program.stdout })) if (line === 'ready') break;
    return machineNow() - began;
  } finally {
    program.stdout.resume();
    program.kill('SIGTERM');
    await once(program, 'close');
  }
}

async function timeFirstDraft(folder: string, checkout: string): Promise<{ initMs: number; draftMs: number }> {
  const token = `123456:TEST-first-steps-${'x'.repeat(24)}`;
  const sandbox = await createSandbox({ token, owner: { id: OWNER, firstName: 'Ada' } });
  const env = { ...process.env, TELEGRAM_API_ROOT: sandbox.apiRoot };
  const bin = join(checkout, 'src/bin.js');
  writeFileSync(join(folder, 'token'), token, { mode: 0o600 });
  const began = machineNow();
  const init = spawn(
    process.execPath,
    [bin, 'init', '--yes', '--dir', join(folder, 'fleet'), '--token-file', join(folder, 'token'), ...ANSWERS],
    { env, stdio: 'ignore' },
  );
  await once(init, 'close');
  const initMs = machineNow() - began;
  const program = spawn(process.execPath, [bin, 'start', '--config', join(folder, 'fleet/fleet.yaml')], {
    env,
    stdio: 'ignore',
  });
  try {
    await sandbox.waitForMessage(({ text }) => text.includes('Your night desk works'), PATIENCE_MS);
    return { initMs, draftMs: machineNow() - began - initMs };
  } finally {
    program.kill('SIGTERM');
    await once(program, 'close');
    await sandbox.close();
  }
}
