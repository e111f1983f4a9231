import type { Storage } from '../../storage/storage.ts';
import { loadBackupState } from '../backups/backup-state.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import { credentialsOf, credentialTitle, listCredentials } from '../credentials/credential.ts';
import { endOfSecret } from '../credentials/expiry.ts';
import { DRILL_KINDS, isDrillAgent } from '../drills/drill.ts';
import type { InstructionComposer } from '../instructions/compose.ts';
import { type FailureKind, findToolMode } from '../runs/failure-modes.ts';
import { DEAD_MAN_KEY } from '../vigil/dead-man.ts';
import { CONTAINMENT_KEY, loadAgentStatus } from '../vigil/status.ts';
import type { AgentFacts, CredentialFacts, RowFacts } from './facts.ts';

/** Failures of tools that count: later ones say nothing of what an agent does today. */
const FAILURES_MS = 7 * 86_400_000;

/** What the WORKSTATE protocol is, in words that an agent's instructions have to hold. */
const PROTOCOL = ['WORKSTATE.md', 'Active Tasks', 'Critical Context', 'Next', 'checkpoint'] as const;

/** Reads what the rows tell for the checklist; `integrity` is what reading the whole database last found. */
export function loadRowFacts(
  parts: { readonly fleet: Fleet; readonly storage: Storage; readonly instructions: InstructionComposer },
  integrity: RowFacts['integrity'],
  now: number,
): RowFacts {
  const { fleet, storage } = parts;
  const { checklist } = storage;
  const held = storage.alerts.heldBack();
  const backup = loadBackupState(storage);
  const deadManAt = Number(storage.settings.get(DEAD_MAN_KEY));
  return {
    kind: 'rows',
    at: now,
    incidents: storage.incidents
      .listUnresolved()
      .filter(({ isDrill }) => isDrill !== 1)
      .map(({ id, kind, fingerprint, subject, title, openedAt, lastSeenAt }) => ({
        id,
        kind,
        fingerprint,
        subject,
        title,
        openedAt,
        lastSeenAt,
      })),
    credentials: loadCredentials(fleet, storage),
    agents: [...fleet.agents.values()].map((agent) => loadAgent(agent, parts)),
    unhandled: checklist.toolFailures(now - FAILURES_MS).filter(({ agent: name, tool, kind }) => {
      const agent = fleet.agents.get(name);
      return agent !== undefined && !isDrillAgent(name) && findToolMode(agent, tool, kind as FailureKind) === undefined;
    }),
    shownAt: checklist.shownAt(),
    waiting: { alerts: held.own, oldestAt: held.oldestAt },
    drills: DRILL_KINDS.map((drill) => ({ drill, last: storage.drills.lastOf(drill) ?? null })),
    fallback: checklist.fallback(),
    deadManAt: deadManAt > 0 ? deadManAt : null,
    clis: checklist.clis(),
    backup: {
      doneAt: backup.last?.at ?? null,
      sizeBytes: backup.last?.sizeBytes ?? null,
      failedAt: backup.failure?.at ?? null,
      error: backup.failure?.reason ?? null,
      isOpen: checklist.isBackupOpen(),
    },
    load: storage.fleetLoads.last() ?? null,
    containment: storage.settings.get(CONTAINMENT_KEY) ?? null,
    databaseBytes: checklist.databaseBytes(),
    integrity,
  };
}

function loadCredentials(fleet: Fleet, storage: Storage): CredentialFacts[] {
  const used = new Set([...fleet.agents.values()].flatMap((agent) => credentialsOf(agent)));
  return listCredentials(fleet).map((credential) => {
    const { name } = credential;
    const row = storage.credentials.get(name);
    const [last] = storage.rotations.ended(name, 1);
    return {
      name,
      title: credentialTitle(name),
      hasCheck: credential.check !== undefined,
      canLogIn: credential.login !== undefined,
      isUsed: used.has(name) && (row?.state === 'dead' || !isProgram(fleet, name)),
      state: row?.state ?? 'unknown',
      since: row?.since ?? null,
      provedAt: row?.provedAt ?? null,
      expiresAt: endOfSecret(credential, row) ?? null,
      warnMs: credential.warnMs,
      rotates: credential.rotate !== undefined,
      rotatesAt: storage.rotations.openOf(name)?.dueAt ?? null,
      renewedAt: row?.renewedAt ?? null,
      lastRotation: last === undefined ? null : { state: last.state, endedAt: last.endedAt, detail: last.detail },
    };
  });
}

/** A program of the owner's that names no credential has no login that anybody knows of, as long as nothing refused it. */
function isProgram(fleet: Fleet, credential: string): boolean {
  return credential.startsWith('~') && fleet.agents.get(credential.slice(1))?.runtime === 'command';
}

function loadAgent(
  agent: Agent,
  { storage, instructions }: { readonly storage: Storage; readonly instructions: InstructionComposer },
): AgentFacts {
  const status = loadAgentStatus(agent, storage);
  const composed = agent.runtime === 'command' ? undefined : instructions(agent);
  return {
    name: agent.name,
    runtime: agent.runtime,
    isScheduled: ['every', 'cron', 'continuous'].includes(agent.schedule.kind),
    isHeld: status.condition === 'held',
    heartbeatMs: agent.heartbeatMs,
    modes: agent.failureModes.length,
    runningSince: status.runningSince,
    lastProofAt: status.lastProofAt,
    endedRuns: storage.checklist.endedRuns(agent.name),
    checkpointAt: storage.checkpoints.newestHead(agent.name)?.at ?? null,
    instructions:
      composed === undefined
        ? null
        : composed.kind === 'refused'
          ? { refused: composed.reason }
          : { missing: PROTOCOL.filter((word) => !composed.text.includes(word)) },
  };
}
