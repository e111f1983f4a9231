import type { Agent, Credential, DraftKind, Fleet, Schedule } from '../../src/config/fleet.ts';
import { createWallClock } from '../../src/loop/wall-clock.ts';
import type { SeededRandom } from './seeded-random.ts';

/** The owner of every simulated fleet, and the one that some have besides. */
export const OWNER = 4711;
export const SECOND_OWNER = 4712;
/** Whoever decides what agents write, and nothing else. */
export const APPROVER = 4713;
/** Whoever only looks. */
export const VIEWER = 4714;
/** The chat in which two owners are told. */
const GROUP = -1_004_711;

/** How rows name a person. */
export function actorOf(person: number): string {
  const role = person === APPROVER ? 'approver' : person === VIEWER ? 'viewer' : 'owner';
  return `${role}:${person}`;
}

export const SECOND_MS = 1_000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;

/** What each agent of a CLI is asked to do. */
export const PROMPT = 'Look for news.';

/** Programs are named by what they play: `agent:NAME`, `publisher:NAME`, `check:CREDENTIAL`, `login:CREDENTIAL`. */
export function makeFleet(random: SeededRandom, startAt: number): Fleet {
  const timezone = random.pick(['UTC', 'Europe/Berlin', 'America/New_York']);
  const credentials = new Map(
    ['claude', 'mail', 'feed']
      .slice(0, random.between(1, 3))
      .map((name) => [name, makeCredential(name, random, { startAt, timezone })]),
  );
  const names = [...credentials.keys()];
  const agents: Agent[] = ['scout', 'analyst', 'creator', 'inbound', 'outbound', 'watcher']
    .slice(0, random.between(2, 6))
    .map((name) =>
      random.chance(0.4)
        ? makeClaude(name, names, random)
        : makeAgent(name, {
            command: [`agent:${name}`],
            schedule: makeSchedule(random),
            credentials: pickCredentials(names, random),
            timeoutMs: random.between(2, 12) * MINUTE_MS,
            ...(random.chance(0.4)
              ? {
                  heartbeatMs: random.between(2, 6) * MINUTE_MS,
                  onStuck: random.pick(['alert', 'alert', 'restart'] as const),
                }
              : {}),
            ...(random.chance(0.04) ? { active: { fromMinute: 7 * 60, toMinute: 23 * 60 } } : {}),
          }),
    );
  const publisher = makeAgent('publisher', {
    command: ['publisher:publisher'],
    publishes: ['reply'],
    credentials: random.chance(0.7) ? [random.pick(names)] : [],
    timeoutMs: random.between(1, 5) * MINUTE_MS,
  });
  const poster = makeAgent('poster', { command: ['publisher:poster'], publishes: ['post'], timeoutMs: 2 * MINUTE_MS });
  const worker = makeAgent('worker', {
    command: ['agent:worker'],
    schedule: { kind: 'task' },
    timeoutMs: random.between(2, 8) * MINUTE_MS,
  });
  const clerk = { ...makeClaude('clerk', names, random), schedule: { kind: 'task' } as const };
  const all = [
    ...agents,
    ...random.pick([[worker], [clerk], [worker, clerk], []]),
    publisher,
    ...(random.chance(0.5) ? [poster] : []),
  ];
  return fleetOf({
    credentials,
    agents: all,
    concurrency: random.pick([2, 4, 32]),
    timezone,
    ...(random.chance(0.5) ? { fallback: ['fallback:sms'] } : {}),
    quiet: random.chance(0.2),
    hasDigest: random.fork('digest').chance(0.4),
    backup: makeBackup(random.fork('backup'), startAt, timezone),
    windowMs: random.pick([20 * MINUTE_MS, 90 * MINUTE_MS, 4 * HOUR_MS]),
    hasTwoOwners: random.chance(0.4),
    hasGuests: random.fork('guests').chance(0.35),
    ...(random.chance(0.35) ? { budgetUsd: random.pick([0.6, 1, 3]) } : {}),
    undoMs: random.pick([0, 0, 30 * SECOND_MS, 5 * MINUTE_MS]),
    ...(random.chance(0.3)
      ? { autoApprove: { afterMs: random.pick([5, 10, 30]) * MINUTE_MS, perDay: random.between(1, 4) } }
      : {}),
  });
}

