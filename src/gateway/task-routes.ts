import type { TaskCalls, TaskResult } from '../work/tasks.ts';
import type { RunIdentity } from './contract.ts';
import { failure, type GatewayResponse, parseBody, success } from './responses.ts';
import type { Refuse, RouteCall, Routes } from './route.ts';
import {
  taskAddRequest,
  taskClaimRequest,
  taskDoneRequest,
  taskFailRequest,
  taskPhaseRequest,
} from './task-requests.ts';

/** The routes by which agents hand work to each other. */
export function createTaskRoutes(tasks: TaskCalls, refuse: Refuse): Routes {
  function add({ run, body }: RouteCall): GatewayResponse {
    const parsed = parseBody(taskAddRequest, body);
    if (parsed.kind === 'bad') return parsed.response;
    const outcome = tasks.add(run, parsed.fields);
    if (outcome.kind === 'refused') return refuse(run, 'task add', outcome.reason);
    const { id, existing, differs } = outcome;
    return success(existing ? 200 : 201, { id, existing, differs });
  }

  function claim({ run, body }: RouteCall): GatewayResponse {
    const parsed = parseBody(taskClaimRequest, body);
    if (parsed.kind === 'bad') return parsed.response;
    return success(200, { task: tasks.claim(run, parsed.fields.short === true ? 'tool' : 'command') ?? null });
  }

  function show({ query }: RouteCall): GatewayResponse {
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

  function told(run: RunIdentity, command: string, result: TaskResult): GatewayResponse {
    return result.kind === 'refused' ? refuse(run, command, result.reason) : success(200, { ok: true });
  }

  function phaseDone({ run, body }: RouteCall): GatewayResponse {
    const parsed = parseBody(taskPhaseRequest, body);
    if (parsed.kind === 'bad') return parsed.response;
    return told(run, 'task phase-done', tasks.phaseDone(run, parsed.fields.id, parsed.fields.output));
  }

  function done({ run, body }: RouteCall): GatewayResponse {
    const parsed = parseBody(taskDoneRequest, body);
    if (parsed.kind === 'bad') return parsed.response;
    return told(run, 'task done', tasks.done(run, parsed.fields.id));
  }

  function fail({ run, body }: RouteCall): GatewayResponse {
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
