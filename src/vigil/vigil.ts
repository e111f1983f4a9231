import type { DueRow } from '../../storage/due-store.ts';
import type { RunRow } from '../../storage/run-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import type { Clock, Log } from '../ports.ts';
import type { Runner } from '../runs/runner.ts';
import { loopFingerprint } from '../runs/settlement.ts';
import type { LogLineReader } from '../runtimes/log-entries.ts';
import { duration } from '../telegram/cards/words.ts';
import { createWorker, type Worker } from '../worker.ts';
import { createActiveHours } from './active-hours.ts';
import { createAlarms } from './alarms.ts';
import type { ClockWatch } from './clock-watch.ts';
import { decideHeartbeat, lastSignOf } from './heartbeats.ts';
import { createLateStarts } from './late-starts.ts';
import { decideProgress, lastProgressOf } from './progress.ts';
import { heartbeatFingerprint, stuckFingerprint } from './vigil-words.ts';
import { beginWatching, type Judged, setBack, type Watched } from './watched.ts';
import { createWorkSearches } from './work-search.ts';
import type { FindNewestWork } from './workdir.ts';

/** Deadlines are planned to the moment; this is how late what brings them forward is noticed. */
const EVERY_MS = 2_000;
/** When a run is looked at again that is being started: its deadlines begin with its start. */
const STARTING_MS = 500;
/** A look that comes so much later than planned was kept waiting, and with it everything that the agents said meanwhile. */
const LATE_MS = 250;
/** So long what they said has to come in before they are judged by it: within the second that an alert may take. */
const CATCH_UP_MS = 500;
/** After a hang of ours of this length nobody is judged by it: who tried to beat got no answer, and gave up. */
const HANG_MS = 10_000;

/**
 * The vigil over the agents: heartbeats, progress, and due times that wait.
 *
 * Each look: 1. compares the clocks, so that nobody is silent because the machine slept, and, after a hang of ours, waits for what came in
 * meanwhile; 2. judges each run that is alive: whether it owes anything now, its heartbeat, its progress; 3. tells of due times that wait
 * for too long; 4. ends what is over. What is told is answered as fleet.yaml says: a wish to stop the run, a hold, or a due time are rows,
 * and others act on them.
 */
