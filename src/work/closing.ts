import type { RunEnd, RunRow } from '../../storage/run-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import type { Clock } from '../ports.ts';
import { CONTEXT_FLUSHED, isContextStop, isSessionSpent, PAUSED } from '../runs/context-stops.ts';
import type { RunClosing, RunKeeper } from '../runs/run-keeper.ts';
import { CONTROL_PLANE_STOPPED } from '../runs/session-choice.ts';
import type { Checkpoints } from './checkpoints.ts';
import { contextFingerprint, futileFingerprint, futileTrouble, unwrittenTrouble } from './context-words.ts';
import type { GitState, ReadGitState } from './git-state.ts';
import { isNearlySame } from './likeness.ts';
import { coreOf, writeMechanically } from './mechanical.ts';
import { MAX_WORKSTATE_BYTES } from './workstate.ts';

/** How long an agent that gets nothing done is offered no task. */
const FUTILE_PAUSE_MS = 3_600_000;
/** As much open work as is named. */
const MOST_OPEN = 10;

/**
 * Builds what closes runs for the keeper.
 *
 * At a run's end: 1. its WORKSTATE.md is kept as a version if it has changed; 2. one that was told to write it and ended its turn counts as
 * stopped for that; 3. where its session is spent, or it was paused, and it wrote nothing, we write it without a model; 4. a fresh run goes
 * on with its work at once, unless two in a row got nothing done.
 */
export function createRunClosings(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly incidents: IncidentRegister;
  readonly checkpoints: Checkpoints;
  readonly readGitState: ReadGitState;
  /** Makes the end of an agent's output readable. */
  readonly readable: (agent: string, output: string) => string;
  /** The prompt of an agent, as far as it can be read. */
  readonly promptOf: (agent: Agent) => string;
  readonly scrub: (text: string) => string;
}): RunKeeper['close'] {
  const { fleet, storage, clock, incidents, checkpoints } = options;

  /** Since when a version of its own would have been wanted of a run; undefined: none was. */
  function wantedSince(run: RunRow): number | undefined {
    // What it wrote before its CLI compacted its context may be trusted.
    if (run.compactedAt !== null) return run.startedAt ?? run.wantedAt;
    const since = run.flushAskedAt ?? run.flushWantedAt ?? run.stopWantedAt ?? clock.now();
    return isSessionSpent(run) || run.stopReason === PAUSED ? since : undefined;
  }

  function isUnwritten(run: RunRow, agent: Agent | undefined): agent is Agent {
    if (agent === undefined || agent.runtime === 'command' || run.publicationId !== null || run.startedAt === null)
      return false;
    const since = wantedSince(run);
    return since !== undefined && !checkpoints.isWritten(run, since);
  }

  /** What the agent itself wrote last: its file, or its newest version. */
  function writtenBefore(agent: Agent): string | undefined {
    const newest = storage.checkpoints.newest(agent.name);
    const source = checkpoints.read(agent);
    if (source.kind === 'file' && source.bytes.length <= MAX_WORKSTATE_BYTES) {
      const text = Buffer.from(source.bytes).toString('utf8').replaceAll('\0', '');
      if (text.trim() !== '' && !(newest?.author === 'nightdesk' && newest.text === text)) return text;
    }
    return storage.checkpoints.newestBy(agent.name, 'agent')?.text;
  }

  function writeOurs(run: RunRow, agent: Agent, tail: string, git: GitState | undefined): string {
    const text = options.scrub(
      writeMechanically({
        run,
        now: clock.now(),
        tail,
        asked: options.promptOf(agent),
        open: storage.checkpoints.openWork(agent.name, MOST_OPEN),
        git,
        before: writtenBefore(agent),
      }),
    );
    checkpoints.keepOurs(run, text);
    return text;
  }

  /** Whether this session and the one before it ran full, or were compacted, and nothing came of it. */
  function isFutile(run: RunRow): boolean {
    const before = run.continues === null ? undefined : storage.runs.get(run.continues);
    if (before === undefined || !isSessionSpent(before)) return false;
    if (run.progressAt !== null || run.workedAt !== null || storage.checkpoints.hasResults(run.id)) return false;
    const [now, then] = [storage.checkpoints.newestOfRun(run.id), storage.checkpoints.newestOfRun(before.id)];
    return now !== undefined && then !== undefined && isNearlySame(coreOf(now.text), coreOf(then.text));
  }

  /** Whether a fresh run is to go on at once: it ended for its context's sake, or together with us while that was under way. */
  function isToGoOn(run: RunRow, end: RunEnd): boolean {
    if (!isSessionSpent(run) || !fleet.agents.has(run.agent) || run.publicationId !== null) return false;
    if (end.state === 'stopped') return isContextStop(run) || run.stopReason === CONTROL_PLANE_STOPPED;
    return end.state === 'lost';
  }

  return async (run, { tail, wasTold }) => {
    const agent = fleet.agents.get(run.agent);
    const before = storage.runs.get(run.id) ?? run;
    // One that was told to pause may have ended its turn before anybody wanted its end: that is seen below.
    const mayBeWanted = wantedSince(before) !== undefined || before.flushReason === 'pause';
    const isWanted = agent !== undefined && agent.runtime !== 'command' && mayBeWanted;
    const [git, output] = isWanted
      ? await Promise.all([options.readGitState(agent.workdir), Promise.resolve(tail()).catch(() => '')])
      : [undefined, ''];
    const readable = output === '' ? '' : options.readable(run.agent, output);
    let ours: string | undefined;

    const closing: RunClosing = {
      keep(current, isDone) {
        checkpoints.keepFile(current);
        let row = current;
        if (isDone && wasTold && row.stopReason === null && row.flushAskedAt !== null && row.flushReason !== 'owner') {
          storage.runs.wantStop(row.id, row.flushReason === 'pause' ? PAUSED : CONTEXT_FLUSHED, clock.now());
          row = storage.runs.get(row.id) ?? row;
        }
        ours = isUnwritten(row, agent) ? writeOurs(row, agent, readable, git) : undefined;
        return row;
      },

      follow(ended, end) {
        if (end.state === 'done') {
          incidents.close(contextFingerprint(ended.agent));
          incidents.close(futileFingerprint(ended.agent));
          return;
        }
        if (!isToGoOn(ended, end)) return;
        if (isFutile(ended)) {
          incidents.report(futileTrouble(ended));
          // A task would wake it at once again.
          return storage.tasks.postpone(ended.agent, clock.now() + FUTILE_PAUSE_MS);
        }
        if (ours !== undefined && ended.compactedAt === null)
          incidents.report(unwrittenTrouble(ended, options.scrub(lastLineOf(readable))));
        storage.dues.wait(ended.agent, clock.now(), 'resumed');
      },

      settled() {
        if (ours !== undefined && agent !== undefined) checkpoints.writeFile(agent, ours);
      },
    };
    return closing;
  };
}

function lastLineOf(text: string): string {
  const last = text.trimEnd().split('\n').at(-1)?.trim() ?? '';
  return last === '' ? '' : `What it said last: ${last}`;
}
