import type { NewQuestion, QuestionRow, QuestionState } from '../../storage/question-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import type { Clock } from '../ports.ts';
import type { Permission } from '../runtimes/runtime.ts';
import { whoWords } from '../drafts/who.ts';
import type { CallbackData } from '../telegram/callback-data.ts';
import { questionCardKey, renderQuestionCard } from '../telegram/cards/question-card.ts';
import type { Outbox } from '../telegram/outbox.ts';
import { mayDo, personId, refusalWords, roleOfActor } from '../people.ts';
import {
  type Choice,
  decideAnswer,
  decideDelivery,
  describeFate,
  LONGEST_DETAIL,
  isUnsaid,
  NOBODY,
  PERMISSIONS,
  permissionWords,
  QUESTION_TRANSITIONS,
  type QuestionEvent,
  readOptions,
} from './question.ts';

/** Questions of one run that may be open at once: an agent that asks more does not wait for answers. */
const MOST_OPEN_ASKS = 8;
/** Questions that one run may ask in all: each of them buzzes in a pocket. */
const MOST_ASKS = 100;
/** Permissions of one run that may be open at once; a CLI asks for a few tools side by side, never for dozens. */
const MOST_OPEN_PERMISSIONS = 20;
/** What a permission waits where fleet.yaml no longer knows the agent. */
const DEFAULT_WITHIN_MS = 15 * 60_000;

/** A question of an agent. */
export interface NewAsk {
  readonly text: string;
  readonly options: readonly string[];
  readonly withinMs: number;
  /** The agent's own name for it: the same key in the same run is the same question. */
  readonly key?: string;
}

/** How a question of an agent stands, for the agent. */
export type Look =
  | { readonly kind: 'open' }
  | { readonly kind: 'answered'; readonly answer: string }
  /** Nobody answered in time, or the run is over. */
  | { readonly kind: 'expired' }
  | { readonly kind: 'unknown' };

/** A settled permission that its CLI has not been told of. */
export interface Undelivered {
  readonly id: number;
  /** As the CLI named it. */
  readonly request: string;
  readonly permission: Permission;
  /** For the agent to read. */
  readonly reason: string;
}

/** What came of an answer: it took effect, or it did not, in words for who gave it. */
export interface AnswerResult {
  readonly kind: 'done' | 'late' | 'unfit';
  readonly said: string;
}

/** The questions that runs put to their owner: rows, cards, answers. Every call is one transaction. */
export interface Questions {
  /** Asks for an agent; the same key, or the same words while they are open, is the same question. */
  ask(
    run: { readonly run: number; readonly agent: string },
    ask: NewAsk,
  ):
    | { readonly kind: 'asked'; readonly id: number; readonly key: string }
    | { readonly kind: 'refused'; readonly reason: string };
  /** How a question of this run stands; `unknown` is one that this run has not asked. */
  look(run: { readonly run: number }, id: number): Look;
  /** Asks for a CLI whether it may do something; the same request again is the same question. */
  permission(
    run: { readonly id: number; readonly agent: string },
    permission: {
      readonly request: string;
      readonly tool: string;
      /** What it wants to run, in full. */
      readonly detail: string;
      /** What an answer for the whole run covers. */
      readonly forRun: string;
    },
  ): void;
  answer(id: number, choice: Choice, actor: string): AnswerResult;
  /** Ends what nobody answered in time; gives the next deadline. */
  expireDue(now: number): number | undefined;
  /** Takes back what a run that is over still asks, or one permission that its CLI has no use for any more. */
  withdraw(runId: number, request?: string): void;
  undelivered(runId: number): readonly Undelivered[];
  delivered(id: number): void;
  /** Makes the card show the question as it stands, after something else than an answer changed it. */
  showAnew(id: number): void;
}

