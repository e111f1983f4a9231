/**
 * A fleet of seven in the simulated world, for so many virtual days: `month-world.ts DAYS`, run by month.ts in a process of its own. Prints one
 * line of JSON for each day, and one for the end.
 */
import type { Storage } from '../../storage/storage.ts';
import type { Agent } from '../../src/config/fleet.ts';
import { credentialOf, fleetOf, HOUR_MS, makeAgent, MINUTE_MS } from '../simulation/fleets.ts';
import { liveThrough } from '../simulation/world.ts';
import { machineNow } from './machine-clock.ts';

const DAY_MS = 24 * HOUR_MS;
const days = Number(process.argv[2]);
const EVERY_MINUTES = { scout: 5, inbound: 5, outbound: 15, analyst: 30, creator: 60, orchestrator: 60 } as const;
const agents: readonly Agent[] = [
  ...Object.entries(EVERY_MINUTES).map(([name, minutes]) =>
    makeAgent(name, {
      command: [`agent:${name}`],
      schedule: { kind: 'every', everyMs: minutes * MINUTE_MS },
      credentials: ['claude'],
    }),
  ),
  makeAgent('publisher', { command: ['publisher:publisher'], publishes: ['reply'], timeoutMs: 5 * MINUTE_MS }),
];
const fleet = fleetOf({
  credentials: new Map([['claude', credentialOf('claude', { login: undefined })]]),
  agents,
  windowMs: 4 * HOUR_MS,
});
const startAt = Date.UTC(2026, 0, 1);
const startedAt = machineNow();
let storage: Storage | undefined;

const { broken } = await liveThrough({
  seed: 23,
  fleet,
  startAt,
  stormMs: days * DAY_MS,
  isCalm: true,
  sabotage: {
    storage(sound) {
      storage = sound;
      return sound;
    },
  },
  plot({ clock }) {
    for (let day = 1; day <= days; day += 1) clock.after(day * DAY_MS - MINUTE_MS, () => tell(day));
  },
});

function tell(day: number): void {
  globalThis.gc?.();
  const { rss, heapUsed } = process.memoryUsage();
  const last = storage?.backups.newest('done');
  const newest = agents.map(({ name }) => storage?.runs.lastOf(name)?.id ?? 0);
  const decided = storage?.drafts.counts(startAt);
  console.log(
    JSON.stringify({
      day,
      // The daily backup is as large as the database.
      databaseBytes: last?.sizeBytes ?? 0,
      runs: Math.max(...newest),
      drafts: (decided?.published ?? 0) + (decided?.rejected ?? 0) + (decided?.expired ?? 0),
      rss,
      heapUsed,
      tookMs: machineNow() - startedAt,
    }),
  );
}

console.log(JSON.stringify({ broken: broken === undefined ? null : `${broken.name}: ${broken.how}` }));
