import { basename } from 'node:path';
import type { DigestDecision, DigestIncident, LostDues, RunTally } from '../../storage/digest-queries.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Ledger } from '../budget/ledger.ts';
import { type BudgetReport, loadBudgetReport } from '../budget/report.ts';
import type { Fleet } from '../config/fleet.ts';
import { credentialTitle, listCredentials } from '../credentials/credential.ts';
import { credentialStateAt, endOfSecret } from '../credentials/expiry.ts';
import { NOTED } from '../credentials/flapping.ts';
import { isDrillAgent } from '../drills/drill.ts';
import { personKey } from '../drafts/who.ts';
import { describeCost } from '../incidents/cost.ts';
import { AWAY } from '../vigil/absence.ts';
import { type AgentChange, loadAgentChanges } from './agent-changes.ts';

/** What a digest is made from. */
export interface DigestSources {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly ledger: Ledger;
}

/** An incident of a digest's time, with what it cost so far. */
export interface IncidentFact extends DigestIncident {
  /** It was opened within the digest's time. */
  readonly isNew: boolean;
  readonly price: string;
}

/** What became of a credential: it died or came back within the digest's time, or its end is near or past. */
export type CredentialFact =
  | { readonly kind: 'died' | 'revived'; readonly title: string; readonly at: number }
  | { readonly kind: 'ends'; readonly title: string; readonly at: number | null }
  /** Nothing has ever proved that it works. */
  | { readonly kind: 'unknown'; readonly title: string };

/** So many of something, by name. */
export interface Named {
  readonly name: string;
  readonly n: number;
}

/** What one agent did. */
export interface AgentRuns {
  readonly agent: string;
  readonly done: number;
  readonly failed: number;
  readonly stopped: number;
  readonly lost: number;
  /** Null: its CLI tells none. */
  readonly tokens: number | null;
}

/** All that a digest says, from rows alone; times are epoch ms. What stands now is as of `now`. */
export interface DigestFacts {
  readonly now: number;
  readonly fromAt: number;
  readonly toAt: number;
  readonly incidents: readonly IncidentFact[];
  readonly credentials: readonly CredentialFact[];
  readonly agents: readonly AgentChange[];
  /** `claude: 2.1.3 → 2.1.4`. */
  readonly versions: readonly string[];
  readonly holds: readonly {
    readonly target: string;
    readonly event: string;
    readonly by: string;
    readonly at: number;
  }[];
  readonly absences: readonly { readonly fromAt: number; readonly toAt: number }[];
  readonly desk: {
    readonly written: number;
    /** By whom: a person's name, or `rule`. */
    readonly approved: readonly Named[];
    readonly edited: number;
    readonly rejected: number;
    readonly undone: number;
    readonly published: number;
    readonly failed: number;
    /** Missed windows, by agent. */
    readonly expired: readonly Named[];
    /** What half, and nine in ten, of a person's decisions took; null: nobody decided anything. */
    readonly medianMs: number | null;
    readonly ninetiethMs: number | null;
  };
  readonly runs: readonly AgentRuns[];
  readonly running: number;
  /** Due times that were skipped or missed, by agent; of one that began before this time its share. */
  readonly lost: readonly Named[];
  readonly spentMicroUsd: number;
  readonly budget: BudgetReport;
  readonly tasks: { readonly done: number; readonly failed: number; readonly open: number };
  readonly waits: {
    readonly drafts: number;
    readonly unknown: number;
    readonly questions: number;
    readonly unacknowledged: number;
    readonly nextDeadline: number | null;
  };
}

