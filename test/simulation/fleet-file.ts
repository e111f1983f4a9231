import type { Agent, Fleet, Schedule } from '../../src/config/fleet.ts';
import type { FleetFile, FleetReading, ValidReading } from '../../src/reload/reading.ts';
import { MINUTE_MS } from './fleets.ts';
import type { SeededRandom } from './seeded-random.ts';

/** The fleet.yaml of a world, on which somebody works now and then. */
export interface WorldFleetFile {
  /** What it says, as the control plane reads it at a start: somebody who broke it has put it right by then. */
  atStart(): { readonly fleet: Fleet; readonly file: FleetFile };
  /** The fleet of that hash. */
  fleetOf(hash: string): Fleet | undefined;
  /** Hash of what it says now; undefined: nobody can read it. */
  hash(): string | undefined;
  /** Changes it: somebody goes, comes back, or is called at other times; or it is broken for a while. Gives what was done. */
  edit(): string;
  /** Everybody is there again, as at the beginning. */
  restore(): void;
}

/** Who may be taken out of a fleet; the others are needed by the tasks and drafts of all. */
function isExpendable({ schedule, publishes }: Agent): boolean {
  return publishes.length === 0 && (schedule.kind === 'every' || schedule.kind === 'cron');
}

/** Builds the file of a fleet in which everybody is. */
export function createFleetFile(everybody: Fleet, random: SeededRandom): WorldFleetFile {
  const versions: Fleet[] = [everybody];
  let current = 0;
  let isBroken = false;

  const hashOf = (version: number): string => version.toString(16).padStart(64, '0');

  function readingOf(version: number): ValidReading {
    const fleet = versions[version] ?? everybody;
    const raw = { agents: Object.fromEntries([...fleet.agents].map(([name, agent]) => [name, toPlain(agent)])) };
    return { kind: 'valid', fleet, raw, hash: hashOf(version), secrets: [], fixed: [] };
  }

  function write(agents: readonly Agent[]): void {
    isBroken = false;
    current = versions.push({ ...everybody, agents: new Map(agents.map((agent) => [agent.name, agent])) }) - 1;
  }

  return {
    atStart() {
      isBroken = false;
      const { fleet, raw, hash } = readingOf(current);
      const read = (): FleetReading =>
        isBroken ? { kind: 'bad', problems: ['fleet.yaml:3: agents: expected a map'], omitted: 0 } : readingOf(current);
      return { fleet, file: { raw, hash, read } };
    },
    fleetOf: (hash) => versions[Number.parseInt(hash, 16)],
    hash: () => (isBroken ? undefined : hashOf(current)),
    edit() {
      const agents = [...(versions[current] ?? everybody).agents.values()];
      const gone = [...everybody.agents.values()].filter(({ name }) => !agents.some((agent) => agent.name === name));
      const expendable = agents.filter(isExpendable);
      const draw = random.fraction();
      if (draw < 0.1) {
        isBroken = true;
        return 'breaks it';
      }
      const [back] = gone;
      if (back !== undefined && draw < 0.45) {
        write([...agents, back]);
        return `adds ${back.name}`;
      }
      if (expendable.length === 0) return 'looks at it';
      const one = random.pick(expendable);
      if (draw < 0.75) {
        write(agents.filter((agent) => agent !== one));
        return `removes ${one.name}`;
      }
      const schedule: Schedule = { kind: 'every', everyMs: random.pick([2, 4, 6, 15]) * MINUTE_MS };
      write(agents.map((agent) => (agent === one ? { ...agent, schedule } : agent)));
      return `calls ${one.name} every ${schedule.everyMs / MINUTE_MS} min`;
    },
    restore: () => write([...everybody.agents.values()]),
  };
}

/** As a file would have it: what is compared is data. */
function toPlain(agent: Agent): unknown {
  const { kind } = agent.schedule;
  const schedule = agent.schedule.kind === 'every' ? `every ${agent.schedule.everyMs / MINUTE_MS}m` : `${kind}`;
  return { ...(JSON.parse(JSON.stringify(agent)) as object), schedule };
}
