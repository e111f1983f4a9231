import type { RunRow } from '../../storage/run-store.ts';
import type { Questions } from '../questions/questions.ts';
import type { Execution } from './execution.ts';
import type { RunKeeper } from './run-keeper.ts';

/** What an agent is asked that has given no sign for long. */
const ASK = 'Nightdesk asks for a sign of life: call the `beat` tool, then go on with your work.';

/** What is said to agents in the middle of their work; each thing once. */
export interface RunTalk {
  /** Gives its CLI the answers to its permission requests that have come. */
  answer(execution: Execution): void;
  /** Asks for a sign of life, and tells it to write its WORKSTATE.md, as its row wants it. */
  say(execution: Execution, run: RunRow): void;
  /** Whether its agent read that it has to write its WORKSTATE.md. */
  wasToldToWrite(execution: Execution): boolean;
  /** Whether an agent would read a question now. */
  canBeAsked(decoder: Execution['decoder']): boolean;
}

/** Builds what talks to agents. */
export function createRunTalk(options: {
  readonly questions: Pick<Questions, 'undelivered' | 'delivered'>;
  readonly keeper: Pick<RunKeeper, 'words'>;
}): RunTalk {
  const { questions, keeper } = options;
  /** When the wish arose for which each was asked, or told: a later wish is another one. */
  const asked = new WeakMap<Execution, number>();
  const told = new WeakMap<Execution, number>();

  function askForSign(execution: Execution, { askedAt }: RunRow): void {
    if (askedAt === null || asked.get(execution) === askedAt) return;
    asked.set(execution, askedAt);
    execution.ask(ASK);
  }

  function tellToWrite(execution: Execution, run: RunRow): void {
    const { flushAskedAt } = run;
    if (flushAskedAt === null || told.get(execution) === flushAskedAt) return;
    if (execution.ask(keeper.words(run))) told.set(execution, flushAskedAt);
  }

  return {
    answer(execution) {
      for (const { id, request, permission, reason } of questions.undelivered(execution.run.id)) {
        execution.answer(request, permission, reason);
        questions.delivered(id);
      }
    },

    say(execution, run) {
      askForSign(execution, run);
      tellToWrite(execution, run);
    },

    wasToldToWrite: (execution) => told.has(execution),
    canBeAsked: (decoder) => decoder.ask(ASK) !== undefined,
  };
}
