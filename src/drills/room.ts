import type { DrillRow } from '../../storage/drill-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import type { Clock, Log } from '../ports.ts';
import type { Outbox } from '../telegram/outbox.ts';
import { duration } from '../telegram/cards/words.ts';
import { createWorker, type Worker } from '../worker.ts';
import { DRILL_KINDS, DRILL_PLANS, type DrillKind, isDrillAgent, isDrillKind } from './drill.ts';
import type { Fault, Finding } from './fault.ts';
import { renderDrillReport } from './report.ts';

/** While a drill goes on: what is measured in tenths of a second is looked at in tenths. */
const LOOK_MS = 100;
/** How long the drill's program may take to be gone: the runner gives it ten seconds, and sweeps after that. */
const CLEAR_WITHIN_MS = 30_000;
/** What waits for Telegram when a drill begins gets so long. */
const LAST_WORDS_MS = 3_000;
const OVER = 'the drill is over';
/** What the run of a drill costs in truth: as long as it is alive, the meter looks at it. */
const FREE = { inputTokens: null, outputTokens: null, contextTokens: null, contextLimit: null, costMicroUsd: 0 };

/** What came of the wish for a drill. */
export type DrillWish =
  | { readonly kind: 'begun'; readonly withinMs: number }
  /** Another one is running. */
  | { readonly kind: 'busy'; readonly by: DrillRow };

/** The fire drills: one at a time, each a row before it is a fault. */
export interface DrillRoom extends Worker {
  begin(kind: DrillKind, by: string): DrillWish;
  /** The newest drill of each kind. */
  last(): ReadonlyMap<DrillKind, DrillRow | undefined>;
  /** Ends the drill that an earlier incarnation was in the middle of; called once, after what it left behind is settled. */
  recover(): void;
}

/** What a drill came to, until all of it is cleared away. */
type Outcome = { readonly state: 'passed' } | { readonly state: 'failed'; readonly reason: string };

/**
 * The drill room.
 *
 * Each look at a running drill: 1. makes its fault, once the chat is quiet; 2. waits until the owner was told, or cannot be told any more,
 * or its time is over; 3. clears away everything that it changed; 4. ends the row, and reports. What is cleared is the same for every kind,
 * so that a drill which a crash cut short leaves no more behind than any other.
 */
