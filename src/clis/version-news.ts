import type { CliRow } from '../../storage/cli-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import type { Clock } from '../ports.ts';
import type { FailureClass } from '../runtimes/runtime.ts';
import { count } from '../telegram/cards/words.ts';
import type { Outbox } from '../telegram/outbox.ts';
import type { ProbeAnswer } from './contained-program.ts';
import type { CliReadiness } from './readiness.ts';

/** A change of a version, with what its probe said; undefined answer: there was no living login to probe with. */
interface VersionChange {
  readonly row: CliRow;
  readonly name: string;
  readonly agents: readonly string[];
  readonly answer: ProbeAnswer | undefined;
}

/** An agent's CLI as it stands. */
interface StandingCli {
  readonly agent: string;
  readonly program: string;
  readonly readiness: CliReadiness;
}

/** Tells the owner about CLIs; every call belongs into the transaction of what it tells. */
export interface VersionNews {
  /** Writes a version down. */
  note(program: string, detail: string): void;
  /** Tells a change once: as a notice, or as an incident where the new version does not answer. */
  changed(change: VersionChange): void;
  /** Tells of CLIs that cannot be run, once that has lasted; true while some cannot. */
  refusals(clis: readonly StandingCli[]): boolean;
  /** Ends the incidents about versions with which an agent has run well since. */
  ranWell(): void;
}

/** An update takes a program away for some seconds: what is back by then was no trouble. */
const GRACE_MS = 30_000;
/** Failures that say how the vendor or the login is, and nothing about the version. */
const PROVES_NOTHING: ReadonlySet<FailureClass> = new Set(['auth', 'rate-limit', 'overloaded', 'budget']);
/** Incidents about a version that does not answer. */
const PROBE = 'cli-probe:';

/** Builds the news of versions. */
export function createVersionNews(options: {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly incidents: IncidentRegister;
  readonly outbox: Outbox;
  readonly scrub: (text: string) => string;
}): VersionNews {
  const { storage, clock, incidents, scrub } = options;
  const refusedSince = new Map<string, number>();

  function note(program: string, detail: string): void {
    storage.journal.add({ at: clock.now(), subject: `cli:${program}`, event: 'version', actor: 'nightdesk', detail });
  }

  function tellRefused(program: string, refused: readonly StandingCli[]): void {
    const fingerprint = `cli:${program}`;
    const agents = refused.map(({ agent }) => agent);
    const reasons = refused.map(({ readiness }) => (readiness.kind === 'refuse' ? readiness.reason : ''));
    const evidence = [...new Set(reasons)].join('; ');
    const open = storage.incidents.unresolved(fingerprint);
    const known = open === undefined ? [] : storage.incidents.agents(open.id);
    if (open?.evidence === evidence && agents.every((agent) => known.includes(agent))) return;
    incidents.report({
      kind: 'cli',
      fingerprint,
      subject: program,
      severity: 'critical',
      title: `${program} cannot be run`,
      evidence,
      agents,
      note: 'Its agents wait, and go on by themselves once it is there.',
    });
  }

  return {
    note,

    changed({ row, name, agents, answer }) {
      const { program, file, previous } = row;
      const version = storage.clis.get(program)?.version ?? 'an unknown version';
      const change = `${name}: ${previous ?? '?'} → ${version}`;
      const notice = (what: string): void =>
        options.outbox.send({
          key: `cli:${program}:${file}`,
          class: 'notice',
          content: { kind: 'text', body: { text: `🔧 ${change}; probe: ${what}`, entities: [] } },
        });
      if (answer === undefined) return notice('not made, since the login of all its agents is dead');
      const { outcome, tookMs } = answer;
      if (outcome.kind === 'done') {
        incidents.close(`${PROBE}${program}`);
        return notice(`answered in ${(tookMs / 1_000).toFixed(1)} s`);
      }
      const evidence = `${outcome.failure}: ${scrub(outcome.evidence)}`;
      if (PROVES_NOTHING.has(outcome.failure)) {
        const what =
          outcome.failure === 'auth' ? 'its login does not work right now' : 'its model does not answer right now';
        return notice(`${what} (${evidence}), which says nothing about the version`);
      }
      incidents.report({
        kind: 'cli',
        fingerprint: `${PROBE}${program}`,
        subject: name,
        severity: 'warning',
        title: `${change}: the new version does not answer as it should`,
        evidence,
        agents,
        note: `Its agents go on with it; should they fail, too, install ${previous ?? 'the one before'} again.`,
      });
    },

    refusals(clis) {
      const now = clock.now();
      const byProgram = Map.groupBy(clis, ({ program }) => program);
      for (const [program, users] of byProgram) {
        const refused = users.filter(({ readiness }) => readiness.kind === 'refuse');
        if (users.every(({ readiness }) => readiness.kind === 'ready')) {
          refusedSince.delete(program);
          incidents.resolve(`cli:${program}`, `It is there; ${count(users.length, 'agent')} may run.`);
        }
        if (refused.length === 0) continue;
        // A clock that was set back since must not make it wait.
        const since = Math.min(refusedSince.get(program) ?? now, now);
        refusedSince.set(program, since);
        if (now - since >= GRACE_MS) tellRefused(program, refused);
      }
      return refusedSince.size > 0;
    },

    ranWell() {
      for (const { incident, agents } of incidents.unresolved()) {
        if (!incident.fingerprint.startsWith(PROBE)) continue;
        const good = agents.find((agent) =>
          storage.runs
            .recent(agent, 2)
            .some(({ state, startedAt }) => state === 'done' && (startedAt ?? 0) > incident.openedAt),
        );
        if (good !== undefined) incidents.resolve(incident.fingerprint, `${good} ran well with it.`);
      }
    },
  };
}
