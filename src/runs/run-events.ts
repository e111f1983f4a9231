import type { Storage } from '../../storage/storage.ts';
import type { RunSpending } from '../budget/run-spending.ts';
import type { Custodian } from '../credentials/custodian.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import type { Clock, Log } from '../ports.ts';
import type { Questions } from '../questions/questions.ts';
import type { RunEvent } from '../runtimes/runtime.ts';
import { isPassingStorageTrouble } from '../worker.ts';
import { fillOf } from './context-stops.ts';
import type { Execution } from './execution.ts';
import type { RunKeeper } from './run-keeper.ts';
import { readGenerations } from './settlement.ts';
import type { ToolFailures } from './tool-failures.ts';

/** Calls of one run that go on at the same time; no agent makes as many. */
const MOST_OPEN_CALLS = 256;

/** Events of one run that wait for a database that takes them; its decoder tells fewer. */
const MOST_WAITING = 500;

/** What follows from the events of runs: each is one transaction, or a word to the program itself. */
export interface RunEvents {
  /** Acts on an event of a run that is alive; what cannot be written down right now waits. */
  take(execution: Execution, event: RunEvent): void;
  /** Writes down what waits, in its order; throws while the database still does not take it. */
  retry(execution: Execution): void;
  /** The same within the transaction of the run's end, but for questions: nobody waits for their answers any more. */
  end(execution: Execution): void;
}

