import type { RunRow } from '../../storage/run-store.ts';
import type { Trouble } from '../incidents/trouble.ts';
import { CONTEXT_FULL, fillOf } from '../runs/context-stops.ts';

/** Fingerprint of the incident of an agent whose context ran full, or was compacted. */
export function contextFingerprint(agent: string): string {
  return `context:${agent}`;
}

/** Fingerprint of the incident of an agent that fills one context after the other without getting anything done. */
export function futileFingerprint(agent: string): string {
  return `futile:${agent}`;
}

/** The incident of a CLI that compacted its context by itself. */
export function compactedTrouble({ agent }: RunRow, percent: number | undefined): Trouble {
  const at = percent === undefined ? '' : ` at ${Math.floor(percent)} %`;
  return {
    kind: 'context',
    fingerprint: contextFingerprint(agent),
    subject: agent,
    severity: 'warning',
    title: `${agent}’s CLI compacted its context by itself${at}`,
    evidence: 'What it knew of its work may be wrong.',
    agents: [agent],
    note: `Its run is ended, and a fresh session goes on from its last checkpoint: /workstate ${agent}. This ends by itself once that has kept a checkpoint, or has ended well.`,
  };
}

/** The incident of an agent whose WORKSTATE.md we had to write. */
export function unwrittenTrouble(run: RunRow, lastSaid: string): Trouble {
  const { agent } = run;
  const percent = fillOf(run);
  const full = percent === undefined ? 'its context was full' : `its context was ${Math.floor(percent)} % full`;
  const asked =
    run.flushAskedAt === null
      ? 'There was no time to ask it.'
      : 'It was asked to write it, and did not, or not in a form that can be kept.';
  return {
    kind: 'context',
    fingerprint: contextFingerprint(agent),
    subject: agent,
    severity: 'warning',
    title: `${agent} did not write its WORKSTATE.md: ${full}, and Nightdesk wrote it`,
    evidence: lastSaid,
    agents: [agent],
    note: `${asked} ${run.stopReason === CONTEXT_FULL ? 'Its session was ended at once.' : 'Its session is over.'} A fresh one goes on from what could be seen from outside: /workstate ${agent}`,
  };
}

/** The incident of an agent that filled two contexts in a row and got nothing done. */
export function futileTrouble({ agent }: RunRow): Trouble {
  return {
    kind: 'stuck',
    fingerprint: futileFingerprint(agent),
    subject: agent,
    severity: 'critical',
    title: `${agent} fills its context and gets nothing done`,
    evidence: 'Two sessions in a row ran full without any progress between them, and left nothing new in WORKSTATE.md.',
    agents: [agent],
    note: `No fresh session was started for it; its own schedule goes on, and its tasks are offered again in an hour. What it is at: /workstate ${agent}`,
  };
}
