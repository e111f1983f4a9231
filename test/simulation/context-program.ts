import type { Agent } from '../../src/config/fleet.ts';
import { MINUTE_MS, SECOND_MS } from './fleets.ts';
import type { Program } from './machine.ts';
import type { ProgramTools, ScriptOptions } from './program-tools.ts';
import { readPrompt } from './task-program.ts';
import { leaptBetween } from './promise.ts';
import type { Workdirs } from './workdirs.ts';

/** The context of one session, as its CLI fills it. */
export interface Context {
  /** Tokens that the next message tells. */
  fillOn(): number;
  /** Its CLI makes room by itself. */
  compact(): void;
  /** The model works on: whoever has nothing left to do it with must not. */
  works(): void;
  /** Reads a message that was put in while it works. */
  hear(text: string): void;
  /** Whether it was told to end its turn, and means to. */
  isEnding(): boolean;
}

/** What contexts there are. */
export interface ContextScripts {
  open(program: Program, agent: Agent): Context;
}

/** What a model with a window of a million can use before its CLI compacts. */
const USABLE_TOKENS = 967_000;
/** A lease for writing lasts so long. */
const LEASE_MS = 5 * MINUTE_MS;
const MOST_AT_ONCE = 2;
/** A WORKSTATE.md must not be larger than 256 KiB. */
const HUGE = 300_000;

/** Builds the scripts. */
export function createContextScripts(
  options: ScriptOptions & { readonly workdirs: Workdirs },
  { ask }: Pick<ProgramTools, 'ask'>,
): ContextScripts {
  const { clock, random, record, workdirs } = options;
  const { work } = record;
  const flushing = new Set<{ readonly run: number; readonly at: number; readonly isOpen: () => boolean }>();
  /** What each agent wrote last that was taken. */
  const written = new Map<string, string>();
  let texts = 0;

  function makeText(name: string): string {
    texts += 1;
    return `# Active Tasks\n\n${name} is at step ${texts}.\n\n# Critical Context\n\nNumber ${texts} must not be forgotten.\n\n# Next\n\nStep ${texts + 1}.\n`;
  }

  function noteContinuation(program: Program): void {
    const given = readPrompt(program.request.stdin ?? '');
    if (!given.includes('# You go on with work that was begun')) return;
    const { run = 0, name } = program;
    work.continuations.push({ run, agent: name, given, written: written.get(name) });
    options.trace(`${name} goes on in a fresh session`);
  }

  function noteCrowd(run: number, isOpen: () => boolean): void {
    const now = clock.now();
    for (const one of flushing)
      if (!one.isOpen() || now - one.at + leaptBetween(record, one.at, now) >= LEASE_MS) flushing.delete(one);
    flushing.add({ run, at: now, isOpen });
    if (flushing.size > MOST_AT_ONCE) work.crowds.push({ at: now, runs: [...flushing].map((one) => one.run) });
  }

  return {
    open(program, agent) {
      noteContinuation(program);
      const calm = options.isCalm();
      const draw = calm ? 0 : random.fraction();
      const leapsAt = draw > 0.92 ? random.between(1, 4) : 0;
      const isFilling = draw > 0.65;
      let percent = random.between(2, 10);
      let turns = 0;
      let isEnding = false;
      let hasWritten = false;
      let spent: { readonly entry: (typeof work.spent)[number]; readonly since: number } | undefined;

      function spend(why: string): void {
        const entry = { run: program.run ?? 0, agent: agent.name, why, wentOnMs: 0 };
        work.spent.push(entry);
        spent = { entry, since: clock.machine.monotonic() };
        options.trace(`the session of ${agent.name} is spent: ${why}`);
      }

      function submit(text: string): void {
        const status = ask(program, 'POST', '/v1/checkpoint', { text })?.status;
        if (status !== 200 && status !== 201) return;
        hasWritten = true;
        written.set(agent.name, text);
      }

      /** As it was told to, or as agents are. */
      function write(isSecondTry: boolean): void {
        const how = options.isCalm() || isSecondTry ? 0 : random.fraction();
        const text = makeText(agent.name);
        const { workdir } = agent;
        if (how < 0.45) submit(text);
        else if (how < 0.65) {
          workdirs.put(workdir, text);
          written.delete(agent.name);
          hasWritten = true;
        } else if (how < 0.72) workdirs.put(workdir, '');
        else if (how < 0.78) workdirs.put(workdir, 'x'.repeat(HUGE));
        else if (how < 0.82) workdirs.put(workdir, Buffer.from([0, 159, 146, 150]));
        else if (how < 0.86) workdirs.put(workdir, [...written.values()][0] ?? 'no headings');
        else if (how < 0.9) submit('');
        // And some write nothing.
      }

      return {
        fillOn() {
          turns += 1;
          percent +=
            turns === leapsAt ? random.between(60, 90) : isFilling ? random.between(8, 25) : random.between(1, 5);
          percent = Math.min(percent, 99);
          if (percent >= agent.context.stopPercent && spent === undefined && program.host.isAlive)
            spend(`${percent} % full`);
          return Math.round((percent / 100) * USABLE_TOKENS);
        },
        compact() {
          percent = 20;
          if (spent === undefined && program.host.isAlive) spend('its CLI compacted it');
        },
        works() {
          if (spent === undefined || !program.host.isAlive || record.upSince === undefined) return;
          const sinceMs = clock.machine.monotonic() - spent.since;
          // Whoever was away, or could write nothing, could end nothing.
          if (clock.now() - record.upSince >= sinceMs) spent.entry.wentOnMs = sinceMs;
        },
        hear(text) {
          if (text.includes('Until then the version before')) {
            if (random.chance(0.6)) program.later(random.between(1, 20) * SECOND_MS, () => write(true));
            return;
          }
          if (!text.startsWith('Nightdesk: your')) return;
          work.flushes += 1;
          options.trace(`${agent.name} hears: ${text.slice(0, 60)}`);
          const isForContext = text.startsWith('Nightdesk: your context');
          if (isForContext) {
            hasWritten = false;
            noteCrowd(
              program.run ?? 0,
              () => program.isAlive && program.host.isAlive && !program.isAsked && !hasWritten,
            );
          }
          isEnding = !text.includes('wants to read') && random.chance(0.7);
          program.later(random.between(1, options.isCalm() ? 10 : 40) * SECOND_MS, () => write(false));
        },
        isEnding: () => isEnding,
      };
    },
  };
}
