import type { QuestionRow, QuestionState } from '../../storage/question-store.ts';
import type { Permission } from '../runtimes/runtime.ts';
import { duration, shorten } from '../telegram/cards/words.ts';

export type QuestionEvent = 'answer' | 'expire' | 'withdraw';

/** Where a question may go from each state; whatever is not here cannot happen. */
export const QUESTION_TRANSITIONS = {
  open: { answer: 'answered', expire: 'expired', withdraw: 'withdrawn' },
  answered: {},
  expired: {},
  withdrawn: {},
} as const satisfies Record<QuestionState, Partial<Record<QuestionEvent, QuestionState>>>;

/** What a permission can be answered with, in the order of its buttons. */
export const PERMISSIONS: readonly Permission[] = ['once', 'run', 'deny'];

/** Characters that a person can be asked to read before a yes: 256 of Telegram's longest messages. What is longer is denied unread. */
export const LONGEST_DETAIL = 1024 * 1024;

/** Who answers where no person did. */
export const NOBODY = 'nightdesk';

/** What the owner chose: one of the offered answers, by its index, or words of his own. */
export type Choice =
  | { readonly kind: 'option'; readonly index: number }
  | { readonly kind: 'text'; readonly text: string };

/** What a choice means as an answer; `unfit` says in a sentence why it is none. */
export function decideAnswer(
  question: Pick<QuestionRow, 'kind' | 'options'>,
  choice: Choice,
): { readonly kind: 'answer'; readonly answer: string } | { readonly kind: 'unfit'; readonly said: string } {
  if (choice.kind === 'option') {
    const answer = readOptions(question)[choice.index];
    return answer === undefined ? { kind: 'unfit', said: 'It offers no such answer.' } : { kind: 'answer', answer };
  }
  if (question.kind === 'permission')
    return { kind: 'unfit', said: 'I take no permission from a text: press one of the buttons on its card.' };
  if (choice.text.trim() === '') return { kind: 'unfit', said: 'That is no answer: it is empty.' };
  return { kind: 'answer', answer: choice.text };
}

/** What the CLI is told of a settled permission; whatever nobody allowed is denied. */
export function decideDelivery(question: QuestionRow): { readonly permission: Permission; readonly reason: string } {
  const allowed = PERMISSIONS.find((permission) => question.state === 'answered' && permission === question.answer);
  if (allowed === 'once' || allowed === 'run') return { permission: allowed, reason: 'the owner allowed it' };
  if (question.state === 'answered') {
    return { permission: 'deny', reason: denialReason(question) };
  }
  const waited = duration(question.expiresAt - question.askedAt);
  return { permission: 'deny', reason: `nobody answered within ${waited}, so it counts as denied` };
}

/** Whether a request does not say what it wants: a yes to it would be a yes to anything. */
export function isUnsaid(detail: string): boolean {
  return detail.trim() === '';
}

function denialReason(question: QuestionRow): string {
  if (question.answeredBy !== NOBODY) return 'the owner denied it: do not try the same in another way';
  if (isUnsaid(question.text)) return 'it does not say what it wants to do, so it counts as denied';
  return question.text.length > LONGEST_DETAIL
    ? 'it is too long for a person to read, so it counts as denied'
    : 'too many questions wait for the owner already, so it counts as denied';
}

/** What became of a question, for whoever comes second. */
export function describeFate(question: QuestionRow | undefined): string {
  switch (question?.state) {
    case undefined:
      return 'There is no such question.';
    case 'open':
      return 'It still waits for an answer.';
    case 'answered':
      return question.kind === 'permission'
        ? `It was already decided: ${permissionWords(question.answer)}.`
        : `It was already answered: ${shorten(question.answer ?? '', 150)}`;
    case 'expired':
      return question.kind === 'permission'
        ? 'Its time is over: it was denied, since nobody answered.'
        : 'Its time is over: nobody answered.';
    case 'withdrawn':
      return question.kind === 'permission'
        ? 'Nobody waits for it any more: its run is over, or its CLI took the request back.'
        : 'Its run is over: nobody waits for the answer any more.';
  }
}

/** A permission as a person reads it. */
export function permissionWords(answer: string | null): string {
  switch (answer) {
    case 'once':
      return 'allowed once';
    case 'run':
      return 'allowed for this run';
    default:
      return 'denied';
  }
}

/** The answers that a question offers. */
export function readOptions(question: Pick<QuestionRow, 'options'>): readonly string[] {
  return JSON.parse(question.options) as readonly string[];
}