export function createDrillRoom(options: {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  readonly incidents: Pick<IncidentRegister, 'note' | 'close'>;
  readonly outbox: Outbox;
  readonly faults: Readonly<Record<DrillKind, Fault>>;
  readonly onFatal: (error: unknown) => void;
}): DrillRoom {
  const { storage, clock, log, incidents, outbox, faults } = options;
  /** The drill that this incarnation made the fault of, and since when, by the monotonic clock. */
  let made: { readonly id: number; readonly at: number } | undefined;
  /** The drill that was seen first at this time, while its fault waits for what is on its way. */
  let waiting: { readonly id: number; readonly since: number } | undefined;
  let outcome: (Outcome & { readonly since: number }) | undefined;

  function decide(next: Outcome): void {
    outcome = { ...next, since: clock.monotonic() };
  }

  /** What is on its way, the answer to /drill above all, goes out before the fault. */
  function isQuiet(drill: DrillRow): boolean {
    if (waiting?.id !== drill.id) waiting = { id: drill.id, since: clock.monotonic() };
    return storage.outbox.counts().waiting === 0 || clock.monotonic() - waiting.since >= LAST_WORDS_MS;
  }

  function make(drill: DrillRow, fault: Fault): void {
    // Before the rows: when they cannot be written, the next look is a failed drill, and not a second fault.
    made = { id: drill.id, at: clock.monotonic() };
    storage.transaction(() => storage.drills.note(drill.id, fault.make(drill)));
    log.info('a drill began', { drill: drill.id, kind: drill.kind });
  }

  function watch(drill: DrillRow, fault: Fault, sinceMs: number): void {
    const finding = storage.transaction((): Finding => {
      const found = fault.look(drill);
      if (found.kind !== 'failed') storage.drills.note(drill.id, found.facts);
      return found;
    });
    if (finding.kind === 'passed') return decide({ state: 'passed' });
    if (finding.kind === 'failed') return decide({ state: 'failed', reason: capitalize(`${finding.reason}.`) });
    const { withinMs } = DRILL_PLANS[drill.kind as DrillKind];
    if (sinceMs < withinMs) return;
    const current = storage.drills.get(drill.id) ?? drill;
    decide({
      state: 'failed',
      reason: `The alert did not come within ${duration(withinMs)}: ${fault.describe(current)}.`,
    });
  }

  /** Asks the programs of drills to end; false while one of them is still there. */
  function stopPrograms(): boolean {
    const alive = storage.runs.alive().filter(({ agent }) => isDrillAgent(agent));
    for (const { id, costMicroUsd } of alive) {
      storage.runs.wantStop(id, OVER, clock.now());
      if (costMicroUsd !== null) storage.runs.usage(id, FREE);
    }
    return alive.length === 0;
  }

  /** Takes back what drills leave in rows; after their programs, whose end would otherwise be taken for one more fault. */
  function clearRows(): void {
    const now = clock.now();
    for (const incident of storage.incidents.listUnresolved()) {
      if (incident.isDrill !== 1) continue;
      // What its card advised until now mends nothing.
      incidents.note(incident.fingerprint, 'It was a drill: nothing is left to do.');
      incidents.close(incident.fingerprint);
      storage.fallbacks.setAside(incident.id);
    }
    for (const { agent, kind, subject } of storage.holds.active())
      if (isDrillAgent(agent)) storage.holds.release(agent, kind, subject, now);
    for (const due of storage.dues.waiting()) if (isDrillAgent(due.agent)) storage.dues.drop(due.id);
    // The credential of an agent that names none is its name after a tilde.
    for (const { name, state } of storage.credentials.all())
      if (isDrillAgent(name.slice(1)) && state !== 'unknown') storage.credentials.forget(name, now);
  }

  function end(drill: DrillRow, { state, since, ...rest }: NonNullable<typeof outcome>): void {
    for (const fault of Object.values(faults)) fault.clear();
    const isClear = storage.transaction(() => {
      const isAllGone = stopPrograms();
      if (!isAllGone && clock.monotonic() - since < CLEAR_WITHIN_MS) return false;
      clearRows();
      // What is left of it is swept by the next start; the owner has to know.
      const reason = isAllGone ? ('reason' in rest ? rest.reason : undefined) : 'Its own program cannot be ended.';
      if (reason !== undefined) storage.drills.note(drill.id, { detail: reason });
      storage.drills.end(drill.id, isAllGone ? state : 'failed', clock.now());
      report(storage.drills.get(drill.id) ?? drill);
      return true;
    });
    if (!isClear) return;
    made = undefined;
    outcome = undefined;
    log.info('a drill ended', { drill: drill.id, kind: drill.kind, state });
  }

  function report(drill: DrillRow): void {
    outbox.send({ key: `drill:${drill.id}:report`, class: 'reply', content: renderDrillReport(drill) });
  }

  function look(): number | undefined {
    const drill = storage.drills.running();
    if (drill === undefined) return undefined;
    const fault = isDrillKind(drill.kind) ? faults[drill.kind] : undefined;
    if (fault === undefined) decide({ state: 'failed', reason: 'This version knows no such drill.' });
    else if (outcome === undefined) {
      if (made?.id === drill.id) watch(drill, fault, clock.monotonic() - made.at);
      else if (isQuiet(drill)) make(drill, fault);
    }
    if (outcome !== undefined) end(drill, outcome);
    return LOOK_MS;
  }

  const worker = createWorker({
    name: 'drills',
    clock,
    log,
    everyMs: 5_000,
    look,
    onFatal: options.onFatal,
  });

  return {
    ...worker,
    begin: (kind, by) => {
      const wish = storage.transaction((): DrillWish => {
        const id = storage.drills.begin({ kind, wantedBy: by, startedAt: clock.now() });
        const running = storage.drills.running();
        if (id === undefined && running !== undefined) return { kind: 'busy', by: running };
        storage.journal.add({ at: clock.now(), subject: `drill:${kind}`, event: 'begun', actor: by, detail: null });
        return { kind: 'begun', withinMs: DRILL_PLANS[kind].withinMs };
      });
      worker.nudge();
      return wish;
    },
    last: () => new Map(DRILL_KINDS.map((kind) => [kind, storage.drills.lastOf(kind)])),
    recover() {
      if (storage.drills.running() !== undefined)
        decide({ state: 'failed', reason: 'Nightdesk ended in the middle of it. Please drill again.' });
    },
  };
}

function capitalize(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