/** Reads what happened in [from, to), and how everything stands at `now`. */
export function loadDigestFacts(sources: DigestSources, from: number, to: number, now: number): DigestFacts {
  const { fleet, storage, ledger } = sources;
  const lost = countLost(storage.digests.lostDues(from, to), from, to);
  const runs = tallyRuns(storage.digests.runTallies(from, to));
  const budget = loadBudgetReport(fleet, storage, ledger);
  const questions = storage.digests.openQuestions();
  const open = storage.incidents.listUnresolved();
  const { open: openTasks } = storage.tasks.counts();
  const deadlines = [storage.drafts.nextDeadline() ?? null, questions.nextDeadline].filter((at) => at !== null);
  return {
    now,
    fromAt: from,
    toAt: to,
    incidents: storage.digests.incidentsTouching(from, to).map((incident) => ({
      ...incident,
      isNew: incident.openedAt >= from,
      price: incident.cost ?? priceSoFar(storage, incident, now),
    })),
    credentials: loadCredentials(sources, from, to, now),
    agents: loadAgentChanges({ fleet, storage }, { from, to, now }, new Set(lost.map(({ name }) => name))),
    versions: storage.digests
      .journalBetween('cli:', from, to)
      .filter(({ event, detail }) => event === 'version' && detail?.includes('→') === true)
      .map(({ subject, detail }) => `${basename(subject.slice('cli:'.length))}: ${detail}`),
    holds: storage.digests.journalBetween('hold:', from, to).map(({ subject, event, actor, at }) => ({
      target: subject.slice('hold:'.length),
      event,
      by: nameOf(storage, actor),
      at,
    })),
    absences: loadAbsences(storage, from, to),
    desk: {
      written: sum(storage.digests.draftsWritten(from, to).map(({ drafts }) => drafts)),
      ...countDecisions(storage, storage.digests.decisionsBetween(from, to)),
    },
    runs,
    running: storage.runs.alive().filter(({ agent }) => !isDrillAgent(agent)).length,
    lost,
    spentMicroUsd: sum(storage.budgets.costsBetween(from, to).map(({ microUsd }) => microUsd)),
    budget,
    tasks: { ...storage.digests.tasksEnded(from, to), open: openTasks },
    waits: {
      drafts: storage.drafts.countInState('pending'),
      unknown: storage.drafts.countInState('unknown'),
      questions: questions.questions,
      unacknowledged: open.filter(
        ({ state, isDrill, inhibitedBy, silencedUntil }) =>
          state === 'firing' && isDrill === 0 && inhibitedBy === null && (silencedUntil ?? 0) <= now,
      ).length,
      nextDeadline: deadlines.length === 0 ? null : Math.min(...deadlines),
    },
  };
}

/** The times within [from, to) at which Nightdesk was away for longer than a restart takes. */
export function loadAbsences(
  storage: Storage,
  from: number,
  to: number,
): readonly { readonly fromAt: number; readonly toAt: number }[] {
  return storage.digests
    .journalBetween(AWAY.subject, from, to)
    .filter(({ event }) => event === AWAY.event)
    .map(({ at, detail }) => ({ fromAt: Number(detail), toAt: at }))
    .filter(({ fromAt, toAt }) => fromAt < toAt);
}

function priceSoFar(storage: Storage, { id, state, openedAt }: DigestIncident, now: number): string {
  return state === 'resolved' ? '' : describeCost(storage, storage.incidents.agents(id), openedAt, now);
}

function loadCredentials({ fleet, storage }: DigestSources, from: number, to: number, now: number): CredentialFact[] {
  const known = listCredentials(fleet);
  const titles = new Map(known.map(({ name }) => [name, credentialTitle(name)]));
  const noted = storage.digests
    .journalBetween('credential:', from, to)
    .flatMap(({ subject, event, at }): CredentialFact[] => {
      const title = titles.get(subject.slice('credential:'.length));
      if (title === undefined || (event !== NOTED.dead && event !== NOTED.alive)) return [];
      return [{ kind: event === NOTED.dead ? 'died' : 'revived', title, at }];
    });
  // Of one that came and went its last change counts: each of them was told when it happened.
  const last = [...new Map(noted.map((fact) => [fact.title, fact])).values()];
  const standing = known.flatMap((credential): CredentialFact[] => {
    const row = storage.credentials.get(credential.name);
    const title = credentialTitle(credential.name);
    const state = credentialStateAt(row, credential, now);
    if (state === 'expiring') return [{ kind: 'ends', title, at: endOfSecret(credential, row) ?? null }];
    // A login of a CLI's own is not known before its first run; that is no news.
    return state === 'unknown' && fleet.credentials.has(credential.name) ? [{ kind: 'unknown', title }] : [];
  });
  return [...last, ...standing];
}

