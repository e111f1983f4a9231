import type { LoginRow, LoginView } from '../../storage/login-store.ts';
import type { Clock, ProcessExit, RunningProcess } from '../ports.ts';
import { captureSecret } from './login-capture.ts';
import { type LoginLook, readLoginScreen, type Screen, type ScreenView } from './login-screen.ts';
import { decideStep, type LoginFacts } from './login-steps.ts';

/** How often the screen is looked at: what the owner waits for comes within a blink, and an idle login costs next to nothing. */
const LOOK_EVERY_MS = 250;
/** A token that was printed in pieces is whole once the program was silent for so long. */
const WHOLE_MS = 1_000;
/** Between a code and the key that sends it: full-screen programs take both at once for pasted text (facts: agent-clis 5). */
const ENTER_AFTER_MS = 300;
/** What is kept of the output to look for a secret in: the end of it, where a program prints it. */
const MOST_KEPT_CHARS = 256 * 1024;
/** Shorter answers (y, 1, a name) stand in other words as well, and are not taken out of what is read. */
const SHORTEST_TAKEN_OUT = 4;
const LONGEST_LAST_LINE = 300;

/** How a login program ended; a `secret` is what it printed. */
export type ProgramEnd =
  | { readonly kind: 'done'; readonly secret: string | undefined }
  | { readonly kind: 'failed'; readonly reason: string }
  | { readonly kind: 'cancelled' };

/** What a running login program is driven with. */
export interface LoginDrive {
  readonly process: RunningProcess;
  readonly screen: Screen;
  readonly clock: Clock;
  readonly capture: string | undefined;
  readonly scrub: (text: string) => string;
  /** The row as it stands. */
  readonly row: () => LoginRow | undefined;
  /** The owner's answer, once. */
  readonly answer: () => string | undefined;
  readonly show: (row: LoginRow, view: LoginView, refusal: string | undefined) => Promise<void>;
  /** Resolves when everything stops. */
  readonly stopped: Promise<void>;
}

/** A login program as it is driven. */
export interface LoginProgram {
  /** Takes what it printed. */
  onOutput(chunk: Uint8Array): void;
  /** Resolves with its end, or undefined when everything stops before; the program may still run then. */
  drive(drive: LoginDrive): Promise<ProgramEnd | undefined>;
}

/**
 * Drives one login program by its screen.
 *
 * Each look, a few times a second: 1. ends what is to be cancelled; 2. types what the owner answered; 3. reads the screen, and takes the
 * secret from it; 4. does what `decideStep` says: shows a link or a question, presses Enter, or gives up.
 */
