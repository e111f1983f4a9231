import type { DueRow } from '../../storage/due-store.ts';
import type { RunRow } from '../../storage/run-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import type { Trouble } from '../incidents/trouble.ts';
import { isWithin } from '../loop/schedule.ts';
import type { Clock, Log } from '../ports.ts';
import type { LiveSigns, Runner } from '../runs/runner.ts';
import { loopFingerprint } from '../runs/settlement.ts';
import type { LogLineReader } from '../runtimes/log-entries.ts';
import { duration } from '../telegram/cards/words.ts';
import { createWorker, type Worker } from '../worker.ts';
import type { ClockWatch } from './clock-watch.ts';
import { decideHeartbeat, lastSignOf } from './heartbeats.ts';
import { decideProgress, lastProgressOf } from './progress.ts';
import {
  describeSilence,
  describeStuck,
  describeWaiting,
  heartbeatFingerprint,
  lastLines,
  type StuckAnswer,
  stuckFingerprint,
} from './vigil-words.ts';
import type { FindNewestWork } from './workdir.ts';
import { workSearchOf } from './workdir.ts';

/** Deadlines are planned to the moment; this is how late what brings them forward is noticed. */
const EVERY_MS = 2_000;
/** When a run is looked at again that is being started: its deadlines begin with its start. */
const STARTING_MS = 500;
/** What is read of a run's newest output for its last lines. */
const TAIL_BYTES = 8 * 1024;
/** A folder that cannot be looked through within that is taken for one without news: the owner is told, rather than never. */
const LONGEST_SEARCH_MS = 10_000;
/** How often a folder is looked at again while its agent is told to be stuck. */
const SEARCH_AGAIN_MS = 60_000;
/** A look that comes so much later than planned was kept waiting, and with it everything that the agents said meanwhile. */
const LATE_MS = 250;
/** So long what they said has to come in before they are judged by it: within the second that an alert may take. */
const CATCH_UP_MS = 500;
/** After a hang of ours of this length nobody is judged by it: who tried to beat got no answer, and gave up. */
const HANG_MS = 10_000;
/** Ages in an alert that is still true are said anew after this part of the time that the agent may be silent, and no more often than each minute. */
const WORDS_AGE_AFTER = 0.25;
const FRESH_WORDS_MS = 60_000;
/** A start takes seconds by itself, for its check or its CLI's version: less is no waiting. */
const SHORTEST_WAIT_MS = 60_000;

