import type { Look } from '../questions/questions.ts';
import type { GatewayRooms } from './contract.ts';
import { DEFAULT_WITHIN_MS, MAX_WAIT_SECONDS } from './limits.ts';
import { askRequest } from './requests.ts';
import { failure, type GatewayResponse, parseBody, success } from './responses.ts';
import type { Refuse, RouteCall, Routes } from './route.ts';

/** The routes by which an agent asks its owner, and waits for the answer. */
export function createQuestionRoutes(rooms: Pick<GatewayRooms, 'ask' | 'look' | 'wait'>, refuse: Refuse): Routes {
  function ask({ run, body }: RouteCall): GatewayResponse {
    const parsed = parseBody(askRequest, body);
    if (parsed.kind === 'bad') return parsed.response;
    const { withinMs = DEFAULT_WITHIN_MS, options = [], ...rest } = parsed.fields;
    const outcome = rooms.ask(run, { ...rest, options, withinMs });
    if (outcome.kind === 'refused') return refuse(run, 'ask', outcome.reason);
    const { id, key } = outcome;
    return success(200, { id, key, ...standing(rooms.look(run, id)) });
  }

  function readLook({ query }: RouteCall): { readonly id: number; readonly waitMs: number } | GatewayResponse {
    const [id, wait] = [readCount(query.get('id')), readCount(query.get('wait') ?? '0')];
    if (id === undefined) return failure(400, 'id must be the number of a question');
    if (wait === undefined || wait > MAX_WAIT_SECONDS)
      return failure(400, `wait must be a whole number of seconds, at most ${MAX_WAIT_SECONDS}`);
    return { id, waitMs: wait * 1_000 };
  }

  function answer(call: RouteCall): GatewayResponse {
    const asked = readLook(call);
    return 'status' in asked ? asked : told(asked.id, rooms.look(call.run, asked.id));
  }

  function awaitAnswer(call: RouteCall, gone: AbortSignal): GatewayResponse | Promise<GatewayResponse> {
    const asked = readLook(call);
    if ('status' in asked) return asked;
    const look = rooms.look(call.run, asked.id);
    if (look.kind !== 'open' || asked.waitMs === 0) return told(asked.id, look);
    return rooms.wait(call.run, asked.id, asked.waitMs, gone).then((later) => told(asked.id, later));
  }

  function told(id: number, look: Look): GatewayResponse {
    if (look.kind === 'unknown') return failure(404, 'this run has asked no such question');
    return success(200, { id, ...standing(look) });
  }

  return [
    ['/v1/ask', { method: 'POST', answer: ask }],
    ['/v1/answer', { method: 'GET', answer, query: ['id', 'wait'], serve: awaitAnswer }],
  ];
}

/** How a question stands, as an answer says it. */
function standing(look: Look): object {
  return look.kind === 'answered' ? { state: 'answered', answer: look.answer } : { state: look.kind };
}

function readCount(written: string | null): number | undefined {
  return /^\d{1,9}$/.test(written ?? '') ? Number(written) : undefined;
}
