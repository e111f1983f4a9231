import type { Agent } from '../../src/config/fleet.ts';
import type { Context, ContextScripts } from './context-program.ts';
import { MINUTE_MS, SECOND_MS } from './fleets.ts';
import type { Program } from './machine.ts';
import type { ProgramTools, ScriptOptions } from './program-tools.ts';
import { openPurse, type Purse } from './purse.ts';
import type { PermissionAsked } from './record.ts';
import { type ApiFailure, createStreamLines, type StreamLines } from './stream-json.ts';
import type { Assignment, TaskScripts } from './task-program.ts';

/** Plays the programs of a `claude`: runs, version and probe. */
export interface ClaudeScripts {
  playRun(program: Program, agent: Agent): void;
  playVersion(program: Program): void;
  playProbe(program: Program, agent: Agent): void;
  /** Who began a session. */
  ownerOf(session: string): string | undefined;
}

/** The credential that model calls go by. */
export const MODEL_CREDENTIAL = 'claude';

const EXPIRED: ApiFailure = {
  word: 'authentication_failed',
  status: 401,
  text: 'Failed to authenticate. API Error: 401 OAuth token has expired. Please obtain a new token or refresh your existing token.',
};
const LIMITED: ApiFailure = {
  word: 'rate_limit',
  status: 429,
  text: "You've hit your limit · resets 8:40am (UTC)",
  apiError: 'usage_limit_reached',
};
const OVERLOADED: ApiFailure = {
  word: 'server_error',
  status: 529,
  text: 'API Error: Repeated 529 Overloaded errors. The API is at capacity — this is usually temporary.',
};
const TOO_LONG: ApiFailure = {
  word: 'invalid_request',
  status: 400,
  text: 'Prompt is too long',
  terminalReason: 'prompt_too_long',
};
const UNHEARD_OF: ApiFailure = { word: 'unheard_of', status: 418, text: 'API Error: the teapot refuses to brew' };

/** What a probe costs. */
const FREE = { turnUsd: 0, sessionUsd: 0 } as const;

interface Waiting {
  readonly asked: PermissionAsked;
  readonly onEnd: (isAllowed: boolean) => void;
}

/** A session that is under way. */
interface Session {
  readonly lines: StreamLines;
  readonly context: Context;
  readonly purse: Purse;
  readonly assignment: Assignment | undefined;
}

/** What becomes of one call of the model. */
type ModelAnswer = 'words' | 'limited' | 'refused';

