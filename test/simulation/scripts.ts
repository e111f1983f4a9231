import { createHash } from 'node:crypto';
import type { Agent } from '../../src/config/fleet.ts';
import type { ProcessExit } from '../../src/ports.ts';
import { createClaudeScripts } from './claude-program.ts';
import { MINUTE_MS, SECOND_MS } from './fleets.ts';
import { type MachineHooks, type Program, UNSETTLED_MS } from './machine.ts';
import type { LoginPages } from './login-pages.ts';
import { createContextScripts } from './context-program.ts';
import { type Assignment, createTaskScripts } from './task-program.ts';
import type { Workdirs } from './workdirs.ts';
import { createProgramTools, EXIT, type ScriptOptions } from './program-tools.ts';
import { createCredentialPrograms } from './credential-programs.ts';
import { playDrawing } from './draw-program.ts';
import { playFallback } from './fallback-program.ts';

/** The scripts, and what a crash takes from them. */
export interface Scripts extends MachineHooks {
  /** What was told a moment ago may have died with the control plane. */
  forgetInstant(): void;
  /** The machine's clock was set: what happened within an hour, by it, is not what happened within an hour. */
  clockWasSet(): void;
  /** The owner has to be asked what became of the drafts that were being published. */
  lostPublishers(lost: readonly Program[]): void;
  /** Who began a session of a CLI. */
  sessionOwner(session: string): string | undefined;
}

/** What comes within this time is alike; a little less than the product's ten minutes. */
const ALIKE_MS = 9 * MINUTE_MS;
/** Plain failures within this time make a crash loop; a little less than the product's hour, so that the count is a lower bound. */
const TALLY_MS = 55 * MINUTE_MS;

