import type { Agent, Fleet } from '../../src/config/fleet.ts';
import type { Gateway } from '../../src/gateway/gateway.ts';
import { isPassingStorageTrouble } from '../../src/worker.ts';
import { MINUTE_MS, SECOND_MS } from './fleets.ts';
import type { Machine, Program } from './machine.ts';
import type { Platform } from './platform.ts';
import type { WorldRecord } from './record.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** How programs say what became of them (CONTRACT 3). */
export const EXIT = { done: 0, failed: 1, odd: 3, later: 75, auth: 77 } as const;

/** What the programs of a world are made of. */
export interface ScriptOptions {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly record: WorldRecord;
  readonly platform: Platform;
  readonly fleet: Fleet;
  readonly machine: () => Machine;
  /** The gateway of the control plane that is up, if one is. */
  readonly gateway: () => Gateway | undefined;
  readonly isUp: () => boolean;
  readonly isCalm: () => boolean;
  /** Agents that die in every run at the moment. */
  readonly isDying: (agent: string) => boolean;
  /** Whether the control plane can write down what it is told. */
  readonly canNote: () => boolean;
  /** The question that a run put by this request; undefined: there is no such row. */
  readonly questionOf: (run: number, request: string) => number | undefined;
  /** Whether a new secret of a credential is being tried. */
  readonly isTrying: (credential: string) => boolean;
  readonly cliVersion: () => string;
  readonly botToken: string;
  readonly trace: (line: string) => void;
}

/** What any program of a world can do. */
export interface ProgramTools {
  leave(program: Program, code: number): void;
  /** The secret of a credential that a program was started with. */
  tokenOf(program: Program, credential: string): string | undefined;
  /** A call with a credential; false is a 401. */
  call(program: Program, credential: string, by: 'run' | 'check'): boolean;
  /** What the gateway answers; undefined when nobody listens, or the control plane dies or cannot write under the call. */
  ask(
    program: Program,
    method: string,
    target: string,
    body?: object,
  ): { readonly status: number; readonly body: Record<string, unknown> } | undefined;
  /** Who uses this credential now. */
  usersOf(credential: string): readonly number[];
  /** Hands in a draft; the same one again until it is known to be accepted. */
  submitDraft(program: Program, agent: Agent): void;
  /** Looks what became of its drafts, and hands in the versions that are wanted. */
  readDecisions(program: Program): void;
  /** Asks the owner something, and looks for the answer until there is one. */
  askOwner(program: Program, onEnd: () => void): void;
}

/** Builds the tools. */
export function createProgramTools(options: ScriptOptions): ProgramTools {
  const { clock, random, record, platform, fleet } = options;
  /** What an agent remembers from run to run: the key of the draft that it could not hand in yet. */
  const memories = new Map<string, { drafts: number; openKey: string | undefined }>();

  function ask(program: Program, method: string, target: string, body?: object): ReturnType<ProgramTools['ask']> {
    const gateway = options.gateway();
    if (gateway === undefined) return undefined;
    try {
      const answer = gateway.handle({
        method,
        target,
        authorization: `Bearer ${program.request.env['NIGHTDESK_TOKEN']}`,
        body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
      });
      if (answer.status === 200 && /^\/v1\/(beat|progress)/.test(target))
        program.spokeMonotonic = clock.machine.monotonic();
      return { status: answer.status, body: JSON.parse(answer.body) as Record<string, unknown> };
    } catch (error) {
      if (options.isUp() && !isPassingStorageTrouble(error)) record.bugs.push(`the gateway threw: ${String(error)}`);
      return undefined;
    }
  }

  function tokenOf(program: Program, credential: string): string | undefined {
    const variable = fleet.credentials.get(credential)?.env;
    return variable === undefined ? undefined : program.request.env[variable];
  }

  return {
    ask,
    tokenOf,
    leave: (program, code) => program.exit({ kind: 'exited', code }),
    call: (program, credential, by) =>
      platform.call(
        credential,
        by,
        program.pid,
        options.isUp() && options.canNote() && program.host.isAlive && !program.isAsked,
        tokenOf(program, credential),
      ),
    usersOf: (credential) =>
      options
        .machine()
        .alive()
        .filter(({ role, name }) =>
          role === 'check' ? name === credential : fleet.agents.get(name)?.credentials.includes(credential) === true,
        )
        .map(({ pid }) => pid),
    submitDraft(program, agent) {
      if (fleet.drafts.kinds.size === 0) return;
      const memory = memories.get(agent.name) ?? { drafts: 0, openKey: undefined };
      memories.set(agent.name, memory);
      memory.openKey ??= `${agent.name}-${(memory.drafts += 1)}`;
      const key = memory.openKey;
      const kinds = [...fleet.drafts.kinds.keys(), ...(options.isCalm() || !random.chance(0.02) ? [] : ['unheard-of'])];
      const kind = random.pick(kinds);
      const filler = memory.drafts % 20 === 0 ? ' and so on'.repeat(500) : '';
      const body = `The words of ${key}.${filler}`;
      const submit = (): number | undefined => {
        const answer = ask(program, 'POST', '/v1/draft', { kind, to: '@reader', body, key, context: 'somebody asked' });
        if (answer === undefined || (answer.status !== 200 && answer.status !== 201)) return undefined;
        const id = Number(answer.body['id']);
        // Where another version is wanted, the same key with another text than that of now is one.
        record.versionsOfDrafts.push({ draft: id, agent: agent.name, body, at: clock.now() });
        record.accepted.push({ id, agent: agent.name, key, body, at: clock.now() });
        return id;
      };
      if (submit() === undefined) return;
      if (!random.chance(0.1)) memory.openKey = undefined;
      options.trace(`${agent.name} handed in ${key}`);
      if (random.chance(0.1)) submit();
    },
    readDecisions(program) {
      const decisions = (ask(program, 'GET', '/v1/decisions')?.body['decisions'] ?? []) as readonly {
        readonly draft: number;
        readonly verdict: string;
        readonly reason: string | null;
      }[];
      const last = new Map(decisions.map((decision) => [decision.draft, decision]));
      for (const { draft, verdict, reason } of last.values()) {
        if (verdict !== 'revise' || random.chance(0.2)) continue;
        const hand = (body: string): void => {
          // Whether it was taken or not: what is in a row has to be something that was handed in.
          record.versionsOfDrafts.push({ draft, agent: program.name, body, at: clock.now() });
          ask(program, 'POST', '/v1/version', { revises: draft, body });
        };
        const body = `Another version of draft ${draft} (${reason ?? ''})`;
        hand(body);
        options.trace(`${program.name} handed in another version of draft ${draft}`);
        if (random.chance(0.15)) hand(random.chance(0.5) ? body : `${body}, once more`);
      }
    },
    askOwner(program, onEnd) {
      const asked = ask(program, 'POST', '/v1/ask', {
        text: `Which way, for ${program.name}?`,
        ...(random.chance(0.7) ? { options: ['left', 'right'] } : {}),
        withinMs: random.between(1, 10) * MINUTE_MS,
      });
      const id = Number(asked?.body['id']);
      if (asked === undefined || !Number.isSafeInteger(id)) return onEnd();
      const look = (): void => {
        const answer = ask(program, 'GET', `/v1/answer?id=${id}`);
        if (answer?.body['state'] === 'open') return program.later(20 * SECOND_MS, look);
        if (answer?.body['state'] === 'answered')
          record.asksTold.push({ question: id, answer: String(answer.body['answer']), at: clock.now() });
        onEnd();
      };
      program.later(20 * SECOND_MS, look);
    },
  };
}
