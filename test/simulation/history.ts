import type Database from 'better-sqlite3';
import { nextScheduled } from '../../src/loop/schedule.ts';
import type { Agent, Fleet } from '../../src/config/fleet.ts';
import type { WorldPromise } from './promise.ts';
import type { CredentialOutage, WorldRecord } from './record.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** A due time as its row has it, by the machine's wall. */
interface DueHistory {
  readonly id: number;
  readonly agent: string;
  readonly dueAt: number;
  readonly times: number;
  readonly state: string;
  readonly runId: number | null;
}

/** Everything that rows tell of a whole world: read once, at its end. */
export interface History {
  readonly dues: readonly DueHistory[];
  /** Incidents in true time. */
  readonly incidents: readonly { readonly fingerprint: string; readonly kind: string; readonly openedAt: number }[];
  /** Scheduled agents that have no active hours. */
  readonly agents: readonly Agent[];
  readonly timezone: string;
  /** Credentials without a check: what a login or a rotation brought is believed until a run tries it. */
  readonly unchecked: readonly string[];
}

/** Reads it. */
export function readHistory(
  database: Database.Database,
  fleet: Fleet,
  { trueTimeOf }: Pick<VirtualClock, 'trueTimeOf'>,
): History {
  const dues = database
    .prepare(
      `SELECT id, agent, due_at AS dueAt, times, state, run_id AS runId FROM due WHERE cause IN ('schedule', 'catch-up') ORDER BY id`,
    )
    .all() as DueHistory[];
  const incidents = database
    .prepare('SELECT fingerprint, kind, opened_at AS openedAt FROM incident ORDER BY id')
    .all() as History['incidents'];
  return {
    dues,
    incidents: incidents.map((incident) => ({ ...incident, openedAt: trueTimeOf(incident.openedAt) })),
    agents: [...fleet.agents.values()].filter(({ active }) => active === undefined),
    timezone: fleet.timezone,
    unchecked: [...fleet.credentials.values()].filter(({ check }) => check === undefined).map(({ name }) => name),
  };
}

/** What is promised of a world as a whole. */
export const HISTORY_PROMISES: readonly WorldPromise[] = [
  { name: 'every due time has one receipt', broken: unreceipted, isSlow: true },
  { name: 'every outage is one incident', broken: doubledOutage, isSlow: true },
];

function unreceipted({ history, jumps, fleetFile }: WorldRecord): string | undefined {
  if (history === undefined) return undefined;
  for (const agent of history.agents) {
    const dues = history.dues.filter((due) => due.agent === agent.name);
    const idle = dues.find(({ state, runId }) => state === 'ran' && runId === null);
    if (idle !== undefined) return `due time ${idle.id} of ${agent.name} has run, and no run stands for it`;
    if (fleetFile.changed.has(agent.name)) continue;
    for (const [index, due] of dues.entries()) {
      const before = dues[index - 1];
      // A clock that is set takes due times away, and brings some twice.
      if (before === undefined || jumps.length > 0 || agent.schedule.kind === 'continuous') continue;
      let next: number | undefined = before.dueAt;
      for (let step = 0; step < before.times && next !== undefined; step += 1)
        next = nextScheduled(agent.schedule, next, history.timezone);
      if (next === undefined || next === due.dueAt) continue;
      return `${agent.name} was due at ${new Date(next).toISOString()}, and the next receipt is for ${new Date(due.dueAt).toISOString()}`;
    }
  }
  return undefined;
}

function doubledOutage({ history, outages, jumps, now }: WorldRecord): string | undefined {
  // Where the clock was set, times of rows that lie before it are no times of the world any more.
  if (jumps.length > 0) return undefined;
  for (const outage of outages) {
    const opened = history?.incidents.filter((incident) => isOf(incident, outage, now)) ?? [];
    const believed = history?.unchecked.includes(outage.credential) === true ? outage.excuses.length : 0;
    if (opened.length > 1 + believed)
      return `one outage of ${outage.credential} is ${opened.length} incidents (${opened.map(({ openedAt }) => new Date(openedAt).toISOString()).join(', ')})`;
  }
  return undefined;
}

function isOf(
  { fingerprint, openedAt }: History['incidents'][number],
  { credential, diedAt, endedAt }: CredentialOutage,
  now: number,
): boolean {
  return fingerprint === `auth:${credential}` && openedAt >= diedAt && openedAt <= (endedAt ?? now);
}