/** Builds the scripts that programs play. */
export function createScripts(
  options: ScriptOptions & { readonly pages: LoginPages; readonly workdirs: Workdirs },
): Scripts {
  const { clock, random, record, platform, fleet } = options;
  const tools = createProgramTools(options);
  const tasks = createTaskScripts({ ...options, random: random.fork('tasks') }, tools);
  const contexts = createContextScripts({ ...options, random: random.fork('contexts') }, tools);
  const claude = createClaudeScripts({ ...options, random: random.fork('claude') }, tools, { tasks, contexts });
  const credentials = createCredentialPrograms({ ...options, random: random.fork('credentials') }, tools);
  const { ask, leave, usersOf } = tools;
  /** Plain failures that the control plane was told of, since the agent's last good run. */
  const failures = new Map<string, number[]>();
  const refusals = new Set<number>();
  const odd = new Map<number, string>();
  /** Who failed in odd words of late, by the credential that refused them. */
  const alike = new Map<string, { readonly agent: string; readonly at: number }[]>();

  function playAgent(program: Program, agent: Agent): void {
    const calm = options.isCalm();
    program.isDeaf = !calm && random.chance(0.1);
    if (random.chance(0.3)) program.onTerm = () => leave(program, random.pick([EXIT.done, 143]));
    program.later(random.between(200, 4_000), () => {
      program.print('at work\n');
      if (random.chance(0.3)) ask(program, 'POST', '/v1/beat', { note: 'here' });
      if (random.chance(0.02)) program.print(`using bot ${options.botToken}\n`);
      if (!calm && options.isDying(agent.name)) return leave(program, EXIT.failed);
      for (const credential of agent.credentials) {
        if (!tools.call(program, credential, 'run')) return refused(program, agent, credential);
      }
      const assignment = tasks.claim(program);
      program.later(random.between(1_000, 40_000), () => {
        tasks.handOver(program);
        if (random.chance(0.5)) tools.submitDraft(program, agent);
        if (random.chance(0.4)) tools.readDecisions(program);
        if (random.chance(0.3)) ask(program, 'POST', '/v1/progress', { text: 'got on' });
        if (random.chance(0.03)) tools.askOwner(program, () => finish(program, agent, calm, assignment));
        else finish(program, agent, calm, assignment);
      });
    });
  }

  function refused(program: Program, agent: Agent, credential: string): void {
    const how = random.pick(['loud', 'soft', 'report', 'silent', 'odd'] as const);
    if (how === 'odd') return refusedOddly(program, credential);
    refusals.add(program.pid);
    const certain = agent.credentials.length === 1;
    const told = (): void => {
      if (certain && program.isAlive && program.host.isAlive) platform.told(credential, usersOf(credential));
    };
    switch (how) {
      case 'loud':
        told();
        // What agents print is not to be trusted with secrets: it becomes evidence.
        program.print(
          `AUTH_FAILED: the token of ${credential} expired, bot ${options.botToken} run ${program.request.env['NIGHTDESK_TOKEN']}\n`,
          'stderr',
        );
        return program.later(random.between(10, 3_000), () => leave(program, EXIT.auth));
      case 'soft':
        told();
        program.print('HTTP 401 Unauthorized: token expired; trying again in a minute\n');
        return tryAgain(program, credential, random.between(1, 6));
      case 'report': {
        const alive = usersOf(credential);
        const answer = ask(program, 'POST', '/v1/fail', {
          tool: credential,
          kind: 'auth',
          credential,
          text: `401 from ${credential}`,
        });
        if (answer?.status === 200) platform.told(credential, alive);
        return program.later(random.between(10, 3_000), () => leave(program, random.pick([EXIT.done, EXIT.auth])));
      }
      case 'silent':
        return leave(program, EXIT.auth);
    }
  }

  /** In words that no rule knows: all that is left is that several say the same. */
  function refusedOddly(program: Program, credential: string): void {
    odd.set(program.pid, credential);
    program.print(`the gatekeeper of ${credential} does not care for this handshake\n`, 'stderr');
    program.later(random.between(10, 3_000), () => leave(program, EXIT.failed));
  }

  /** Two agents that fail alike within minutes are one outage, whatever its words. */
  function countOdd(program: Program): void {
    const credential = odd.get(program.pid);
    if (credential === undefined || program.isAsked || options.gateway() === undefined || !options.canNote()) return;
    const now = clock.now();
    const recent = [
      ...(alike.get(credential) ?? []).filter(({ at }) => at > now - ALIKE_MS),
      { agent: program.name, at: now },
    ];
    alike.set(credential, recent);
    if (new Set(recent.map(({ agent }) => agent)).size < 2) return;
    record.duties.push({
      what: `several fail alike, refused by ${credential}`,
      since: now,
      isTold: ({ messages, diskLowSince, memoryLowSince }) =>
        // What follows from something graver is told there.
        diskLowSince !== undefined ||
        memoryLowSince !== undefined ||
        messages.some(
          ({ text, at }) =>
            (/fails? in the same way|failed \d+ times within/.test(text) || text.includes(`${credential} is dead`)) &&
            (/^[🔴⚡]/u.test(text) || at >= recent[0]!.at),
        ),
    });
  }

  /** Mistakes the 401 for a passing trouble. */
  function tryAgain(program: Program, credential: string, tries: number): void {
    program.later(MINUTE_MS, () => {
      if (tools.call(program, credential, 'run') || tries <= 0) return leave(program, EXIT.done);
      program.print('HTTP 401 Unauthorized: token expired; trying again in a minute\n');
      tryAgain(program, credential, tries - 1);
    });
  }

  function finish(program: Program, agent: Agent, calm: boolean, assignment: Assignment | undefined): void {
    const draw = calm ? 0 : random.fraction();
    if (random.chance(0.05))
      options.machine().leaveChild(program, !calm && random.chance(0.15) ? random.between(20, 400) * SECOND_MS : 0);
    program.later(random.between(500, !calm && random.chance(0.1) ? 6 * MINUTE_MS : 30_000), () => {
      if (draw < 0.82) {
        if (assignment !== undefined) tasks.handIn(program, assignment);
        return leave(program, EXIT.done);
      }
      if (draw < 0.9) {
        program.print(`cannot go on: ${agent.name} has a bug\n`, 'stderr');
        return leave(program, EXIT.failed);
      }
      if (draw < 0.93) return program.exit({ kind: 'signalled', signal: 'SIGSEGV' });
      if (draw < 0.96) return leave(program, EXIT.later);
      program.print('thinking'); // and never again: hangs until it is stopped
    });
  }

  function playPublisher(program: Program, agent: Agent): void {
    const calm = options.isCalm();
    const draft = JSON.parse(program.request.stdin ?? '{}') as {
      id: number;
      revision: number;
      hash: string;
      body: string;
    };
    let isOut = false;
    program.isDeaf = !calm && random.chance(0.3);
    program.onTerm = () => (isOut ? leave(program, EXIT.done) : leave(program, EXIT.later));
    const draw = calm ? 0 : random.fraction();
    // Without faults it is quick, or what piled up during them would outlast the hour in which everything has to settle.
    const slowest = calm ? 1_000 : 5_000;
    program.later(random.between(200, slowest), () => {
      for (const credential of agent.credentials) {
        if (tools.call(program, credential, 'run')) continue;
        refusals.add(program.pid);
        if (agent.credentials.length === 1 && program.host.isAlive) platform.told(credential, usersOf(credential));
        program.print('AUTH_FAILED: token expired\n');
        return leave(program, EXIT.auth);
      }
      if (draw > 0.97) return leave(program, EXIT.failed);
      if (draw > 0.94) return leave(program, EXIT.later);
      if (draw > 0.92) return program.exit({ kind: 'signalled', signal: 'SIGSEGV' });
      program.later(random.between(100, draw > 0.7 ? 90_000 : slowest), () => {
        isOut = true;
        platform.publish({
          draft: draft.id,
          revision: draft.revision,
          isHashRight: createHash('sha256').update(draft.body).digest('hex') === draft.hash,
          body: draft.body,
        });
        options.trace(`published draft ${draft.id} revision ${draft.revision}`);
        if (draw > 0.88) return program.exit({ kind: 'signalled', signal: 'SIGSEGV' });
        if (draw > 0.86) return; // hangs
        program.later(random.between(10, slowest), () => {
          program.print(`{"url":"https://platform.example/${draft.id}","id":"p${draft.id}"}\n`);
          leave(program, EXIT.done);
        });
      });
    });
  }

  function countFailure(program: Program, exit: ProcessExit): void {
    // What ends while the control plane is stopping counts as stopped with it.
    if (program.role !== 'agent' || program.isAsked || options.gateway() === undefined || !options.canNote()) return;
    // What a CLI calls a failure is not told by its exit alone.
    if (fleet.agents.get(program.name)?.runtime === 'claude') return;
    const isGood = exit.kind === 'exited' && exit.code === EXIT.done;
    if (refusals.has(program.pid)) return;
    if (isGood) return void failures.delete(program.name);
    const now = clock.now();
    const recent = [...(failures.get(program.name) ?? []).filter((at) => at > now - TALLY_MS), now];
    failures.set(program.name, recent);
    if (recent.length < 6) return;
    const words = new RegExp(`\\b${program.name} failed \\d+ times`);
    record.duties.push({
      what: `${program.name} is in a crash loop`,
      since: now,
      isTold: ({ messages }) =>
        messages.some(
          ({ text, at }) =>
            (words.test(text) && (text.startsWith('🔴') || at >= now)) ||
            // Several that fail alike are one trouble, and nobody is held for it.
            (/fails? in the same way/.test(text) && text.startsWith('🔴') && text.includes(program.name)),
        ),
    });
  }

  function askWhatBecameOf(program: Program): void {
    const { id } = JSON.parse(program.request.stdin ?? '{}') as { id: number };
    const since = clock.now();
    record.duties.push({
      what: `nobody knows whether draft ${id} went out`,
      since,
      isTold: ({ showings }) => showings.some(({ key, at }) => key.startsWith(`draft:${id}:unknown:`) && at >= since),
    });
  }

  return {
    play(program) {
      const token = program.request.env['NIGHTDESK_TOKEN'];
      if (token !== undefined) record.secrets.push(token);
      options.trace(`started ${program.request.argv[0]} pid ${program.pid}`);
      const agent = fleet.agents.get(program.name);
      if (program.role === 'version') return claude.playVersion(program);
      if (program.role === 'probe' && agent !== undefined) return claude.playProbe(program, agent);
      if (program.role === 'agent' && agent?.runtime === 'claude') return claude.playRun(program, agent);
      if (program.role === 'agent' && agent !== undefined) return playAgent(program, agent);
      if (program.role === 'publisher' && agent !== undefined) return playPublisher(program, agent);
      if (program.role === 'check') return credentials.playCheck(program);
      if (program.role === 'rotate') return credentials.playRotation(program);
      if (program.role === 'fallback') return playFallback(program, options);
      if (program.role === 'draw') return playDrawing(program, options);
      return credentials.playLogin(program);
    },
    delivered(program, exit) {
      options.trace(
        `ended ${program.request.argv[0]} pid ${program.pid} ${exit.kind === 'exited' ? exit.code : exit.kind}`,
      );
      countFailure(program, exit);
      countOdd(program);
      const agent = fleet.agents.get(program.name);
      const code = exit.kind === 'exited' ? exit.code : undefined;
      if (program.role === 'publisher' && exit.kind === 'signalled') askWhatBecameOf(program);
      if (program.role === 'login' || program.role === 'rotate') platform.excuse(program.name);
      // What a check says of a new secret is nothing about the one that is in use.
      if (program.role === 'check' && code === EXIT.failed && !options.isTrying(program.name))
        platform.told(program.name, usersOf(program.name));
      if (
        program.role === 'agent' &&
        agent?.runtime === 'command' &&
        code === EXIT.auth &&
        agent.credentials.length === 1
      )
        platform.told(agent.credentials[0] ?? '', usersOf(agent.credentials[0] ?? ''));
    },
    forgetInstant() {
      const now = clock.now();
      for (const [agent, times] of failures)
        failures.set(
          agent,
          times.filter((at) => at <= now - UNSETTLED_MS),
        );
    },
    clockWasSet() {
      failures.clear();
      alike.clear();
    },
    sessionOwner: claude.ownerOf,
    lostPublishers(lost) {
      for (const program of lost) askWhatBecameOf(program);
    },
  };
}