/** Builds the scripts. */
export function createClaudeScripts(
  options: ScriptOptions,
  tools: ProgramTools,
  work: { readonly tasks: TaskScripts; readonly contexts: ContextScripts },
): ClaudeScripts {
  const { clock, random, record, platform } = options;
  const owners = new Map<string, string>();
  const waiting = new Map<number, Map<string, Waiting>>();
  let lastCall = 0;

  function callModel(program: Program, agent: Agent): ModelAnswer {
    if (!agent.credentials.includes(MODEL_CREDENTIAL)) return 'words';
    if (platform.limitOf(MODEL_CREDENTIAL) !== undefined) return 'limited';
    return tools.call(program, MODEL_CREDENTIAL, 'run') ? 'words' : 'refused';
  }

  function told(program: Program): void {
    if (!program.isAlive || !program.host.isAlive) return;
    if (platform.isRenewedSince(MODEL_CREDENTIAL, Number(program.startTicks))) return;
    platform.told(MODEL_CREDENTIAL, tools.usersOf(MODEL_CREDENTIAL));
  }

  /** A session over stdin: turns until the work is done, then it waits for the end of its input. */
  function playRun(program: Program, agent: Agent): void {
    const { argv } = program.request;
    const session = argv[argv.findIndex((word) => word === '--session-id' || word === '--resume') + 1] ?? '';
    const lines = createStreamLines(session);
    const calm = options.isCalm();
    program.isDeaf = !calm && random.chance(0.1);
    program.onTerm = () => tools.leave(program, 143);
    program.later(random.between(300, 3_000), () => {
      if (!calm && options.isDying(agent.name)) return tools.leave(program, 1);
      if (!calm && random.chance(0.01)) {
        program.print('error: unknown option --verbose\n', 'stderr');
        return tools.leave(program, 1);
      }
      owners.set(session, agent.name);
      program.print(lines.init(options.cliVersion()));
      const context = work.contexts.open(program, agent);
      const assignment = work.tasks.read(program, session);
      const purse = openPurse({ program, random, record, clock, session });
      program.onInput = (text) => {
        for (const line of text.split('\n').filter(Boolean)) hear(program, context, line);
      };
      if (random.chance(0.3)) tools.ask(program, 'POST', '/v1/beat', { note: 'here' });
      takeTurn(program, agent, { lines, context, purse, assignment }, random.between(1, 7));
    });
  }

  function hear(program: Program, context: Context, line: string): void {
    const { type, message } = JSON.parse(line) as { type: string; message?: { content: readonly { text: string }[] } };
    if (type === 'user') context.hear(message?.content[0]?.text ?? '');
    else takeAnswer(program, line);
  }

  function takeTurn(program: Program, agent: Agent, session: Session, left: number): void {
    const { lines, context, purse } = session;
    const calm = options.isCalm();
    program.later(random.between(1, 15) * SECOND_MS, () => {
      switch (callModel(program, agent)) {
        case 'limited': {
          const limit = platform.limitOf(MODEL_CREDENTIAL);
          if (limit === undefined || program.run === undefined) return;
          limit.refusedRuns.push(program.run);
          program.print(lines.limited(limit.resetsAt));
          return fail(program, session, LIMITED);
        }
        case 'refused':
          return tryAgain(program, agent, session, left, 1);
        case 'words':
          break;
      }
      if (platform.isOverloaded() || (!calm && random.chance(0.01))) return waitForModel(program, session, 1);
      const draw = calm ? 1 : random.fraction();
      if (draw < 0.01) return fail(program, session, UNHEARD_OF);
      if (draw < 0.015) return fail(program, session, TOO_LONG);
      if (draw < 0.03) return; // its model never answers
      if (draw < 0.04) return program.exit({ kind: 'signalled', signal: 'SIGSEGV' });
      context.works();
      purse.pay(calm);
      if (purse.isEmpty()) {
        program.print(lines.outOfMoney(purse.tell()));
        return waitForEnd(program, 1);
      }
      if (!calm && random.chance(0.015)) {
        program.print(lines.compacted());
        context.compact();
      }
      const usedTokens = context.fillOn();
      if (left === 0 || context.isEnding()) return finish(program, agent, session, usedTokens);
      useTool(program, lines, usedTokens, () => takeTurn(program, agent, session, left - 1));
    });
  }

  /** It believes that a 401 passes: twice. The platform sees one knock of this program. */
  function tryAgain(program: Program, agent: Agent, session: Session, left: number, attempt: number): void {
    program.later(random.between(500, 2_000), () => {
      if (platform.accepts(MODEL_CREDENTIAL, tools.tokenOf(program, MODEL_CREDENTIAL)))
        return takeTurn(program, agent, session, left);
      if (attempt === 2) told(program);
      program.print(session.lines.retries(attempt, 401, 'authentication_failed'));
      if (attempt < 2) return tryAgain(program, agent, session, left, attempt + 1);
      program.later(random.between(500, 2_000), () => fail(program, session, EXPIRED));
    });
  }

  function waitForModel(program: Program, session: Session, attempt: number): void {
    program.print(session.lines.retries(attempt, 529, 'overloaded'));
    program.later(attempt * 2 * SECOND_MS, () =>
      attempt < 3 ? waitForModel(program, session, attempt + 1) : fail(program, session, OVERLOADED),
    );
  }

  function fail(program: Program, { lines, purse }: Session, failure: ApiFailure): void {
    const [words, result] = lines.fails(failure, purse.tell());
    program.print(words);
    program.print(result);
    waitForEnd(program, 1);
  }

  /** One in four calls needs a permission; what the agent starts by a tool may outlive it. */
  function useTool(program: Program, lines: StreamLines, usedTokens: number, onEnd: () => void): void {
    const id = `toolu_${(lastCall += 1)}`;
    const command = `touch file-${lastCall}`;
    program.print(lines.calls(id, command, usedTokens));
    const end = (isAllowed: boolean): void => {
      program.print(lines.called(id, isAllowed ? 'DONE' : 'Denied.', !isAllowed));
      if (isAllowed && random.chance(0.1)) options.machine().leaveChild(program, stuckForMs());
      onEnd();
    };
    if (mayAsk(program) && random.chance(0.25)) return askPermission(program, lines, id, command, end);
    program.later(random.between(100, 20_000), () => end(true));
  }

  function mayAsk(program: Program): boolean {
    return options.fleet.agents.get(program.name)?.permissions.mode === 'ask';
  }

  function stuckForMs(): number {
    return !options.isCalm() && random.chance(0.1) ? random.between(20, 400) * SECOND_MS : 0;
  }

  function askPermission(
    program: Program,
    lines: StreamLines,
    call: string,
    command: string,
    onEnd: (isAllowed: boolean) => void,
  ): void {
    const { run } = program;
    if (run === undefined) return;
    const request = `request-${program.pid}-${call}`;
    const withinMs = options.fleet.agents.get(program.name)?.permissions.withinMs ?? 0;
    const asked: PermissionAsked = {
      run,
      pid: program.pid,
      request,
      at: clock.now(),
      withinMs,
      tellings: [],
      isWaiting: true,
    };
    record.permissions.push(asked);
    const open = waiting.get(program.pid) ?? new Map<string, Waiting>();
    waiting.set(program.pid, open);
    open.set(request, { asked, onEnd });
    program.print(lines.asks(request, call, command));
    options.trace(`${program.name} asks for permission: ${command}`);
  }

  function takeAnswer(program: Program, line: string): void {
    const { response } = JSON.parse(line) as {
      response: { request_id: string; response: { behavior: string; updatedPermissions?: unknown } };
    };
    const mine = waiting.get(program.pid)?.get(response.request_id);
    if (mine === undefined) return void record.strayAnswers.push({ pid: program.pid, request: response.request_id });
    const { asked, onEnd } = mine;
    const { behavior, updatedPermissions } = response.response;
    asked.tellings.push({
      at: clock.now(),
      question: options.questionOf(asked.run, `permission:${asked.request}`),
      behavior,
      lasts: updatedPermissions !== undefined,
    });
    options.trace(`${program.name} is told: ${behavior}`);
    if (!asked.isWaiting) return;
    asked.isWaiting = false;
    program.later(random.between(10, 2_000), () => onEnd(behavior === 'allow'));
  }

  function finish(program: Program, agent: Agent, session: Session, usedTokens: number): void {
    const { lines, purse, assignment } = session;
    const end = (): void => {
      if (assignment !== undefined) work.tasks.handIn(program, assignment);
      else if (random.chance(0.3)) handInClaimed(program);
      work.tasks.handOver(program);
      if (random.chance(0.4)) tools.readDecisions(program);
      if (random.chance(0.5)) tools.submitDraft(program, agent);
      if (random.chance(0.3)) tools.ask(program, 'POST', '/v1/progress', { text: 'got on' });
      program.print(lines.says('All done.', usedTokens));
      program.print(lines.ends('All done.', purse.tell()));
      waitForEnd(program, 0);
    };
    if (random.chance(0.15)) tools.askOwner(program, end);
    else end();
  }

  /** What it was not started with it may still ask for. */
  function handInClaimed(program: Program): void {
    const claimed = work.tasks.claim(program);
    if (claimed !== undefined) work.tasks.handIn(program, claimed);
  }

  /** It leaves once its input ends, unless something in its background keeps it. */
  function waitForEnd(program: Program, code: number): void {
    const stays = !options.isCalm() && random.chance(0.03);
    program.onInputClosed = () => {
      if (!stays) program.later(random.between(20, 400), () => tools.leave(program, code));
    };
    if (program.isInputClosed) program.onInputClosed();
  }

  return {
    playRun,
    ownerOf: (session) => owners.get(session),
    playVersion(program) {
      const draw = options.isCalm() ? 0 : random.fraction();
      program.later(random.between(100, 2_000), () => {
        if (draw > 0.97) return; // hangs
        if (draw > 0.94) return tools.leave(program, 1);
        program.print(`${options.cliVersion()} (Claude Code)\n`);
        tools.leave(program, 0);
      });
    },
    playProbe(program, agent) {
      const lines = createStreamLines('probe');
      const draw = options.isCalm() ? 0 : random.fraction();
      program.later(random.between(300, 3_000), () => {
        program.print(lines.init(options.cliVersion()));
        if (draw > 0.95) return; // hangs
        const end = (texts: readonly string[], code: number): void => {
          for (const text of texts) program.print(text);
          program.later(200, () => tools.leave(program, code));
        };
        program.later(random.between(500, MINUTE_MS / 10), () => {
          switch (callModel(program, agent)) {
            case 'limited':
              return end(lines.fails(LIMITED, FREE), 1);
            case 'refused':
              told(program);
              return end(lines.fails(EXPIRED, FREE), 1);
            case 'words':
              return draw > 0.9
                ? end(lines.fails(UNHEARD_OF, FREE), 1)
                : end([lines.says('ok', 10), lines.ends('ok', FREE)], 0);
          }
        });
      });
    },
  };
}