function tallyRuns(tallies: readonly RunTally[]): AgentRuns[] {
  const byAgent = Map.groupBy(tallies, ({ agent }) => agent);
  return [...byAgent]
    .map(([agent, rows]) => {
      const of = (state: string): number => rows.find((row) => row.state === state)?.runs ?? 0;
      const told = rows.flatMap(({ inputTokens, outputTokens }) =>
        inputTokens === null && outputTokens === null ? [] : [(inputTokens ?? 0) + (outputTokens ?? 0)],
      );
      return {
        agent,
        done: of('done'),
        failed: of('failed'),
        stopped: of('stopped'),
        lost: of('lost'),
        tokens: told.length === 0 ? null : sum(told),
      };
    })
    .toSorted((a, b) => b.failed + b.lost - (a.failed + a.lost) || b.done - a.done || a.agent.localeCompare(b.agent));
}

/** Rows join what was given up alike, so one that began earlier counts with its share. */
function countLost(rows: readonly LostDues[], from: number, to: number): Named[] {
  const byAgent = new Map<string, number>();
  for (const { agent, dueAt, lastAt, times } of rows) {
    const within = Math.min(lastAt, to) - Math.max(dueAt, from);
    const share = lastAt > dueAt ? Math.min(1, Math.max(0, within / (lastAt - dueAt))) : 1;
    const n = Math.round(times * share);
    if (n > 0) byAgent.set(agent, (byAgent.get(agent) ?? 0) + n);
  }
  return descending(byAgent);
}

function countDecisions(storage: Storage, decisions: readonly DigestDecision[]) {
  const of = (verdict: string): number => decisions.filter((decision) => decision.verdict === verdict).length;
  const waits = decisions
    .filter(
      ({ verdict, actor }) => (verdict === 'approved' || verdict === 'rejected') && /^(owner|approver):/.test(actor),
    )
    .map(waitedMs)
    .toSorted((a, b) => a - b);
  return {
    approved: tally(
      decisions.filter(({ verdict }) => verdict === 'approved'),
      ({ actor }) => nameOf(storage, actor),
    ),
    edited: of('edited'),
    rejected: of('rejected'),
    undone: of('undone'),
    published: of('published'),
    failed: of('failed'),
    expired: tally(
      decisions.filter(({ verdict }) => verdict === 'expired'),
      ({ agent }) => agent,
    ),
    medianMs: quantile(waits, 0.5),
    ninetiethMs: quantile(waits, 0.9),
  };
}

/** How long a draft waited for a decision, from when its owner could first see it. */
export function waitedMs({ at, shownAt, createdAt }: DigestDecision): number {
  return Math.max(0, at - (shownAt ?? createdAt));
}

/** The smallest of these ascending numbers that so much of them do not exceed; null: there are none. */
function quantile(ascending: readonly number[], part: number): number | null {
  return ascending[Math.max(0, Math.ceil(ascending.length * part) - 1)] ?? null;
}

function tally<Row>(rows: readonly Row[], nameOfRow: (row: Row) => string): Named[] {
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(nameOfRow(row), (counts.get(nameOfRow(row)) ?? 0) + 1);
  return descending(counts);
}

function descending(counts: ReadonlyMap<string, number>): Named[] {
  return [...counts].map(([name, n]) => ({ name, n })).toSorted((a, b) => b.n - a.n || a.name.localeCompare(b.name));
}

/** A person by the name that Telegram told last. */
function nameOf(storage: Storage, actor: string): string {
  if (actor.startsWith('rule:')) return 'a rule';
  return storage.settings.get(personKey(actor)) ?? actor.replace(':', ' ');
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