/** A fleet of these parts, with what the rest of the configuration defaults to. */
export function fleetOf(parts: {
  readonly credentials: ReadonlyMap<string, Credential>;
  readonly agents: readonly Agent[];
  readonly concurrency?: number;
  readonly timezone?: string;
  readonly quiet?: boolean;
  readonly windowMs?: number;
  readonly fallback?: readonly [string, ...string[]];
  readonly hasTwoOwners?: boolean;
  /** An approver and a viewer. */
  readonly hasGuests?: boolean;
  /** A digest is due each full hour. */
  readonly hasDigest?: boolean;
  readonly backup?: Fleet['backup'];
  /** For the whole fleet, a month. */
  readonly budgetUsd?: number;
  readonly undoMs?: number;
  /** Of the first kind that somebody publishes. */
  readonly autoApprove?: DraftKind['autoApprove'];
}): Fleet {
  const kinds = parts.agents.flatMap((agent) => agent.publishes);
  return {
    file: '/fleet/fleet.yaml',
    timezone: parts.timezone ?? 'UTC',
    home: '/fleet/state',
    containment: 'best',
    concurrency: parts.concurrency ?? 32,
    telegram: {
      ...(parts.hasTwoOwners === true
        ? { owners: [OWNER, SECOND_OWNER], chat: GROUP }
        : { owners: [OWNER], chat: OWNER }),
      approvers: parts.hasGuests === true ? [APPROVER] : [],
      viewers: parts.hasGuests === true ? [VIEWER] : [],
      topic: undefined,
      places: new Map(),
    },
    budget: parts.budgetUsd === undefined ? undefined : { monthlyUsd: parts.budgetUsd, warnPercent: [50, 80, 95] },
    prices: new Map(),
    logs: { totalBytes: 2e9, keepMs: 7 * 24 * HOUR_MS, keepFreeBytes: 5e8 },
    digest: parts.hasDigest === true ? ['0 * * * *'] : [],
    backup: parts.backup ?? { atMinute: 4 * 60 + 30, keep: 2 },
    alerts: {
      repeatMs: 30 * MINUTE_MS,
      fallback: parts.fallback,
      deadMan: undefined,
      darkAfterMs: 3 * MINUTE_MS,
      quiet: parts.quiet === true ? { fromMinute: 23 * 60, toMinute: 7 * 60 } : undefined,
    },
    credentials: parts.credentials,
    agents: new Map(parts.agents.map((agent) => [agent.name, agent])),
    drafts: {
      burst: 5,
      kinds: new Map(
        kinds.map((kind, index) => [
          kind,
          {
            windowMs: parts.windowMs,
            undoMs: parts.undoMs ?? 0,
            remindPercent: [50, 80],
            autoApprove: index === 0 ? parts.autoApprove : undefined,
          },
        ]),
      ),
    },
  };
}

/** A credential with a check, a login, and the contract's default backoff. */
export function credentialOf(name: string, change: Partial<Credential> = {}): Credential {
  return {
    name,
    check: [`check:${name}`],
    checkEveryMs: 15 * MINUTE_MS,
    login: [`login:${name}`],
    capture: undefined,
    env: undefined,
    source: 'vault',
    warnMs: [],
    expiresAt: undefined,
    lifetimeMs: undefined,
    rotate: undefined,
    backoff: { firstMs: MINUTE_MS, maxMs: HOUR_MS },
    billing: 'metered',
    ...change,
  };
}

/** An agent of the command runtime that nothing wakes unless it is given a schedule. */
export function makeAgent(name: string, change: Partial<Agent>): Agent {
  return {
    name,
    runtime: 'command',
    command: [],
    prompt: undefined,
    model: undefined,
    schedule: { kind: 'none' },
    active: undefined,
    credentials: [],
    heartbeatMs: 30 * MINUTE_MS,
    progressMs: undefined,
    onStuck: 'alert',
    timeoutMs: 20 * MINUTE_MS,
    budgetUsd: undefined,
    maxRunCostUsd: undefined,
    context: { flushPercent: 80, stopPercent: 90 },
    workdir: `/fleet/state/agents/${name}`,
    env: {},
    failureModes: [],
    permissions: { mode: 'ask', tools: [], withinMs: 10 * MINUTE_MS },
    instructions: undefined,
    publishes: [],
    place: undefined,
    ...change,
  };
}