/** Builds what acts on events. */
export function createRunEvents(options: {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  readonly custodian: Custodian;
  readonly incidents: IncidentRegister;
  readonly questions: Questions;
  readonly toolFailures: ToolFailures;
  readonly spending: Pick<RunSpending, 'take' | 'atEnd'>;
  readonly keeper: Pick<RunKeeper, 'filled' | 'compacted' | 'toolEnded'>;
  readonly scrub: (text: string) => string;
}): RunEvents {
  const { storage, clock, log, custodian } = options;
  const callsBegun = new WeakMap<Execution, Map<string, number>>();
  const waiting = new WeakMap<Execution, RunEvent[]>();

  /** The first sign counts while the agent still runs: who mistakes it for a passing trouble would go on for hours. */
  function onAuthSign(execution: Execution, event: RunEvent & { kind: 'auth-sign' }): void {
    const { run } = execution;
    storage.transaction(() => {
      const hint = event.credentialHint;
      const verdict = custodian.sign({
        agent: run.agent,
        evidence: options.scrub(event.evidence),
        generations: readGenerations(run),
        ...(hint === undefined ? {} : { credential: hint }),
      });
      // A publisher that is cut off leaves a publication that nobody knows the end of: it may finish by itself.
      // One whose words are only asked about may be well.
      if (run.publicationId === null && verdict === 'believed') storage.runs.wantStop(run.id, 'auth', clock.now());
    });
  }

  /** When the calls began that are still going on; those that never end are forgotten, oldest first. */
  function begun(execution: Execution): Map<string, number> {
    const calls = callsBegun.get(execution) ?? new Map<string, number>();
    callsBegun.set(execution, calls);
    const [oldest] = calls.keys();
    if (calls.size >= MOST_OPEN_CALLS && oldest !== undefined) calls.delete(oldest);
    return calls;
  }

  function endTool(execution: Execution, event: RunEvent & { kind: 'tool-ended' }): void {
    const calls = begun(execution);
    const begunAt = calls.get(event.id);
    calls.delete(event.id);
    if (event.error !== undefined)
      options.toolFailures.seen(execution.run, event.tool, options.scrub(event.error), begunAt);
    options.keeper.toolEnded(execution.run);
  }

  /** Without our tools an agent can neither draft nor ask, and says nothing of it: its runs end well all the same. */
  function judgeTools({ run }: Execution, problem: string | undefined): void {
    const fingerprint = `tools:${run.agent}`;
    if (problem === undefined) return options.incidents.close(fingerprint);
    options.incidents.report({
      kind: 'report',
      fingerprint,
      subject: run.agent,
      severity: 'warning',
      title: `${run.agent} does not reach Nightdesk's tools`,
      evidence: options.scrub(problem),
      agents: [run.agent],
      note: 'It can neither draft nor ask over MCP. A proxy in its environment is a usual cause: NO_PROXY=127.0.0.1 keeps it out. This ends by itself with the first run that reaches them.',
    });
  }

  function note(execution: Execution, event: string, detail: string | null): void {
    const { run } = execution;
    log.info(`run: ${event}`, { run: run.id, agent: run.agent });
    storage.transaction(() =>
      storage.journal.add({
        at: clock.now(),
        subject: `run:${run.id}`,
        event,
        actor: `agent:${run.agent}`,
        detail: detail === null ? null : options.scrub(detail),
      }),
    );
  }

  function act(execution: Execution, event: RunEvent): void {
    const { run } = execution;
    const costMicroUsd = options.spending.take(run, execution.agent, event);
    switch (event.kind) {
      case 'output':
      case 'said':
        return;
      case 'tool-begun':
        return void begun(execution).set(event.id, clock.now());
      case 'auth-sign':
        return onAuthSign(execution, event);
      case 'session':
        return storage.transaction(() =>
          storage.runs.session(run.id, {
            resumeToken: event.resumeToken,
            model: event.model ?? null,
            cliVersion: event.version ?? null,
          }),
        );
      case 'usage':
        return execution.count({
          inputTokens: event.inputTokens,
          outputTokens: event.outputTokens,
          ...(costMicroUsd === undefined ? {} : { costMicroUsd }),
        });
      case 'context':
        execution.count({ contextTokens: event.usedTokens, contextLimit: event.limitTokens });
        return options.keeper.filled(run, event.usedTokens, event.limitTokens);
      case 'compacted':
        note(execution, 'compacted its context', null);
        return options.keeper.compacted(run, fillOf(execution.usage));
      case 'tool-ended':
        return endTool(execution, event);
      case 'retrying':
        return log.info('run: its CLI tries again', { run: run.id, failure: event.failure, attempt: event.attempt });
      case 'permission':
        return options.questions.permission({ id: run.id, agent: run.agent }, event);
      case 'permission-void':
        return options.questions.withdraw(run.id, event.request);
      case 'write':
        return execution.process.write(event.text);
      case 'tools':
        return judgeTools(execution, event.problem);
      case 'turn-ended':
        return execution.finish();
      case 'warning':
        return note(execution, 'warning', event.text);
    }
  }

  function retry(execution: Execution): void {
    const events = waiting.get(execution) ?? [];
    for (let [next] = events; next !== undefined; [next] = events) {
      act(execution, next);
      events.shift();
    }
  }

  return {
    retry,
    take(execution, event) {
      const events = waiting.get(execution) ?? [];
      if (!ROW_KINDS.has(event.kind) || events.length >= MOST_WAITING) return act(execution, event);
      waiting.set(execution, events);
      events.push(event);
      try {
        retry(execution);
      } catch (error) {
        if (!isPassingStorageTrouble(error)) throw error;
        log.error('run: what it told cannot be written down right now; trying again', {
          run: execution.run.id,
          event: event.kind,
          code: error.code,
        });
      }
    },
    end(execution) {
      const events = (waiting.get(execution) ?? []).filter(({ kind }) => !kind.startsWith('permission'));
      for (const event of events) act(execution, event);
      const costMicroUsd = options.spending.atEnd(execution.run);
      if (costMicroUsd !== undefined) execution.count({ costMicroUsd });
    },
  };
}

/** Events that a row follows from; all others are acted on whatever the database does. */
const ROW_KINDS: ReadonlySet<RunEvent['kind']> = new Set([
  'auth-sign',
  'session',
  'context',
  'compacted',
  'tool-ended',
  'permission',
  'tools',
  'permission-void',
  'warning',
]);
