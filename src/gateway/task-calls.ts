import type { AgentCall, Printed } from './agent-calls.ts';

/** How much of a task is told: all of it, or what a model can read at once. */
interface Telling {
  readonly short: boolean;
}

/** Hands work over: prints the task's id. */
export function taskAddCall(task: {
  readonly for: string;
  readonly title: string;
  readonly brief: string;
  readonly phases?: readonly string[] | undefined;
  readonly key?: string | undefined;
}): AgentCall {
  return {
    call: { method: 'POST', target: '/v1/task/add', body: task, repeatable: task.key !== undefined },
    print({ id, differs }) {
      if (!Number.isSafeInteger(id)) return undefined;
      const out = `${String(id)}\n`;
      return differs === true
        ? { out, hint: `task #${String(id)} has this key already, and says something else: it stays as it is` }
        : { out };
    },
  };
}

/** Takes a task: prints it as JSON; without one nothing, and it exits 1. */
export function taskClaimCall({ short }: Telling): AgentCall {
  return {
    // Whoever asks again gets the same task: an answer that was lost costs nothing.
    call: { method: 'POST', target: '/v1/task/claim', body: short ? { short } : {}, repeatable: true },
    print: ({ task }) => (task === null ? { out: '', code: 1 } : printTask(task)),
  };
}

/** Looks at a task: prints it as JSON, or one phase's output as it is. */
export function taskShowCall(id: number, phase: string | undefined, { short }: Telling): AgentCall {
  const query = `?id=${id}${phase === undefined ? '' : `&phase=${encodeURIComponent(phase)}`}${short ? '&short=true' : ''}`;
  return {
    call: { method: 'GET', target: `/v1/task${query}`, repeatable: true },
    print: ({ task, output }) =>
      phase === undefined ? printTask(task) : typeof output === 'string' ? { out: output } : undefined,
  };
}

/** Hands in what a phase gave. */
export function taskPhaseDoneCall(id: number, output: string): AgentCall {
  return settle('phase-done', { id, output });
}

/** Ends a task without phases. */
export function taskDoneCall(id: number): AgentCall {
  return settle('done', { id });
}

/** Gives a task up. */
export function taskFailCall(id: number, reason: string): AgentCall {
  return settle('fail', { id, reason });
}

/** Each of them twice is once. */
function settle(what: string, body: object): AgentCall {
  return {
    call: { method: 'POST', target: `/v1/task/${what}`, body, repeatable: true },
    print: () => ({ out: '' }),
  };
}

function printTask(task: unknown): Printed {
  return typeof task === 'object' && task !== null ? { out: `${JSON.stringify(task, null, 2)}\n` } : undefined;
}
