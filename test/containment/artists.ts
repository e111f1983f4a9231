import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Containment } from '../../src/containment/containment.ts';
import type { Processes, RunningProcess } from '../../src/ports.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/escape/', import.meta.url));

/** Those that flee and stay. */
export const ARTISTS = ['child', 'nohup', 'setsid', 'daemon', 'pipe', 'noterm', 'noenv', 'respawn', 'full'] as const;

/** Those that never stop forking. */
export const RACERS = ['racer', 'session-racer', 'full-racer', 'storm'] as const;

/**
 * The artists that live in this folder, by name and pid. They are known by their command lines, which name the folder: their
 * environments may be cleared, and within a namespace they do not know their own pids. A process that has ended has no command line.
 */
function listLiving(folder: string): readonly { readonly artist: string; readonly pid: number }[] {
  return readdirSync('/proc').flatMap((entry) => {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) return [];
    const words = readCommand(pid);
    const program = words.find((word) => word.startsWith(FIXTURES) && !word.endsWith('.ts'));
    const file = words.find((word) => word.startsWith(`${folder}/`));
    if (!words.some((word) => word === folder || word.startsWith(`${folder}/`)) || words.includes('--die-with-parent'))
      return [];
    return [{ artist: basename(program ?? file ?? words[0] ?? ''), pid }];
  });
}

/** The names of those that live, each once. */
export function namesOfLiving(folder: string): readonly string[] {
  return [...new Set(listLiving(folder).map(({ artist }) => artist))].sort();
}

/** Starts an agent that starts these artists; resolves once all are ready. */
export async function startArtists(
  processes: Processes,
  layer: Containment,
  run: { readonly id: number; readonly folder: string; readonly artists: readonly string[] },
): Promise<RunningProcess> {
  const ready = Promise.withResolvers<void>();
  let said = '';
  const agent = processes.spawn(
    layer.wrap(
      {
        argv: [join(FIXTURES, 'all'), run.folder, ...run.artists],
        cwd: '/',
        env: { PATH: process.env['PATH'] ?? '' },
      },
      run.id,
    ),
    (chunk) => {
      said += String(chunk);
      if (said.includes('ready\n')) ready.resolve();
    },
  );
  const early = agent.exit.then((exit) => Promise.reject(new Error(`it ended early: ${JSON.stringify(exit)} ${said}`)));
  await Promise.race([ready.promise, early]);
  early.catch(() => undefined);
  await untilOnStage(run.folder, run.artists);
  return agent;
}

/** Resolves once all that stay are what they want to be: between its file and its last exec an artist has another name. */
export async function untilOnStage(folder: string, artists: readonly string[]): Promise<void> {
  const staying = artists.filter((artist) => ARTISTS.some((other) => other === artist));
  while (!staying.every((artist) => namesOfLiving(folder).includes(artist))) await passTime();
}

/** A moment for others to do what is awaited. */
export function passTime(): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, 5);
  });
}

/** How often each racer has started a copy of itself: one on the run is hard to see, but this grows as long as it is. */
export function countHops(folder: string): Readonly<Record<string, number>> {
  const racers = readdirSync(folder).filter((name) => name.endsWith('racer'));
  return Object.fromEntries(racers.map((name) => [name, readFileSync(join(folder, name)).length]));
}

/** Ends whoever is left in this folder. */
export async function clearStage(folder: string): Promise<void> {
  writeFileSync(join(folder, 'stop'), '');
  while (listLiving(folder).length > 0) {
    for (const { pid } of listLiving(folder)) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // It has ended by itself.
      }
    }
    await passTime();
  }
}

function readCommand(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').filter(Boolean);
  } catch {
    return [];
  }
}
