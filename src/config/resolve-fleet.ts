import { dirname, join, resolve } from 'node:path';
import { createWallClock } from '../loop/wall-clock.ts';
import type { Agent, Credential, DraftKind, Fleet, Permissions, Schedule } from './fleet.ts';
import { interpolate } from './interpolate.ts';
import { mergeDefaults } from './merge-defaults.ts';
import type { AgentFile, CredentialFile, FleetFile } from './schema.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** The shape of the tokens that `claude setup-token` prints. */
const DEFAULT_CAPTURE = 'sk-ant-oat01-[A-Za-z0-9_-]+';

/** How many runs may be alive at once where fleet.yaml does not say: more than a small machine carries, less than breaks it. */
const DEFAULT_CONCURRENCY = 32;

/** When the database is copied where fleet.yaml does not say: half past four. */
const DEFAULT_BACKUP_MINUTE = 4 * 60 + 30;

type Env = Readonly<Record<string, string | undefined>>;

/** Fills in defaults, makes paths absolute, and freezes; everything in `file` has been checked before. */
export function resolveFleet(file: string, written: FleetFile, env: Env): Fleet {
  const folder = dirname(file);
  const timezone = written.timezone ?? machineTimezone();
  const home = resolve(folder, written.home ?? './state');
  const { alerts, budget, logs } = written;
  const fleet: Fleet = {
    file,
    timezone,
    home,
    containment: written.containment ?? 'best',
    concurrency: written.concurrency ?? DEFAULT_CONCURRENCY,
    telegram: {
      owners: written.telegram.owners,
      approvers: written.telegram.approvers ?? [],
      viewers: written.telegram.viewers ?? [],
      chat: written.telegram.chat ?? written.telegram.owners[0] ?? 0,
      topic: written.telegram.topic,
      places: mapEntries(written.telegram.places, (_name, { chat, topic }) => ({ chatId: chat, topicId: topic })),
    },
    budget: budget && { monthlyUsd: budget.monthly, warnPercent: sorted(budget.warn ?? [50, 80, 95]) },
    prices: mapEntries(written.prices, (_model, { input, output }) => ({ inputUsd: input, outputUsd: output })),
    logs: { totalBytes: logs?.total ?? 2e9, keepMs: logs?.keep ?? 7 * DAY_MS, keepFreeBytes: logs?.keep_free ?? 500e6 },
    digest: written.digest ?? [],
    backup: { atMinute: written.backup?.at ?? DEFAULT_BACKUP_MINUTE, keep: written.backup?.keep ?? 7 },
    alerts: {
      repeatMs: alerts?.repeat ?? 30 * MINUTE_MS,
      fallback: alerts?.fallback && absoluteProgram(folder, alerts.fallback),
      deadMan: alerts?.dead_man && {
        url: interpolate(alerts.dead_man.url, env).text,
        everyMs: alerts.dead_man.every ?? MINUTE_MS,
      },
      darkAfterMs: alerts?.dark_after ?? 3 * MINUTE_MS,
      quiet: alerts?.quiet,
    },
    credentials: mapEntries(written.credentials, (name, entry) => resolveCredential(name, entry, folder, timezone)),
    agents: mapEntries(written.agents, (name, own) =>
      resolveAgent(name, mergeDefaults(written.defaults ?? {}, own), { folder, home, env }),
    ),
    drafts: {
      burst: written.drafts?.burst ?? 5,
      kinds: mapEntries(
        written.drafts?.kinds,
        (_name, kind): DraftKind => ({
          windowMs: kind.window,
          undoMs: kind.undo ?? 0,
          remindPercent: sorted(kind.remind ?? [50, 80]),
          autoApprove: kind.auto_approve && { afterMs: kind.auto_approve.after, perDay: kind.auto_approve.max_per_day },
        }),
      ),
    },
  };
  return deepFreeze(fleet);
}

