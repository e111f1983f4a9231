import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, type TestContext } from 'vitest';
import { createProcesses } from '../../src/adapters/execa-processes.ts';
import { temporaryFolder } from '../fakes/temporary-folder.ts';
import {
  ARTISTS,
  clearStage,
  countHops,
  namesOfLiving,
  passTime,
  RACERS,
  startArtists,
  untilOnStage,
} from './artists.ts';
import { LAYERS, needLayer } from './layers.ts';

const SUPERVISOR = fileURLToPath(new URL('../fixtures/escape/supervisor.ts', import.meta.url));
const GRACE_MS = 100;

const stages: string[] = [];

afterEach(async () => {
  for (const folder of stages.splice(0)) await clearStage(folder);
});

function stage(): string {
  const folder = temporaryFolder();
  stages.push(folder);
  return folder;
}

async function stopAndSweep(name: string, artists: readonly string[], context: TestContext) {
  const folder = stage();
  const processes = createProcesses();
  const layer = await needLayer(name, processes, folder, context);
  const agent = await startArtists(processes, layer, { id: 7, folder, artists });

  agent.signal('SIGTERM');
  await Promise.race([agent.exit, new Promise((resolve) => setTimeout(resolve, GRACE_MS))]);
  agent.signal('SIGKILL');
  const exit = await agent.exit;
  let report = await layer.sweep({ id: 7, identity: agent.identity });
  // A sweep has two seconds; on a machine that gives us little of them, whoever was killed may not have ended by then.
  for (let more = 0; more < 5 && report.kind === 'survived'; more += 1) {
    report = await layer.sweep({ id: 7, identity: agent.identity });
  }
  const left = namesOfLiving(folder);
  const hops = countHops(folder);
  const again = await layer.sweep({ id: 7, identity: agent.identity });
  await layer.sweepAll();
  return { layer, exit, report, left, again, folder, hops };
}

/** Starts a supervisor to be killed, as another user if `through` makes one of it. */
async function startSupervisor(
  name: string,
  folder: string,
  artists: readonly string[],
  through: readonly string[] = [],
) {
  const [program = '', ...args] = [...through, process.execPath, SUPERVISOR, name, folder, folder, ...artists];
  const supervisor = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let complaint = '';
  supervisor.stderr.on('data', (chunk) => {
    complaint += String(chunk);
  });
  const early = once(supervisor, 'exit').then(() => {
    throw new Error(complaint);
  });
  await Promise.race([once(supervisor.stdout, 'data'), early]);
  early.catch(() => undefined);
  await untilOnStage(folder, ARTISTS);
  return supervisor;
}

it.skipIf(process.platform !== 'linux')('an ordinary user has the same protection', async (context) => {
  if (process.getuid?.() !== 0) return context.skip('only root can become another user; this is one');
  const folder = stage();
  chmodSync(folder, 0o777);
  const nobody = ['setpriv', '--reuid', '65534', '--regid', '65534', '--clear-groups', '--'];
  let supervisor: Awaited<ReturnType<typeof startSupervisor>>;
  try {
    supervisor = await startSupervisor('bubblewrap', folder, ARTISTS, nobody);
  } catch (error) {
    console.warn(`NOT TRIED as another user: ${/^.*Error.*$/m.exec(String(error))?.[0] ?? ''}`);
    return context.skip('another user cannot run this checkout, or may not make namespaces');
  }

  supervisor.kill('SIGKILL');
  while (namesOfLiving(folder).length > 0) await passTime();

  expect(namesOfLiving(folder)).toEqual([]);
});

describe.skipIf(process.platform !== 'linux').each(LAYERS)('under %s', (name) => {
  /** What the describing sentence of the process group admits; nobody leaves the others. */
  const uncaught = (...artists: string[]) => (name === 'process group' ? artists : []);

  it('no artist is left after a stop, but for whom the layer owns up to', async (context) => {
    const { layer, exit, report, left, again } = await stopAndSweep(name, ARTISTS, context);

    expect(exit).toEqual({ kind: 'signalled', signal: 'SIGTERM' });
    expect(report.survivors).toEqual([]);
    expect(left).toEqual(uncaught('full'));
    expect(again.kind).toBe('gone');
    if (left.length > 0) expect(layer.describe()).toContain('not a daemon that cleared its environment');
  });

  it('no racer is left after a stop, but for whom the layer owns up to', async (context) => {
    const { report, left, folder, hops } = await stopAndSweep(name, RACERS, context);

    expect(report.survivors).toEqual([]);
    for (const racer of ['racer', 'session-racer', ...(name === 'process group' ? [] : ['full-racer'])]) {
      expect(countHops(folder)[racer]).toBe(hops[racer]);
    }
    expect(left.filter((artist) => !uncaught('full-racer', 'env', 'setsid').includes(artist))).toEqual([]);
  });

  it('nobody is left by a supervisor that was killed, once the next one has swept', async (context) => {
    const folder = stage();
    const processes = createProcesses();
    const layer = await needLayer(name, processes, folder, context);
    const supervisor = await startSupervisor(name, folder, [...ARTISTS, 'racer', 'session-racer']);

    supervisor.kill('SIGKILL');
    await once(supervisor, 'exit');
    if (name === 'bubblewrap' || name === 'unshare') while (namesOfLiving(folder).length > 0) await passTime();
    const alone = namesOfLiving(folder);
    const report = await layer.sweepAll();

    expect(alone.length > 0).toBe(name === 'cgroup' || name === 'process group');
    expect(report.survivors).toEqual([]);
    expect(namesOfLiving(folder)).toEqual(uncaught('full'));
  });
});