export function createVigil(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  readonly incidents: IncidentRegister;
  readonly runner: Pick<Runner, 'signs' | 'tail'>;
  readonly clockWatch: Pick<ClockWatch, 'compare'>;
  readonly findNewestWork: FindNewestWork;
  readonly lineReaderOf: (agent: string) => LogLineReader | undefined;
  readonly scrub: (text: string) => string;
  readonly onFatal: (error: unknown) => void;
}): Worker {
  const { fleet, storage, clock, incidents, runner } = options;
  const isActive = createActiveHours(fleet);
  const alarms = createAlarms(options);
  const lateStarts = createLateStarts({ fleet, storage, incidents, isActive });
  const searches = createWorkSearches({ ...options, onEnd: () => worker.nudge() });
  const watched = new Map<number, Watched>();
  /** From when on all is owed anew: after a jump of the clock, or after a hang of ours. */
  let restartedAt = 0;
  let jumpedAt = 0;
  /** By the monotonic clock: for when the next look was planned, and until when what agents said while we hung comes in. */
  let plannedAt = Infinity;
  let caughtUpAt = 0;
  let watchedSince = 0;

  /** Outside its active hours, or while its owner has not answered, an agent owes nothing. */
  function isExempt(agent: Agent, run: RunRow, now: number): boolean {
    return !isActive(agent, now) || storage.questions.openOf(run.id).length > 0;
  }

  function watch(run: RunRow): Watched {
    const state = watched.get(run.id) ?? beginWatching();
    watched.set(run.id, state);
    return state;
  }

  /** Judges one run; gives when it is to be judged again. */
  function judge(run: RunRow, agent: Agent, now: number): number {
    const state = watch(run);
    // One that is ending owes nothing any more.
    if (run.stopWantedAt !== null) return Infinity;
    if (run.startedAt === null) return now + STARTING_MS;
    const exempt = isExempt(agent, run, now);
    if (exempt || state.isExempt) state.owedSince = now;
    state.isExempt = exempt;
    const one: Judged = { run, agent, state, signs: runner.signs(run.id), now };
    noteProgress(one);
    if (exempt) return Infinity;
    const owedSince = Math.max(state.owedSince, restartedAt, run.patientUntil ?? 0);
    return Math.min(judgeHeartbeat(one, owedSince), judgeProgress(one, owedSince));
  }

  /** Keeps what the run had used when it last got something done. */
  function noteProgress({ run, state, signs, now }: Judged): void {
    const { at } = lastProgressOf(run, now);
    if (at <= state.provedAt) return;
    state.provedAt = at;
    state.costThen = signs?.costMicroUsd ?? run.costMicroUsd ?? 0;
    state.bytesThen = signs?.outputBytes ?? run.outputBytes;
  }

  function judgeHeartbeat(one: Judged, owedSince: number): number {
    const { run, agent, state, signs, now } = one;
    const sign = lastSignOf(run, agent.runtime, { livelyAt: signs?.livelyAt(), outputAt: signs?.outputAt }, now);
    const isStuckTold = state.told?.fingerprint === stuckFingerprint(agent.name);
    if (state.told !== undefined && (!isStuckTold || state.told.isLoop) && sign.at > state.told.at)
      alarms.over(agent, state, `It gave a sign of life again: ${sign.by}.`);
    const verdict = decideHeartbeat({
      now,
      periodMs: agent.heartbeatMs,
      signAt: sign.at,
      owedSince,
      askedAt: run.askedAt,
      canBeAsked: signs?.canBeAsked === true,
    });
    if (verdict.kind === 'fine') return verdict.nextAt;
    if (verdict.kind === 'ask') {
      storage.transaction(() => storage.runs.wantAnswer(run.id, now));
      return verdict.nextAt;
    }
    const isLoop =
      state.told === undefined ? agent.runtime !== 'command' && signs?.repeating() !== undefined : isStuckTold;
    if (!isLoop) alarms.silent(one, sign);
    // What is told for want of progress is not told for want of a sign as well.
    else if (state.told?.isLoop !== false) alarms.stuck(one, true, agent.heartbeatMs);
    return Infinity;
  }

  function judgeProgress(one: Judged, owedSince: number): number {
    const { run, agent, state, now } = one;
    const isMissingTold = state.told?.fingerprint === stuckFingerprint(agent.name) && !state.told.isLoop;
    if (isMissingTold && state.told !== undefined && state.provedAt > state.told.at)
      alarms.over(agent, state, `It gets on again: ${lastProgressOf(run, now).by}.`);
    if (agent.progressMs === undefined) return Infinity;
    const verdict = decideProgress({ now, longestMs: agent.progressMs, proofAt: state.provedAt, owedSince });
    if (verdict.kind === 'fine') return verdict.nextAt;
    if (state.isSearching) return Infinity;
    if (state.searchedAt <= Math.max(state.provedAt, owedSince) + agent.progressMs || now >= state.searchAgainAt) {
      searches.begin(one);
      return Infinity;
    }
    // What is silent is told to be so already.
    if (state.told === undefined || isMissingTold) alarms.stuck(one, false, agent.progressMs);
    return state.searchAgainAt;
  }

  /** Ends what is told of runs that are over, and of due times that wait no longer. */
  function endOver(alive: readonly RunRow[], waiting: readonly DueRow[]): void {
    const told = new Set([...watched.values()].map((state) => state.told?.fingerprint));
    const held = new Set(storage.holds.active().flatMap(({ agent, kind }) => (kind === 'crash-loop' ? [agent] : [])));
    for (const incident of storage.incidents.listUnresolved()) {
      const { fingerprint, subject } = incident;
      const isOurs = fingerprint === heartbeatFingerprint(subject) || fingerprint === stuckFingerprint(subject);
      if (!isOurs || told.has(fingerprint)) continue;
      if (fingerprint === heartbeatFingerprint(subject) && lateStarts.isTold(subject)) continue;
      // It was stopped for being stuck, and waits for its owner; a crash loop has an incident of its own.
      if (held.has(subject) && storage.incidents.unresolved(loopFingerprint(subject)) === undefined) continue;
      incidents.resolve(fingerprint, describeEnd(storage.runs.recent(subject, 2)));
    }
    lateStarts.endOver(alive, waiting);
  }

  function judgeAll(alive: readonly RunRow[], now: number): number {
    const next = alive.map((run) => {
      const agent = fleet.agents.get(run.agent);
      return agent === undefined ? Infinity : judge(run, agent, now);
    });
    const waiting = storage.dues.waiting();
    const due = storage.transaction(() => {
      const late = waiting
        .filter(({ dueAt }) => dueAt <= now)
        .map((one) => lateStarts.judge(one, { restartedAt, watchedSince }, now));
      const ids = new Set(alive.map(({ id }) => id));
      for (const id of watched.keys()) if (!ids.has(id)) watched.delete(id);
      endOver(alive, waiting);
      return late;
    });
    return Math.min(...next, ...due);
  }

  /** How long the judging has to wait, since a look came late; 0: not at all. Late looks one after another wait once each. */
  function catchUpMs(): number {
    const at = clock.monotonic();
    if (at - plannedAt > LATE_MS && caughtUpAt <= plannedAt) {
      caughtUpAt = at + CATCH_UP_MS;
      if (at - plannedAt >= HANG_MS) restartedAt = clock.now();
    }
    return Math.max(0, caughtUpAt - at);
  }

  const worker = createWorker({
    name: 'vigil',
    clock,
    log: options.log,
    everyMs: EVERY_MS,
    onFatal: options.onFatal,
    look() {
      const lastJumpAt = options.clockWatch.compare()?.at ?? 0;
      const now = clock.now();
      watchedSince = Math.min(watchedSince, now);
      if (lastJumpAt !== jumpedAt) {
        for (const state of watched.values()) setBack(state, now);
        [jumpedAt, restartedAt] = [lastJumpAt, lastJumpAt];
      }
      const waitMs = catchUpMs();
      if (waitMs > 0) return waitMs;
      const nextAt = judgeAll(storage.runs.alive(), now);
      const nextMs = Math.max(0, nextAt - clock.now());
      plannedAt = clock.monotonic() + Math.min(nextMs, EVERY_MS);
      return nextMs;
    },
  });
  storage.onChange('runs', worker.nudge);
  return {
    ...worker,
    start() {
      watchedSince = clock.now();
      worker.start();
    },
    async stop() {
      await worker.stop();
      await searches.ended();
    },
  };
}

/** How it ended: `runs` are the agent's newest, newest first. */
function describeEnd(runs: readonly RunRow[]): string {
  const ended = runs.find(({ endedAt }) => endedAt !== null);
  if (ended === undefined) return 'Its run is over.';
  const took = ended.startedAt === null ? '' : ` after ${duration((ended.endedAt ?? 0) - ended.startedAt)}`;
  if (ended.stopReason !== 'stuck') return `Its run is over: ${ended.failure ?? ended.state}${took}.`;
  return `Its run was ended${took}${runs[0] === ended ? '' : ', and a fresh one is at work'}.`;
}