function resolveAgent(name: string, written: AgentFile, place: { folder: string; home: string; env: Env }): Agent {
  const { folder, home, env } = place;
  return {
    name,
    runtime: written.runtime ?? 'command',
    command: written.command === undefined ? [] : absoluteProgram(folder, written.command),
    prompt: written.prompt === undefined ? undefined : resolve(folder, written.prompt),
    model: written.model,
    schedule: written.schedule ?? wokenBy(written),
    active: written.active,
    credentials: written.credentials ?? [],
    heartbeatMs: written.heartbeat ?? 30 * MINUTE_MS,
    progressMs: written.progress,
    onStuck: written.on_stuck ?? 'alert',
    timeoutMs: written.timeout ?? 20 * MINUTE_MS,
    budgetUsd: written.budget,
    maxRunCostUsd: written.max_run_cost,
    context: { flushPercent: written.context?.flush ?? 80, stopPercent: written.context?.stop ?? 90 },
    workdir: written.workdir === undefined ? join(home, 'agents', name) : resolve(folder, written.workdir),
    env: Object.fromEntries(
      Object.entries(written.env ?? {}).map(([key, template]) => [key, interpolate(template, env).text]),
    ),
    failureModes: written.failure_modes ?? [],
    permissions: resolvePermissions(written.permissions ?? {}),
    instructions: written.instructions === undefined ? undefined : resolve(folder, written.instructions),
    publishes: written.publishes ?? [],
    place: written.place,
  };
}

function resolvePermissions(written: {
  readonly mode?: Permissions['mode'] | undefined;
  readonly tools?: readonly string[] | undefined;
  readonly within?: number | undefined;
}): Permissions {
  return {
    mode: written.mode ?? 'ask',
    tools: written.tools ?? [],
    withinMs: written.within ?? 10 * MINUTE_MS,
  };
}

function wokenBy(written: AgentFile): Schedule {
  return written.on === 'task' ? { kind: 'task' } : { kind: 'none' };
}

function resolveCredential(name: string, written: CredentialFile, folder: string, timezone: string): Credential {
  const { check, login, rotate } = written;
  return {
    name,
    check: check && absoluteProgram(folder, check),
    checkEveryMs: written.check_every ?? 15 * MINUTE_MS,
    login: Array.isArray(login) ? absoluteProgram(folder, login) : login,
    capture: resolveCapture(written),
    env: written.env,
    source: written.source ?? 'vault',
    warnMs: (written.warn ?? [7 * DAY_MS, 3 * DAY_MS, DAY_MS]).toSorted((a, b) => b - a),
    expiresAt: written.expires === undefined ? undefined : createWallClock(timezone).instantOf(written.expires),
    lifetimeMs: written.lifetime,
    rotate: rotate && { everyMs: rotate.every, atMinute: rotate.at, command: absoluteProgram(folder, rotate.command) },
    backoff: resolveBackoff(written.backoff ?? {}),
    billing: written.billing ?? (isSubscription(written) ? 'subscription' : 'metered'),
  };
}

/** The token that `claude setup-token` makes belongs to a subscription; what bills by use is a key. */
function isSubscription({ env, login }: CredentialFile): boolean {
  return env === 'CLAUDE_CODE_OAUTH_TOKEN' || (Array.isArray(login) && login.includes('setup-token'));
}

/** Where only one end is given, the default of the other gives way. */
function resolveBackoff({ first, max }: NonNullable<CredentialFile['backoff']>): Credential['backoff'] {
  return { firstMs: first ?? Math.min(MINUTE_MS, max ?? MINUTE_MS), maxMs: max ?? Math.max(HOUR_MS, first ?? HOUR_MS) };
}

/** A login whose secret goes into a variable must print it; a login without `env` keeps its secret itself. */
function resolveCapture({ capture, login, env, source = 'vault' }: CredentialFile): string | undefined {
  if (capture === 'none' || source !== 'vault') return undefined;
  return capture ?? (Array.isArray(login) && env !== undefined ? DEFAULT_CAPTURE : undefined);
}

/** A program with a slash in it starts at fleet.yaml's folder; a bare name is looked up on the PATH when it is started. */
function absoluteProgram(folder: string, [program, ...rest]: readonly [string, ...string[]]): [string, ...string[]] {
  return [program.includes('/') ? resolve(folder, program) : program, ...rest];
}

function machineTimezone(): string {
  const { timeZone } = new Intl.DateTimeFormat().resolvedOptions();
  // What Node says where TZ names no zone: nothing can be formatted with it.
  return timeZone === undefined || timeZone === 'Etc/Unknown' ? 'UTC' : timeZone;
}

function sorted(numbers: readonly number[]): number[] {
  return numbers.toSorted((a, b) => a - b);
}

function mapEntries<Written, Resolved>(
  entries: Readonly<Record<string, Written>> | undefined,
  resolveEntry: (name: string, entry: Written) => Resolved,
): Map<string, Resolved> {
  return new Map(Object.entries(entries ?? {}).map(([name, entry]) => [name, resolveEntry(name, entry)]));
}

function deepFreeze<Value>(value: Value): Value {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  const parts: Iterable<unknown> = value instanceof Map ? value.values() : Object.values(value);
  for (const part of parts) deepFreeze(part);
  return Object.freeze(value);
}
