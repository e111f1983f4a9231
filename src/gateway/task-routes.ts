import type { TaskCaller, TaskCalls, TaskResult } from '../work/tasks.ts';
import { type Answer, failure, parseBody, success } from './responses.ts';
import {
  taskAddRequest,
  taskClaimRequest,
  taskDoneRequest,
  taskFailRequest,
  taskPhaseRequest,
} from './task-requests.ts';

/** One call of a task's route. */
interface TaskCall {
  readonly run: TaskCaller;
  readonly body: Uint8Array;
  readonly query: URLSearchParams;
}

interface TaskRoute {
  readonly method: 'GET' | 'POST';
  readonly answer: (call: TaskCall) => Answer;
  readonly query?: readonly string[];
}

/** The routes of tasks, by path; `refuse` tells the log, too. */
export function createTaskRoutes(
  tasks: TaskCalls,
  refuse: (run: TaskCaller, command: string, reason: string) => Answer,
): readonly (readonly [string, TaskRoute])[] {
  function add({ run, body }: TaskCall): Answer {
    const parsed = parseBody(taskAddRequest, body);
    if (parsed.kind === 'bad') return parsed.response;
    const outcome = tasks.add(run, parsed.fields);
    if (outcome.kind === 'refused') return refuse(run, 'task add', outcome.reason);
    const { id, existing, differs } = outcome;
    return success(existing ? 200 : 201, { id, existing, differs });
  }

  function claim({ run, body }: TaskCall): Answer {
    const parsed = parseBody(taskClaimRequest, body);
    if (parsed.kind === 'bad') return parsed.response;
    return success(200, { task: tasks.claim(run, parsed.fields.short === true ? 'tool' : 'command') ?? null });
  }

  function show({ query }: TaskCall): Answer {
    const written = query.get('id') ?? '';
    if (!/^\d{1,15}$/.test(written)) return failure(400, 'id must be the number of a task');
    const id = Number(written);
    const task = tasks.show(id, query.get('short') === 'true' ? 'tool' : 'command');
    if (task === undefined) return failure(404, `there is no task #${id}`);
    const phase = query.get('phase');
    if (phase === null) return success(200, { task });
    const found = tasks.output(id, phase);
    return found.kind === 'refused' ? failure(404, found.reason) : success(200, { output: found.output });
  }

  function told(run: TaskCaller, command: string, result: TaskResult): Answer {
    return result.kind === 'refused' ? refuse(run, command, result.reason) : success(200, { ok: true });
  }

  function phaseDone({ run, body }: TaskCall): Answer {
    const parsed = parseBody(taskPhaseRequest, body);
    if (parsed.kind === 'bad') return parsed.response;
    return told(run, 'task phase-done', tasks.phaseDone(run, parsed.fields.id, parsed.fields.output));
  }

  function done({ run, body }: TaskCall): Answer {
    const parsed = parseBody(taskDoneRequest, body);
    if (parsed.kind === 'bad') return parsed.response;
    return told(run, 'task done', tasks.done(run, parsed.fields.id));
  }

  function fail({ run, body }: TaskCall): Answer {
    const parsed = parseBody(taskFailRequest, body);
    if (parsed.kind === 'bad') return parsed.response;
    return told(run, 'task fail', tasks.fail(run, parsed.fields.id, parsed.fields.reason));
  }

  return [
    ['/v1/task', { method: 'GET', answer: show, query: ['id', 'phase', 'short'] }],
    ['/v1/task/add', { method: 'POST', answer: add }],
    ['/v1/task/claim', { method: 'POST', answer: claim }],
    ['/v1/task/phase-done', { method: 'POST', answer: phaseDone }],
    ['/v1/task/done', { method: 'POST', answer: done }],
    ['/v1/task/fail', { method: 'POST', answer: fail }],
  ];
}
