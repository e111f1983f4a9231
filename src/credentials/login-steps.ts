import type { LoginView } from '../../storage/login-store.ts';
import type { LoginLook } from './login-screen.ts';

/** A login that takes longer is over: its link has expired, or its owner is asleep. */
export const LOGIN_LIMIT_MS = 10 * 60_000;
/** A program that says nothing for so long, and asks nothing, does nothing. */
const SILENCE_MS = 60_000;
/** A prompt that says so is one as soon as the program has finished drawing; anything else that ends like one has to stand for a while. */
const DRAWN_MS = 400;
const PROMPT_MS = 1_500;
/** What was typed in and neither answered nor asked for again: the program waits on the same line. */
const STILL_ASKING_MS = 20_000;
/** A code that was wrong so often is not mistyped: its link is used up. */
const MOST_REFUSALS = 3;
/** Enter is pressed for the owner where a program wants nothing else: to retry, or to open a browser that is not there. */
const MOST_ENTERS = 4;
/** Name, password, second factor, and mistakes: a program that asks more is going round in circles. */
const MOST_ANSWERS = 10;
/** All that a login prints, redrawn at every key, is kilobytes. */
const MOST_PRINTED_BYTES = 8 * 1024 * 1024;

/** What is known of a login program besides its screen. */
export interface LoginFacts {
  readonly runningMs: number;
  /** Since its last output, or since its start. */
  readonly quietMs: number;
  readonly printedBytes: number;
  readonly answers: number;
  readonly enters: number;
  readonly refusals: number;
  /** How the screen was when the last answer was typed in; undefined while none waits for its effect. */
  readonly typed: Pick<LoginLook, 'asked' | 'problem' | 'question'> | undefined;
  /** Since then its question was gone from the screen. */
  readonly wasGone: boolean;
  /** What the program said was wrong, before Enter was pressed to ask again. */
  readonly refusal: string | undefined;
}

/** What to do about a login program now. */
export type LoginStep =
  /** Let the owner see this; `refusal` is what was wrong with his last answer. */
  | { readonly kind: 'show'; readonly view: LoginView; readonly refusal?: string; readonly isRefused?: true }
  | { readonly kind: 'enter'; readonly refusal?: string }
  | { readonly kind: 'end'; readonly reason: string }
  | { readonly kind: 'wait' };

/** Decides what follows from a login program's screen. */
export function decideStep(look: LoginLook, facts: LoginFacts): LoginStep {
  if (facts.runningMs >= LOGIN_LIMIT_MS) return end('it was not done within 10 minutes');
  if (facts.printedBytes > MOST_PRINTED_BYTES) return end('it printed megabytes, which no login does');
  if (facts.answers >= MOST_ANSWERS) return end('it asks again and again');
  if (look.wantsEnter && facts.quietMs >= DRAWN_MS) return pressEnter(look, facts);
  return facts.typed === undefined ? present(look, facts) : afterTyping(look, { ...facts, typed: facts.typed });
}

function pressEnter(look: LoginLook, facts: LoginFacts): LoginStep {
  if (facts.enters >= MOST_ENTERS || facts.refusals >= MOST_REFUSALS)
    return end(look.problem ?? 'it asks for Enter again and again');
  if (facts.typed === undefined) return { kind: 'enter' };
  return { kind: 'enter', refusal: look.problem ?? 'it wants to try again' };
}

/** Before anything was typed in, or after the owner was asked again. */
function present(look: LoginLook, facts: LoginFacts): LoginStep {
  if (isAsking(look, facts)) return { kind: 'show', view: viewOf(look, 'asking') };
  if (look.link !== undefined || look.userCode !== undefined) return { kind: 'show', view: viewOf(look, 'waiting') };
  if (facts.quietMs < SILENCE_MS) return { kind: 'wait' };
  return end(
    facts.printedBytes === 0
      ? 'it printed nothing for a minute'
      : `it shows neither a link nor a question${look.problem === undefined ? '' : `, but: ${look.problem}`}`,
  );
}

/** Whether the answer was taken, refused, or followed by another question. */
function afterTyping(
  look: LoginLook,
  facts: LoginFacts & { readonly typed: NonNullable<LoginFacts['typed']> },
): LoginStep {
  const { typed } = facts;
  if (!isAsking(look, facts))
    return facts.quietMs >= SILENCE_MS ? end('it said nothing more about what was typed in') : { kind: 'wait' };
  const problem = facts.refusal ?? (look.problem === typed.problem ? undefined : look.problem);
  const isNew = facts.wasGone || look.asked > typed.asked || look.question !== typed.question;
  if (problem === undefined && !isNew && facts.quietMs < STILL_ASKING_MS) return { kind: 'wait' };
  const view = viewOf(look, 'asking');
  if (problem === undefined && look.question !== typed.question) return { kind: 'show', view };
  if (facts.refusals >= MOST_REFUSALS || (facts.refusal === undefined && facts.refusals + 1 >= MOST_REFUSALS))
    return end(`what you sent was not accepted ${MOST_REFUSALS} times${problem === undefined ? '' : `: ${problem}`}`);
  return { kind: 'show', view, isRefused: true, ...(problem === undefined ? {} : { refusal: problem }) };
}

function isAsking(look: LoginLook, { quietMs }: LoginFacts): boolean {
  return look.question !== undefined && quietMs >= (look.isPlain ? DRAWN_MS : PROMPT_MS);
}

function viewOf(look: LoginLook, stage: LoginView['stage']): LoginView {
  return {
    stage,
    link: look.link ?? null,
    userCode: look.userCode ?? null,
    // The question is its first line, for whoever reads it.
    question: stage === 'asking' && look.question !== undefined ? [look.question, ...look.options].join('\n') : null,
  };
}

function end(reason: string): LoginStep {
  return { kind: 'end', reason };
}
