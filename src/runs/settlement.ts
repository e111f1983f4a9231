import type { RunEnd, RunRow } from '../../storage/run-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import type { Custodian } from '../credentials/custodian.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import { decideAfterFailure, TALLY_WINDOW_MS } from '../loop/backoff.ts';
import type { Clock, ProcessExit, Random } from '../ports.ts';
import { duration } from '../telegram/cards/words.ts';

/** How a publisher's run ended, as the desk needs to know it. */
export interface PublicationEnd {
  /** How the program ended; `lost` when nobody can know. */
  readonly exit: ProcessExit | { readonly kind: 'lost' };
  /** The last non-empty line of stdout. */
  readonly lastLine: string;
  readonly evidence: string | null;
}

/** What the settlement asks of the desk. */
export interface PublisherDesk {
  publicationEnded(publicationId: number, end: PublicationEnd): void;
}

/** Settles runs: one transaction holds the run's end and all that follows from it. */
export interface Settlement {
  settle(run: RunRow, end: RunEnd, publication?: PublicationEnd): void;
}

/** Builds the settlement. */
export function createSettlement(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly random: Random;
  readonly custodian: Custodian;
  readonly incidents: IncidentRegister;
  readonly desk: PublisherDesk;
}): Settlement {
  const { fleet, storage, clock, custodian, incidents, desk } = options;

  function afterGood(run: RunRow): void {
    const agent = fleet.agents.get(run.agent);
    if (agent === undefined) return;
    custodian.proved(agent, readGenerations(run));
    if (run.cause === 'trial') custodian.trialEnded(run.agent, run.startedAt ?? run.wantedAt);
    storage.holds.release(run.agent, 'backoff', '', clock.now());
    incidents.close(crashFingerprint(run.agent));
    if (storage.holds.release(run.agent, 'crash-loop', '', clock.now()))
      incidents.resolve(loopFingerprint(run.agent), 'It ran well again.');
  }

  function afterFailure(run: RunRow, end: RunEnd): void {
    const now = clock.now();
    const failures = storage.runs.failuresInARow(run.agent, now - TALLY_WINDOW_MS);
    const response = decideAfterFailure(failures, options.random.fraction());
    const how = `${end.failure ?? 'failed'}${end.exit === null ? '' : ` (${end.exit})`}`;
    const evidence = end.evidence ?? how;
    if (response.kind === 'crash-loop') {
      storage.holds.place({
        agent: run.agent,
        kind: 'crash-loop',
        subject: '',
        reason: 'it failed too often',
        since: now,
        until: null,
      });
      incidents.close(crashFingerprint(run.agent));
      incidents.report({
        kind: 'crash-loop',
        fingerprint: loopFingerprint(run.agent),
        subject: run.agent,
        severity: 'critical',
        title: `${run.agent} failed ${failures} times within an hour`,
        evidence,
        agents: [run.agent],
        note: `It is held until you press Restart or send /resume ${run.agent}. Last failure: ${how}.`,
      });
      return;
    }
    const until = now + response.delayMs;
    storage.holds.place({
      agent: run.agent,
      kind: 'backoff',
      subject: '',
      reason: `it failed, next try in ${duration(response.delayMs)}`,
      since: now,
      until,
    });
    incidents.report({
      kind: 'crash',
      fingerprint: crashFingerprint(run.agent),
      subject: run.agent,
      severity: 'warning',
      title: `${run.agent} failed: ${end.failure ?? 'unknown'}`,
      evidence,
      agents: [run.agent],
      note: `${how}. It is tried again no earlier than in ${duration(response.delayMs)}; after six failures in a row it is held.`,
    });
  }

  return {
    settle: (run, end, publication) =>
      storage.transaction(() => {
        const agent = fleet.agents.get(run.agent);
        const refused = end.failure === 'auth';
        const generations = readGenerations(run);
        // A run that was stopped for its sign has given it already.
        if (refused && run.stopReason !== 'auth') {
          custodian.sign({ agent: run.agent, evidence: end.evidence ?? 'refused', generations });
        }
        const explained = refused && agent !== undefined && custodian.explainsRefusal(agent, generations);
        if (!storage.runs.settle(run.id, refused && !explained ? { ...end, failure: 'unknown' } : end)) return;
        if (run.publicationId !== null) {
          desk.publicationEnded(
            run.publicationId,
            publication ?? { exit: { kind: 'lost' }, lastLine: '', evidence: end.evidence },
          );
          if (end.state !== 'done' || agent === undefined) return;
          custodian.proved(agent, readGenerations(run));
          custodian.trialEnded(agent.name, run.startedAt ?? run.wantedAt);
          return;
        }
        if (end.state === 'done') afterGood(run);
        else if (end.state === 'failed' && !explained) afterFailure(run, end);
      }),
  };
}

/** The generation of each credential that the run was started with. */
export function readGenerations(run: RunRow): Readonly<Record<string, number>> {
  return JSON.parse(run.generations) as Record<string, number>;
}

function crashFingerprint(agent: string): string {
  return `crash:${agent}`;
}

/** Fingerprint of the incident that a crash-looping agent opens; the owner's /resume closes it. */
export function loopFingerprint(agent: string): string {
  return `crash-loop:${agent}`;
}
