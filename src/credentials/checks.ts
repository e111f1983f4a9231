import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import type { Clock } from '../ports.ts';
import type { CredentialBook, KnownCredential } from './book.ts';
import type { Candidates } from './candidates.ts';
import type { CheckVerdict } from './credential.ts';
import type { Deaths } from './deaths.ts';
import type { Doubts } from './doubts.ts';
import { NOTED } from './flapping.ts';
import type { Revivals } from './revivals.ts';

/** Takes what a check said; `discard`: the staged secret that it was made with has to go. Belongs into a transaction. */
export type CheckTaker = (name: string, verdict: CheckVerdict, wasTried: boolean) => 'discard' | 'done';

/** Builds what acts on the verdicts of checks. */
export function createCheckTaker(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly incidents: IncidentRegister;
  readonly book: CredentialBook;
  readonly deaths: Deaths;
  readonly doubts: Doubts;
  readonly revivals: Revivals;
  readonly candidates: Candidates;
}): CheckTaker {
  const { fleet, storage, clock, incidents, book, deaths, doubts } = options;

  /** A check that passes at the first probe after an agent's sign says that there was nothing to it. */
  function noteFalseAlarm(name: string, diedAt: number): void {
    const saidBy = book.notes(name).find(({ event }) => event === NOTED.dead)?.actor;
    if (saidBy === undefined || !fleet.agents.has(saidBy) || storage.credentials.checksSince(name, diedAt + 1) !== 1)
      return;
    book.note(name, NOTED.falseAlarm, saidBy, 'the check passed at the first probe');
  }

  function passed({ credential, row }: KnownCredential, detail: string): void {
    const now = clock.now();
    if (row.state === 'dead') {
      noteFalseAlarm(credential.name, row.since);
      const how = 'The check passed again.';
      return options.revivals.revive(credential, row, { how, by: 'again', isProved: true });
    }
    doubts.clear(credential.name);
    book.change(row, {
      state: 'alive',
      since: row.state === 'alive' ? row.since : now,
      provedAt: now,
      checkedAt: now,
      checkWantedAt: null,
      checkDetail: detail,
    });
  }

  function stillDead({ credential, row }: KnownCredential, detail: string): void {
    const now = clock.now();
    book.change(row, {
      probes: row.probes + 1,
      checkedAt: now,
      checkDetail: detail,
      checkWantedAt: now + book.probeDelayMs(credential, row.probes + 1),
    });
  }

  function unclear({ credential, row }: KnownCredential, detail: string): void {
    const { name } = credential;
    book.change(row, { checkedAt: clock.now(), checkWantedAt: null, checkDetail: detail });
    incidents.report({
      kind: 'check',
      fingerprint: checkFingerprint(name),
      subject: name,
      severity: 'warning',
      title: `The check of ${name} does not work`,
      evidence: detail,
      agents: book.agentsOf(name).map((agent) => agent.name),
      note: 'Its agents run on; nobody knows whether the credential is good until one of them is refused.',
    });
    // A doubt that nobody can settle is none.
    const sign = doubts.pending(name);
    const current = book.rowOf(name);
    if (sign !== undefined && current !== undefined)
      deaths.declareDead(current.credential, current.row, sign.evidence, sign.agent);
  }

  return (name, verdict, wasTried) => {
    const known = book.rowOf(name);
    if (known === undefined) return 'done';
    const detail = verdict.kind === 'ok' ? 'AUTH_OK' : verdict.reason;
    storage.credentials.recordCheck({ credential: name, at: clock.now(), verdict: verdict.kind, detail });
    if (verdict.kind === 'ok') incidents.close(checkFingerprint(name));
    const judgement = options.candidates.judge(known, verdict, wasTried);
    if (judgement !== 'not-ours') return judgement === 'discard' ? 'discard' : 'done';
    if (verdict.kind === 'ok') passed(known, detail);
    else if (known.row.state === 'dead') stillDead(known, detail);
    else if (verdict.kind === 'failed')
      deaths.declareDead(known.credential, { ...known.row, checkedAt: clock.now() }, detail, 'the check');
    else unclear(known, detail);
    return 'done';
  };
}

function checkFingerprint(credential: string): string {
  return `check:${credential}`;
}