export function createLoginProgram(clock: Clock): LoginProgram {
  const decoder = new TextDecoder();
  const startedAt = clock.monotonic();
  const early: Uint8Array[] = [];
  let screen: Screen | undefined;
  let kept = '';
  let printedBytes = 0;
  let lastOutputAt = startedAt;

  function onOutput(chunk: Uint8Array): void {
    printedBytes += chunk.byteLength;
    lastOutputAt = clock.monotonic();
    kept = (kept + decoder.decode(chunk, { stream: true })).slice(-MOST_KEPT_CHARS);
    // Only an ending program prints more than `decideStep` bears; its memory is not ours.
    if (printedBytes > 4 * MOST_KEPT_CHARS * 10) return;
    if (screen === undefined) early.push(Uint8Array.from(chunk));
    else screen.write(Uint8Array.from(chunk));
  }

  async function drive(given: LoginDrive): Promise<ProgramEnd | undefined> {
    screen = given.screen;
    for (const chunk of early.splice(0)) screen.write(chunk);
    const { process } = given;
    const typed: string[] = [];
    let facts: Pick<LoginFacts, 'answers' | 'enters' | 'refusals' | 'typed' | 'wasGone' | 'refusal'> = {
      answers: 0,
      enters: 0,
      refusals: 0,
      typed: undefined,
      wasGone: false,
      refusal: undefined,
    };
    let exit: ProcessExit | undefined;
    void process.exit.then((end) => {
      exit = end;
    });

    /** The screen without what was typed in, which programs echo; and, as its look has it, without the secret that it may already show. */
    async function read(): Promise<ScreenView & { readonly look: LoginLook }> {
      const view = await given.screen.read();
      const text = given.scrub(withoutCaptured(withoutTyped(view.text)));
      return { ...view, text: withoutTyped(view.text), look: readLoginScreen({ text, links: view.links }) };
    }

    function withoutTyped(text: string): string {
      return typed.reduce((rest, word) => (word.length < SHORTEST_TAKEN_OUT ? rest : rest.replaceAll(word, '')), text);
    }

    /** What is shown to the owner becomes rows, and a secret is kept only once it is whole. */
    function withoutCaptured(text: string): string {
      return given.capture === undefined ? text : text.replace(new RegExp(given.capture, 'g'), '[secret]');
    }

    function secretIn(text: string): string | undefined {
      return given.capture === undefined ? undefined : captureSecret(given.capture, text, withoutTyped(kept));
    }

    async function type(answer: string): Promise<void> {
      typed.push(answer);
      process.write(answer);
      await pause(ENTER_AFTER_MS);
      // What it complained of before is mostly gone as soon as somebody types: the same words afterwards are new ones.
      const { look } = await read();
      facts = { ...facts, answers: facts.answers + 1, typed: look, wasGone: false, refusal: undefined };
      process.write('\r');
      lastOutputAt = clock.monotonic();
    }

    async function pause(ms: number): Promise<void> {
      let cancel = (): void => {};
      const timer = new Promise<void>((resolve) => {
        cancel = clock.after(ms, resolve);
      });
      await Promise.race([timer, process.exit, given.stopped]);
      cancel();
    }

    let isStopped = false;
    void given.stopped.then(() => {
      isStopped = true;
    });
    for (;;) {
      await pause(LOOK_EVERY_MS);
      if (isStopped) return undefined;
      const row = given.row();
      if (row?.cancelWantedAt !== null) return { kind: 'cancelled' };
      if (exit !== undefined) {
        const { text, look } = await read();
        return judge(exit, look, text, secretIn(text), given);
      }
      const answer = row.stage === 'typed' ? given.answer() : undefined;
      if (answer !== undefined) {
        await type(answer);
        continue;
      }
      const { text, look } = await read();
      const quietMs = clock.monotonic() - lastOutputAt;
      const secret = quietMs >= WHOLE_MS ? secretIn(text) : undefined;
      if (secret !== undefined) return { kind: 'done', secret };
      const isGone = facts.typed !== undefined && look.question === undefined;
      facts = { ...facts, wasGone: facts.wasGone || isGone };
      const runningMs = clock.monotonic() - startedAt;
      const step = decideStep(look, { ...facts, runningMs, quietMs, printedBytes });
      switch (step.kind) {
        case 'wait':
          break;
        case 'end':
          return { kind: 'failed', reason: step.reason };
        case 'enter':
          facts = {
            ...facts,
            enters: facts.enters + 1,
            ...(step.refusal === undefined ? {} : { refusal: step.refusal, refusals: facts.refusals + 1 }),
          };
          process.write('\r');
          lastOutputAt = clock.monotonic();
          break;
        case 'show': {
          const wasCounted = facts.refusal !== undefined;
          const isAgain = facts.typed !== undefined;
          const refusals = step.isRefused === true && !wasCounted ? facts.refusals + 1 : facts.refusals;
          if (!isAgain && isShown(row, step.view)) break;
          facts = { ...facts, refusals, typed: undefined, wasGone: false, refusal: undefined };
          await given.show(row, step.view, refusalWords(step.isRefused === true, step.refusal));
        }
      }
    }
  }

  return { onOutput, drive };
}

function isShown(row: LoginRow, view: LoginView): boolean {
  return (
    row.stage === view.stage &&
    row.link === view.link &&
    row.userCode === view.userCode &&
    row.question === view.question
  );
}

function refusalWords(isRefused: boolean, problem: string | undefined): string | undefined {
  if (!isRefused) return undefined;
  return problem === undefined ? 'That was not accepted: it asks again.' : `That was not accepted: ${problem}`;
}

function judge(
  exit: ProcessExit,
  look: LoginLook,
  text: string,
  secret: string | undefined,
  { capture, scrub }: LoginDrive,
): ProgramEnd {
  if (secret !== undefined) return { kind: 'done', secret };
  if (exit.kind === 'not-started') return { kind: 'failed', reason: exit.reason };
  if (exit.kind === 'exited' && exit.code === 0)
    return capture === undefined
      ? { kind: 'done', secret: undefined }
      : {
          kind: 'failed',
          reason: 'it ended well, but printed no token of the expected form (`capture` in fleet.yaml)',
        };
  const last =
    text
      .split('\n')
      .findLast((line) => line.trim() !== '')
      ?.trim() ?? '';
  const said = look.problem ?? scrub(last).slice(0, LONGEST_LAST_LINE);
  const how = exit.kind === 'exited' ? `it ended with exit ${exit.code}` : `it was ended by ${exit.signal}`;
  return { kind: 'failed', reason: said === '' ? `${how}, and said nothing` : `${how}: ${said}` };
}