/** An agent of Claude Code; its model calls go by the credential `claude`, or by a login that nobody named. */
function makeClaude(name: string, names: readonly string[], random: SeededRandom): Agent {
  const others = names.filter((other) => other !== 'claude');
  const second = others.length > 0 && random.chance(0.3) ? [random.pick(others)] : [];
  return makeAgent(name, {
    runtime: 'claude',
    prompt: `/fleet/prompts/${name}.md`,
    schedule: makeSchedule(random),
    credentials: random.chance(0.1) ? [] : ['claude', ...second],
    timeoutMs: random.pick([6, 12, 20, 30]) * MINUTE_MS,
    ...(random.chance(0.2) ? { budgetUsd: random.pick([0.5, 1]) } : {}),
    ...(random.chance(0.25) ? { maxRunCostUsd: random.pick([0.03, 0.1, 0.5]) } : {}),
    permissions: {
      mode: random.chance(0.8) ? 'ask' : 'allow',
      tools: [],
      withinMs: random.between(1, 10) * MINUTE_MS,
    },
  });
}

function makeCredential(
  name: string,
  random: SeededRandom,
  { startAt, timezone }: { readonly startAt: number; readonly timezone: string },
): Credential {
  const rotatesAt = startAt + random.between(10, 120) * MINUTE_MS;
  const isKept = random.chance(0.4);
  return credentialOf(name, {
    ...(random.chance(0.25) ? { check: undefined } : {}),
    ...(random.chance(0.3) ? { login: undefined } : {}),
    // Some have an end, of which the owner is warned twice.
    ...(random.chance(0.2)
      ? { expiresAt: startAt + random.between(30, 300) * MINUTE_MS, warnMs: [2 * HOUR_MS, 20 * MINUTE_MS] }
      : {}),
    // Some keep their secret with us: it is caught from the login's screen, or pasted.
    ...(isKept ? { env: `${name.toUpperCase()}_TOKEN`, capture: 'sk-ant-oat01-[A-Za-z0-9_-]+' } : {}),
    ...(isKept && random.chance(0.3) ? { login: 'paste' as const } : {}),
    ...(isKept && random.chance(0.4)
      ? {
          rotate: {
            everyMs: 1,
            atMinute: createWallClock(timezone).minuteOfDayAt(rotatesAt),
            command: [`rotate:${name}`] as const,
          },
        }
      : {}),
    checkEveryMs: random.between(5, 30) * MINUTE_MS,
    backoff: { firstMs: random.pick([30 * SECOND_MS, MINUTE_MS]), maxMs: random.pick([10 * MINUTE_MS, HOUR_MS]) },
  });
}

/** Most are due while the faults go on. */
function makeBackup(random: SeededRandom, startAt: number, timezone: string): Fleet['backup'] {
  const dueAt = startAt + random.between(2, random.chance(0.8) ? 60 : 600) * MINUTE_MS;
  return { atMinute: createWallClock(timezone).minuteOfDayAt(dueAt), keep: random.between(1, 3) };
}

function makeSchedule(random: SeededRandom): Schedule {
  const draw = random.fraction();
  if (draw < 0.65) return { kind: 'every', everyMs: random.pick([3, 5, 7, 10, 20]) * MINUTE_MS };
  if (draw < 0.85) return { kind: 'cron', expression: random.pick(['*/10 * * * *', '7,37 * * * *', '*/15 * * * *']) };
  return { kind: 'continuous' };
}

function pickCredentials(names: readonly string[], random: SeededRandom): readonly string[] {
  if (random.chance(0.15)) return [];
  const first = random.pick(names);
  const second = random.pick(names);
  return random.chance(0.25) && second !== first ? [first, second] : [first];
}
