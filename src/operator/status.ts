import { existsSync } from 'node:fs';
import { openReadOnly } from '../../storage/database.ts';
import { asStorageError, StorageError } from '../../storage/storage-error.ts';
import { inspectLock } from '../../storage/lock.ts';
import { createStorage } from '../../storage/storage.ts';
import { createFileDisk } from '../adapters/file-disk.ts';
import { MAX_PULSE_BYTES, parsePulse, provedAt, pulsePath } from '../sentinel/pulse-file.ts';
import { loadSentinelTrace } from '../sentinel/trace.ts';
import { duration } from '../telegram/cards/words.ts';
import { loadLastLife } from '../vigil/pulse.ts';
import { type FleetStatus, loadFleetStatus, renderReason } from '../vigil/status.ts';
import { loadConfiguration } from './configuration.ts';
import { EXIT } from './exit-codes.ts';
import { locateHome } from './home.ts';
import type { Terminal } from './terminal.ts';

/** What a line on a terminal shows of a reason; the whole of it is in the JSON. */
const LONGEST_REASON = 300;

/** `nightdesk status --config F [--json]`: what the control plane knows, from its database, whether it runs or not. */
export function status(file: string, json: boolean, terminal: Terminal): number {
  const configuration = loadConfiguration(file, terminal);
  if (configuration === undefined) return EXIT.config;
  const { fleet } = configuration.loaded;
  const home = locateHome(fleet.home);
  const lock = inspectLock(home.lock);
  if (!existsSync(home.database)) {
    terminal.print(
      json
        ? JSON.stringify({ running: lock.held, pid: lock.by?.pid ?? null, lastAliveAt: null, agents: [] })
        : `Nightdesk has not run in ${fleet.home} yet.`,
    );
    return EXIT.ok;
  }
  try {
    const database = openReadOnly(home.database);
    try {
      const storage = createStorage(database);
      const now = Date.now();
      const facts = loadFleetStatus(fleet, storage, now);
      const lastAliveAt = loadLastLife(storage)?.aliveAt ?? null;
      const running = {
        running: lock.held,
        pid: lock.held ? (lock.by?.pid ?? null) : null,
        host: lock.held ? (lock.by?.host ?? null) : null,
        lastAliveAt,
        ...loadProofs(fleet.home),
      };
      if (json) terminal.print(JSON.stringify({ ...running, ...facts }, null, 2));
      else for (const text of describe(running, facts, now)) terminal.print(text);
      return EXIT.ok;
    } finally {
      database.close();
    }
  } catch (error) {
    // A damaged page shows when it is read, and not when the file is opened.
    const trouble = asStorageError(error, home.database);
    if (!(trouble instanceof StorageError)) throw error;
    terminal.complain(`nightdesk: ${trouble.message}; ${trouble.hint}`);
    return EXIT.config;
  }
}

/** When the control plane last proved its life to the outside, and when somebody there last looked; null: never. */
function loadProofs(home: string): { readonly lastProofAt: number | null; readonly sentinelLookedAt: number | null } {
  const disk = createFileDisk();
  const file = disk.readText(pulsePath(home), MAX_PULSE_BYTES);
  const proof = file === undefined ? undefined : provedAt(parsePulse(file.text), file.modifiedAt);
  return { lastProofAt: proof ?? null, sentinelLookedAt: loadSentinelTrace(home, disk).lookedAt ?? null };
}

function describe(
  life: {
    readonly running: boolean;
    readonly pid: number | null;
    readonly lastAliveAt: number | null;
    readonly lastProofAt: number | null;
    readonly sentinelLookedAt: number | null;
  },
  facts: FleetStatus,
  now: number,
): readonly string[] {
  const seen =
    life.lastAliveAt === null ? 'never seen alive' : `last seen alive ${duration(now - life.lastAliveAt)} ago`;
  const proof =
    life.lastProofAt === null ? 'no proof of life yet' : `last proof of life ${duration(now - life.lastProofAt)} ago`;
  const sentinel =
    life.sentinelLookedAt === null
      ? 'no sentinel has ever looked: nightdesk install has it look'
      : `the sentinel looked ${duration(now - life.sentinelLookedAt)} ago`;
  return [
    life.running ? `running, process ${life.pid ?? 'unknown'}; ${seen}` : `NOT running; ${seen}`,
    `pulse: ${proof}; ${sentinel}`,
    ...(facts.restartsAt === null
      ? []
      : [`restarts: by ${new Date(facts.restartsAt).toISOString()}, nothing new starts`]),
    ...(facts.paused === null ? [] : [`paused: ${facts.paused}`]),
    ...facts.incidents.map(
      (incident) => `${incident.severity}: ${incident.title} (#${incident.id}, for ${duration(now - incident.since)})`,
    ),
    ...facts.credentials.map(
      (credential) =>
        `credential ${credential.title}: ${credential.state}${credential.provedAt === null ? ', never proved' : `, proved ${duration(now - credential.provedAt)} ago`}${credential.expiresAt === null ? '' : `, ends ${new Date(credential.expiresAt).toISOString().slice(0, 16)}Z`}`,
    ),
    ...facts.agents.map((agent) => {
      const proof = agent.lastProofAt === null ? 'no proof yet' : `last proof ${duration(now - agent.lastProofAt)} ago`;
      const reason = renderReason(agent, now, LONGEST_REASON);
      return `${agent.name}: ${agent.condition}, ${proof}${reason === undefined ? '' : ` (${reason})`}`;
    }),
    `drafts: ${facts.drafts.pending} pending, ${facts.drafts.approved} approved, ${facts.drafts.unknown} of unknown fate`,
    `messages waiting to be sent: ${facts.outbox.waiting}`,
    ...(facts.containment === null ? [] : [`runs are contained by: ${facts.containment}`]),
  ];
}