/** What the vigil knows of a run that is alive, beside its rows. A run does not outlive the control plane, and neither has this to. */
interface Watched {
  /** From when on signs and progress are owed. */
  owedSince: number;
  isExempt: boolean;
  /** The newest progress, and what the run had used and said by then. */
  provedAt: number;
  costThen: number;
  bytesThen: number;
  isSearching: boolean;
  /** Until when the folder was looked through, and when the next look is due. */
  searchedAt: number;
  searchAgainAt: number;
  told:
    | { readonly fingerprint: string; readonly isLoop: boolean; readonly at: number; readonly wordedAt: number }
    | undefined;
}

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
  const watched = new Map<number, Watched>();
  /** Due times that were told to wait for too long, by agent. */
  const waits = new Map<string, number>();
  /** Whether an agent is inside its active hours, by its name, and in which minute that was found out. */
  const active = new Map<string, { readonly minute: number; readonly isActive: boolean }>();
  const searches = new Set<Promise<void>>();
  /** From when on all is owed anew: after a jump of the clock, or after a hang of ours. */
  let restartedAt = 0;
  let jumpedAt = 0;
  /** By the monotonic clock: for when the next look was planned, and until when what agents said while we hung comes in. */
  let plannedAt = Infinity;
  let caughtUpAt = 0;
  let watchesSince = 0;

  function watch(run: RunRow): Watched {
    const known = watched.get(run.id);
    if (known !== undefined) return known;
    const begun: Watched = {
      owedSince: 0,
      isExempt: false,
      provedAt: 0,
      costThen: 0,
      bytesThen: 0,
      isSearching: false,
      searchedAt: 0,
      searchAgainAt: 0,
      told: undefined,
    };
    watched.set(run.id, begun);
    return begun;
  }

  /** Asked anew each minute only: reading a wall clock costs more than all else of a look. */
  function isActive(agent: Agent, now: number): boolean {
    if (agent.active === undefined) return true;
    const minute = Math.floor(now / 60_000);
    const known = active.get(agent.name);
    if (known?.minute === minute) return known.isActive;
    const isNow = isWithin(agent.active, now, fleet.timezone);
    active.set(agent.name, { minute, isActive: isNow });
    return isNow;
  }

  /** Outside its active hours, or while its owner has not answered, an agent owes nothing. */
  function isExempt(agent: Agent, run: RunRow, now: number): boolean {
    return !isActive(agent, now) || storage.questions.openOf(run.id).length > 0;
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
    const signs = runner.signs(run.id);
    noteProgress(run, state, signs, now);
    if (exempt) return Infinity;
    const owedSince = Math.max(state.owedSince, restartedAt, run.patientUntil ?? 0);
    return Math.min(
      judgeHeartbeat(run, agent, state, signs, owedSince, now),
      judgeProgress(run, agent, state, signs, owedSince, now),
    );
  }

  /** Keeps what the run had used when it last got something done. */
  function noteProgress(run: RunRow, state: Watched, signs: LiveSigns | undefined, now: number): void {
    const { at } = lastProgressOf(run, now);
    if (at <= state.provedAt) return;
    state.provedAt = at;
    state.costThen = signs?.costMicroUsd ?? run.costMicroUsd ?? 0;
    state.bytesThen = signs?.outputBytes ?? run.outputBytes;
  }

  function judgeHeartbeat(
    run: RunRow,
    agent: Agent,
    state: Watched,
    signs: LiveSigns | undefined,
    owedSince: number,
    now: number,
  ): number {
    const sign = lastSignOf(run, agent.runtime, { livelyAt: signs?.livelyAt(), outputAt: signs?.outputAt }, now);
    const isStuckTold = state.told?.fingerprint === stuckFingerprint(agent.name);
    if (state.told !== undefined && (!isStuckTold || state.told.isLoop) && sign.at > state.told.at)
      over(agent, state, `It gave a sign of life again: ${sign.by}.`);
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
    const repeating = agent.runtime === 'command' ? undefined : signs?.repeating();
    const answer = answerOf(agent, run);
    if (state.told !== undefined) {
      if (!isStuckTold)
        sayAnew(state, agent.heartbeatMs, now, () =>
          describeSilence(agent, run, { now, sign, lines: linesOf(run), answer }),
        );
      else if (state.told.isLoop)
        sayAnew(state, agent.heartbeatMs, now, () => describeRun(run, agent, state, signs, true, now));
      return Infinity;
    }
    if (repeating !== undefined) tellStuck(run, agent, state, signs, true, now);
    else tell(run, agent, state, describeSilence(agent, run, { now, sign, lines: linesOf(run), answer }), false, now);
    return Infinity;
  }

  function judgeProgress(
    run: RunRow,
    agent: Agent,
    state: Watched,
    signs: LiveSigns | undefined,
    owedSince: number,
    now: number,
  ): number {
    const isMissingTold = state.told?.fingerprint === stuckFingerprint(agent.name) && !state.told.isLoop;
    if (isMissingTold && state.told !== undefined && state.provedAt > state.told.at)
      over(agent, state, `It gets on again: ${lastProgressOf(run, now).by}.`);
    if (agent.progressMs === undefined) return Infinity;
    const verdict = decideProgress({ now, longestMs: agent.progressMs, proofAt: state.provedAt, owedSince });
    if (verdict.kind === 'fine') return verdict.nextAt;
    if (state.isSearching) return Infinity;
    if (state.searchedAt <= Math.max(state.provedAt, owedSince) + agent.progressMs || now >= state.searchAgainAt) {
      search(run, agent, state, now);
      return Infinity;
    }
    // What is silent is told to be so already.
    if (state.told === undefined) tellStuck(run, agent, state, signs, false, now);
    else if (isMissingTold)
      sayAnew(state, agent.progressMs, now, () => describeRun(run, agent, state, signs, false, now));
    return state.searchAgainAt;
  }

  /** Looks for work in the run's folder, beside the looks: a slow disk must not keep others from being judged. */
  function search(run: RunRow, agent: Agent, state: Watched, now: number): void {
    state.isSearching = true;
    const late = Promise.withResolvers<undefined>();
    const cancel = clock.after(LONGEST_SEARCH_MS, () => late.resolve(undefined));
    const found = options.findNewestWork(workSearchOf(agent, fleet, now));
    const ended = Promise.race([found, late.promise])
      .then((newest) => {
        if (newest === undefined || newest.at <= state.provedAt) return;
        const at = Math.min(newest.at, clock.now());
        storage.transaction(() => storage.runs.worked(run.id, at));
      })
      .catch((error: unknown) => options.log.error('vigil: work that was seen cannot be written down', reasonOf(error)))
      .finally(() => {
        cancel();
        state.isSearching = false;
        state.searchedAt = clock.now() + 1;
        state.searchAgainAt = clock.now() + Math.max(SEARCH_AGAIN_MS, (agent.progressMs ?? 0) / 4);
        searches.delete(ended);
        worker.nudge();
      });
    searches.add(ended);
  }

  /** A publisher that is cut off leaves a publication that nobody knows the end of. */
  function answerOf(agent: Agent, run: RunRow): StuckAnswer {
    return run.publicationId === null ? agent.onStuck : 'alert';
  }

  function linesOf(run: RunRow): string {
    const tail = runner.tail(run.id, TAIL_BYTES);
    const isCut = Buffer.byteLength(tail) >= TAIL_BYTES;
    return options.scrub(lastLines(tail, isCut, options.lineReaderOf(run.agent)));
  }

  /** Says anew how long it has lasted: whoever is told again at five must not read the age of two o'clock. */
  function sayAnew(state: Watched, patienceMs: number, now: number, describe: () => Trouble): void {
    if (state.told === undefined) return;
    if (now - state.told.wordedAt < Math.max(FRESH_WORDS_MS, patienceMs * WORDS_AGE_AFTER)) return;
    state.told = { ...state.told, wordedAt: now };
    incidents.reword(describe());
  }

  function repeatingOf(signs: LiveSigns | undefined) {
    const repeating = signs?.repeating();
    return repeating && { ...repeating, words: options.scrub(repeating.words) };
  }

  function tellStuck(
    run: RunRow,
    agent: Agent,
    state: Watched,
    signs: LiveSigns | undefined,
    isLoop: boolean,
    now: number,
  ): void {
    const trouble = describeRun(run, agent, state, signs, isLoop, now);
    tell(run, agent, state, trouble, isLoop, now, repeatingOf(signs)?.words);
  }

  function describeRun(
    run: RunRow,
    agent: Agent,
    state: Watched,
    signs: LiveSigns | undefined,
    isLoop: boolean,
    now: number,
  ): Trouble {
    return describeStuck(agent, {
      now,
      proof: lastProgressOf(run, now),
      isLoop,
      repeating: repeatingOf(signs),
      since: {
        costMicroUsd: (signs?.costMicroUsd ?? run.costMicroUsd ?? 0) - state.costThen,
        outputBytes: (signs?.outputBytes ?? run.outputBytes) - state.bytesThen,
      },
      lines: linesOf(run),
      answer: answerOf(agent, run),
    });
  }

  /** Tells, and answers: one transaction. */
  function tell(
    run: RunRow,
    agent: Agent,
    state: Watched,
    trouble: Trouble,
    isLoop: boolean,
    now: number,
    repeating?: string,
  ): void {
    storage.transaction(() => {
      incidents.report(trouble);
      if (repeating !== undefined) storage.runs.repeating(run.id, repeating);
      answer(run, agent, answerOf(agent, run), now, trouble.title);
    });
    state.told = { fingerprint: trouble.fingerprint, isLoop, at: now, wordedAt: now };
    options.log.warn('vigil: an agent is taken for stuck', { run: run.id, agent: agent.name, kind: trouble.kind });
  }

  function answer(run: RunRow, agent: Agent, how: StuckAnswer, now: number, why: string): void {
    if (how === 'alert') return;
    storage.runs.wantStop(run.id, 'stuck', now, why);
    if (how === 'restart') return storage.dues.wait(agent.name, now, 'resumed');
    storage.holds.place({
      agent: agent.name,
      kind: 'crash-loop',
      subject: '',
      reason: 'it was stuck, and fleet.yaml says to stop it then',
      since: now,
      until: null,
    });
  }

  function over(agent: Agent, state: Watched, how: string): void {
    if (state.told !== undefined) incidents.resolve(state.told.fingerprint, how);
    state.told = undefined;
    options.log.info('vigil: an agent is no longer taken for stuck', { agent: agent.name });
  }

  /** Tells of a due time that waits for longer than its agent may be silent; whoever is held has a reason of its own. */
  function judgeWaiting(due: DueRow, now: number): number {
    const agent = fleet.agents.get(due.agent);
    if (agent === undefined || storage.runs.aliveOf(due.agent) !== undefined) return Infinity;
    const holds = storage.holds.active().filter((hold) => hold.agent === '' || hold.agent === due.agent);
    if (holds.length > 0 || due.reason === null || !isActive(agent, now)) return Infinity;
    const longestMs = Math.max(agent.heartbeatMs, SHORTEST_WAIT_MS);
    // While nobody was there nothing could start: whoever is due has a moment for it first.
    const lateAt = Math.max(Math.max(due.dueAt, restartedAt) + longestMs, watchesSince + SHORTEST_WAIT_MS);
    if (now < lateAt) return lateAt;
    if (waits.has(due.agent) || storage.incidents.unresolved(heartbeatFingerprint(due.agent)) !== undefined)
      return Infinity;
    incidents.report(describeWaiting(agent, now - due.dueAt, due.reason));
    waits.set(due.agent, due.id);
    return Infinity;
  }

  /** Ends what is told of runs that are over, and of due times that wait no longer. */
  function endOver(alive: readonly RunRow[], waiting: readonly DueRow[]): void {
    const told = new Set([...watched.values()].map((state) => state.told?.fingerprint));
    const held = new Set(storage.holds.active().flatMap(({ agent, kind }) => (kind === 'crash-loop' ? [agent] : [])));
    for (const incident of storage.incidents.listUnresolved()) {
      const { fingerprint, subject } = incident;
      const isOurs = fingerprint === heartbeatFingerprint(subject) || fingerprint === stuckFingerprint(subject);
      if (!isOurs || told.has(fingerprint)) continue;
      if (fingerprint === heartbeatFingerprint(subject) && waits.has(subject)) continue;
      // It was stopped for being stuck, and waits for its owner; a crash loop has an incident of its own.
      if (held.has(subject) && storage.incidents.unresolved(loopFingerprint(subject)) === undefined) continue;
      incidents.resolve(fingerprint, describeEnd(storage.runs.recent(subject, 2)));
    }
    for (const [agent, due] of waits) {
      if (waiting.some(({ id }) => id === due)) continue;
      waits.delete(agent);
      const run = storage.runs.lastOf(agent);
      const hasStarted = run !== undefined && alive.some(({ id }) => id === run.id);
      incidents.resolve(heartbeatFingerprint(agent), hasStarted ? 'It has started.' : 'It is not due any more.');
    }
  }

  function judgeAll(alive: readonly RunRow[], now: number): number {
    const next = alive.map((run) => {
      const agent = fleet.agents.get(run.agent);
      return agent === undefined ? Infinity : judge(run, agent, now);
    });
    const waiting = storage.dues.waiting();
    const due = storage.transaction(() => {
      const late = waiting.filter(({ dueAt }) => dueAt <= now).map((one) => judgeWaiting(one, now));
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
      watchesSince = Math.min(watchesSince, now);
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
      watchesSince = clock.now();
      worker.start();
    },
    async stop() {
      await worker.stop();
      await Promise.all(searches);
    },
  };
}

