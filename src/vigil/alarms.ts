import type { RunRow } from '../../storage/run-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Agent } from '../config/fleet.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import type { Trouble } from '../incidents/trouble.ts';
import type { Log } from '../ports.ts';
import type { LiveSigns, Runner } from '../runs/runner.ts';
import type { LogLineReader } from '../runtimes/log-entries.ts';
import type { Sign } from './heartbeats.ts';
import { lastProgressOf } from './progress.ts';
import { describeSilence, describeStuck, lastLines, type StuckAnswer } from './vigil-words.ts';
import type { Judged, Watched } from './watched.ts';

/** What is read of a run's newest output for its last lines. */
const TAIL_BYTES = 8 * 1024;
/** Ages in an alert that is still true are said anew after this part of the time that the agent may be silent, and no more often than each minute. */
const WORDS_AGE_AFTER = 0.25;
const FRESH_WORDS_MS = 60_000;

/** Tells of agents that are silent or stuck, and answers as fleet.yaml says; what is told already is only said anew, once its words are old. */
export interface Alarms {
  /** A missed heartbeat. */
  silent(one: Judged, sign: Sign): void;
  /** A loop, or no progress; `patienceMs` is how long the agent may be so. */
  stuck(one: Judged, isLoop: boolean, patienceMs: number): void;
  /** Ends what is told of a run. */
  over(agent: Agent, state: Watched, how: string): void;
}

/** Builds the alarms. */
export function createAlarms(options: {
  readonly storage: Storage;
  readonly log: Log;
  readonly incidents: IncidentRegister;
  readonly runner: Pick<Runner, 'tail'>;
  readonly lineReaderOf: (agent: string) => LogLineReader | undefined;
  readonly scrub: (text: string) => string;
}): Alarms {
  const { storage, log, incidents } = options;

  /** A publisher that is cut off leaves a publication that nobody knows the end of. */
  function answerOf({ agent, run }: Judged): StuckAnswer {
    return run.publicationId === null ? agent.onStuck : 'alert';
  }

  function linesOf(run: RunRow): string {
    const tail = options.runner.tail(run.id, TAIL_BYTES);
    const isCut = Buffer.byteLength(tail) >= TAIL_BYTES;
    return options.scrub(lastLines(tail, isCut, options.lineReaderOf(run.agent)));
  }

  function repeatingOf(signs: LiveSigns | undefined) {
    const repeating = signs?.repeating();
    return repeating && { ...repeating, words: options.scrub(repeating.words) };
  }

  /** Says anew how long it has lasted: whoever is told again at five must not read the age of two o'clock. */
  function sayAnew({ state, now }: Judged, patienceMs: number, describe: () => Trouble): void {
    if (state.told === undefined) return;
    if (now - state.told.wordedAt < Math.max(FRESH_WORDS_MS, patienceMs * WORDS_AGE_AFTER)) return;
    state.told = { ...state.told, wordedAt: now };
    incidents.reword(describe());
  }

  function describeRun(one: Judged, isLoop: boolean): Trouble {
    const { run, agent, state, signs, now } = one;
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
      answer: answerOf(one),
    });
  }

  /** Tells, and answers: one transaction. */
  function tell(one: Judged, trouble: Trouble, isLoop: boolean, repeating?: string): void {
    const { run, agent, state, now } = one;
    storage.transaction(() => {
      incidents.report(trouble);
      if (repeating !== undefined) storage.runs.repeating(run.id, repeating);
      answer(one, trouble.title);
    });
    state.told = { fingerprint: trouble.fingerprint, isLoop, at: now, wordedAt: now };
    log.warn('vigil: an agent is taken for stuck', { run: run.id, agent: agent.name, kind: trouble.kind });
  }

  function answer(one: Judged, why: string): void {
    const { run, agent, now } = one;
    const how = answerOf(one);
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

  return {
    silent(one, sign) {
      const { run, agent, state, now } = one;
      const describe = (): Trouble =>
        describeSilence(agent, run, { now, sign, lines: linesOf(run), answer: answerOf(one) });
      if (state.told === undefined) tell(one, describe(), false);
      else sayAnew(one, agent.heartbeatMs, describe);
    },

    stuck(one, isLoop, patienceMs) {
      if (one.state.told === undefined) tell(one, describeRun(one, isLoop), isLoop, repeatingOf(one.signs)?.words);
      else sayAnew(one, patienceMs, () => describeRun(one, isLoop));
    },

    over(agent, state, how) {
      if (state.told !== undefined) incidents.resolve(state.told.fingerprint, how);
      state.told = undefined;
      log.info('vigil: an agent is no longer taken for stuck', { agent: agent.name });
    },
  };
}
