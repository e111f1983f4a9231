import type { Fleet } from '../../src/config/fleet.ts';
import { isOfRun, type Program } from './machine.ts';
import type { WorldRecord } from './record.ts';
import type { StartingRun } from './rows.ts';

/** Programs that change a credential. */
const CHANGES: readonly string[] = ['login', 'rotate'];

/** Takes down what the promises have to know of a run whose program starts; `row` is the run as it was decided. */
export function noteStart(
  world: {
    readonly record: WorldRecord;
    readonly fleet: Fleet;
    /** Who began a session of a CLI. */
    readonly ownerOf: (session: string) => string | undefined;
  },
  program: Program,
  row: StartingRun | undefined,
): void {
  const { record, fleet } = world;
  const { run = 0, pid } = program;
  if (row === undefined) return void record.bugs.push(`pid ${pid} belongs to run ${run}, which is no row`);
  const { agent, wantedAt, before } = row;
  const shortages = [record.diskLowSince, record.memoryLowSince].filter((since) => since !== undefined);
  record.started.push({
    run,
    pid,
    at: Number(program.startTicks),
    agent,
    credentials: fleet.agents.get(agent)?.credentials ?? [],
    wantedAt,
    shortSince:
      shortages.length === 0 ? undefined : Math.max(Math.min(...shortages), record.upSince ?? Number.MAX_SAFE_INTEGER),
  });
  const { argv } = program.request;
  const session = argv[argv.indexOf('--resume') + 1];
  if (!argv.includes('--resume') || session === undefined) return;
  record.resumptions.push({ agent, run, session, owner: world.ownerOf(session), before });
}

/** Takes down who is left of an earlier control plane while a program starts, though a sweep could have ended it. */
export function noteRevenants(record: WorldRecord, started: Program, alive: readonly Program[]): void {
  for (const program of alive) {
    if (!isOfRun(program) || program.host === started.host || program.stuckUntil > 0) continue;
    record.revenants.push({ pid: program.pid, name: program.name, startedPid: started.pid });
  }
}

/** Takes down who else changes a credential while a program starts that does. */
export function noteRivals(record: WorldRecord, started: Program, alive: readonly Program[]): void {
  if (!CHANGES.includes(started.role)) return;
  const others = alive.filter(
    ({ role, name, pid, stuckUntil }) =>
      CHANGES.includes(role) && name === started.name && pid !== started.pid && stuckUntil === 0,
  );
  if (others.length > 0)
    record.rivals.push({ credential: started.name, pids: [started.pid, ...others.map(({ pid }) => pid)] });
}