/** Builds the room of questions. */
export function createQuestions(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly outbox: Outbox;
  readonly callbackData: CallbackData;
  readonly scrub: (text: string) => string;
}): Questions {
  const { fleet, storage, clock, outbox, scrub } = options;

  function render(question: QuestionRow) {
    const { answeredBy } = question;
    // That nobody was asked, because Nightdesk decided, is always said.
    const isPerson = answeredBy !== null && personId(answeredBy) !== undefined;
    const who = isPerson ? whoWords({ fleet, storage }, answeredBy) : ` by ${answeredBy ?? 'nobody'}`;
    const setting = { timezone: fleet.timezone, now: clock.now(), callbackData: options.callbackData, who };
    return renderQuestionCard(question, readOptions(question), setting);
  }

  function add(question: NewQuestion): QuestionRow {
    const row = storage.questions.get(storage.questions.add(question));
    if (row === undefined) throw new Error('a question vanished');
    record(row, 'asked', `agent:${row.agent}`, row.text);
    return row;
  }

  function showCard(question: QuestionRow): void {
    const place = fleet.agents.get(question.agent)?.place;
    outbox.send({ key: questionCardKey(question.id), class: 'card', content: render(question), place });
  }

  function record(question: QuestionRow, event: string, actor: string, detail: string | null): void {
    storage.journal.add({ at: clock.now(), subject: `question:${question.id}`, event, actor, detail });
  }

  /** Moves a question on if its state allows that event; false when somebody or something was first. */
  function settle(
    question: QuestionRow,
    event: QuestionEvent,
    by: { readonly answer: string | null; readonly actor: string | null },
  ): boolean {
    const allowed: Partial<Record<QuestionEvent, Exclude<QuestionState, 'open'>>> =
      QUESTION_TRANSITIONS[question.state];
    const state = allowed[event];
    if (state === undefined) return false;
    const end = { state, answer: by.answer, by: by.actor, at: clock.now() };
    if (!storage.questions.settle(question.id, end)) return false;
    const settled = storage.questions.get(question.id);
    record(question, state, by.actor ?? NOBODY, by.answer);
    if (settled === undefined) return true;
    if (event === 'withdraw') outbox.takeBack(questionCardKey(question.id), render(settled));
    else outbox.edit(questionCardKey(question.id), render(settled));
    return true;
  }

  function expire(question: QuestionRow): void {
    settle(question, 'expire', { answer: null, actor: null });
  }

  /** The agent's key, or the first free one of ours. */
  function requestFor(run: number, key: string | undefined, asked: number): string {
    if (key !== undefined) return `key:${key}`;
    for (let number = asked + 1; ; number += 1) {
      const request = `key:ask-${number}`;
      if (storage.questions.byRequest(run, request) === undefined) return request;
    }
  }

  return {
    ask: (run, ask) =>
      storage.transaction(() => {
        const now = clock.now();
        // Whoever asks is alive.
        storage.runs.beat(run.run, now, null);
        const text = printable(scrub(ask.text));
        const offered = JSON.stringify(ask.options.map((option) => printable(scrub(option))));
        const existing =
          ask.key === undefined
            ? storage.questions.openAlike(run.run, text, offered)
            : storage.questions.byRequest(run.run, `key:${ask.key}`);
        if (existing !== undefined) return { kind: 'asked', id: existing.id, key: keyOf(existing) };
        const { asked, open } = storage.questions.countsOf(run.run, 'ask');
        if (open >= MOST_OPEN_ASKS)
          return { kind: 'refused', reason: `${open} questions of this run wait for an answer already` };
        if (asked >= MOST_ASKS)
          return { kind: 'refused', reason: `this run has asked ${asked} questions: decide for yourself from here on` };
        const question = add({
          runId: run.run,
          agent: run.agent,
          kind: 'ask',
          request: requestFor(run.run, ask.key, asked),
          tool: null,
          text,
          forRun: null,
          options: offered,
          askedAt: now,
          expiresAt: now + ask.withinMs,
        });
        showCard(question);
        return { kind: 'asked', id: question.id, key: keyOf(question) };
      }),

    look(run, id) {
      const question = storage.questions.get(id);
      if (question?.kind !== 'ask' || question.runId !== run.run) return { kind: 'unknown' };
      switch (question.state) {
        case 'open':
          return { kind: 'open' };
        case 'answered':
          return { kind: 'answered', answer: question.answer ?? '' };
        default:
          return { kind: 'expired' };
      }
    },

    showAnew: (id) =>
      storage.transaction(() => {
        const question = storage.questions.get(id);
        if (question !== undefined) outbox.edit(questionCardKey(id), render(question));
      }),

    permission: (run, permission) =>
      storage.transaction(() => {
        const request = `${PERMISSION_PREFIX}${permission.request}`;
        if (storage.questions.byRequest(run.id, request) !== undefined) return;
        const now = clock.now();
        const { open } = storage.questions.countsOf(run.id, 'permission');
        const detail = scrub(permission.detail);
        const isTooLong = detail.length > LONGEST_DETAIL;
        const cut = `${detail.slice(0, LONGEST_DETAIL)}\n… cut here: it has ${detail.length} characters`;
        const question = add({
          runId: run.id,
          agent: run.agent,
          kind: 'permission',
          request,
          tool: scrub(permission.tool),
          text: (isTooLong ? cut : detail).toWellFormed(),
          forRun: scrub(permission.forRun),
          options: JSON.stringify(PERMISSIONS),
          askedAt: now,
          expiresAt: now + (fleet.agents.get(run.agent)?.permissions.withinMs ?? DEFAULT_WITHIN_MS),
        });
        if (open < MOST_OPEN_PERMISSIONS) showCard(question);
        if (open >= MOST_OPEN_PERMISSIONS || isTooLong || isUnsaid(detail))
          settle(question, 'answer', { answer: 'deny', actor: NOBODY });
      }),

    answer: (id, choice, actor) =>
      storage.transaction(() => {
        const question = storage.questions.get(id);
        if (question === undefined) return { kind: 'late', said: describeFate(question) };
        // A permission lets an agent act: that is not for those who decide what it writes.
        const least = question.kind === 'permission' ? 'owner' : 'approver';
        if (!mayDo(roleOfActor(actor), least)) return { kind: 'unfit', said: refusalWords(least) };
        // A tap after the deadline, but before the scheduler's look, finds it expired.
        if (question.state === 'open' && question.expiresAt <= clock.now()) expire(question);
        const current = storage.questions.get(id);
        if (current?.state !== 'open') return { kind: 'late', said: describeFate(current) };
        const decision = decideAnswer(current, choice);
        if (decision.kind === 'unfit') return decision;
        if (!settle(current, 'answer', { answer: decision.answer, actor }))
          return { kind: 'late', said: describeFate(storage.questions.get(id)) };
        const said =
          current.kind === 'permission'
            ? `${capital(permissionWords(decision.answer))}.`
            : `${current.agent} reads your answer.`;
        return { kind: 'done', said };
      }),

    expireDue: (now) =>
      storage.transaction(() => {
        for (const question of storage.questions.overdue(now)) expire(question);
        return storage.questions.nextDeadline();
      }),

    withdraw: (runId, request) =>
      storage.transaction(() => {
        const open = storage.questions.openOf(runId);
        const taken = request === undefined ? open : open.filter((one) => one.request === PERMISSION_PREFIX + request);
        for (const question of taken) settle(question, 'withdraw', { answer: null, actor: null });
      }),

    undelivered: (runId) =>
      storage.questions.undelivered(runId).map((question) => ({
        id: question.id,
        request: question.request.slice(PERMISSION_PREFIX.length),
        ...decideDelivery(question),
      })),

    delivered: (id) => storage.transaction(() => storage.questions.delivered(id, clock.now())),
  };
}

/** Keeps the CLI's request ids apart from the keys that agents choose. */
const PERMISSION_PREFIX = 'permission:';

function keyOf(question: QuestionRow): string {
  return question.request.replace(/^key:/, '');
}

/** Control characters, which no phone shows, become visible; as long as before, so that what fitted a message still does. */
function printable(text: string): string {
  return text.replace(/(?![\n\t])\p{Cc}/gu, '\uFFFD').toWellFormed();
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