/** After a jump of the clock nothing was seen later than now. */
function setBack(state: Watched, now: number): void {
  state.owedSince = Math.min(state.owedSince, now);
  state.provedAt = Math.min(state.provedAt, now);
  state.searchedAt = Math.min(state.searchedAt, now);
  state.searchAgainAt = Math.min(state.searchAgainAt, now + SEARCH_AGAIN_MS);
  if (state.told !== undefined)
    state.told = { ...state.told, at: Math.min(state.told.at, now), wordedAt: Math.min(state.told.wordedAt, now) };
}

/** How it ended: `runs` are the agent's newest, newest first. */
function describeEnd(runs: readonly RunRow[]): string {
  const ended = runs.find(({ endedAt }) => endedAt !== null);
  if (ended === undefined) return 'Its run is over.';
  const took = ended.startedAt === null ? '' : ` after ${duration((ended.endedAt ?? 0) - ended.startedAt)}`;
  if (ended.stopReason !== 'stuck') return `Its run is over: ${ended.failure ?? ended.state}${took}.`;
  return `Its run was ended${took}${runs[0] === ended ? '' : ', and a fresh one is at work'}.`;
}

function reasonOf(error: unknown): { readonly reason: string } {
  return { reason: error instanceof Error ? error.message : 'unknown' };
}
