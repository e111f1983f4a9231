/** Presses of buttons, from the tap until the bot answers or Telegram gives up. */
import { badRequest } from './bot-error.ts';
import { pressLifetimeMs } from './update-queue.ts';

/** What the person who pressed sees of it. */
export interface PressAnswer {
  readonly answered: boolean;
  readonly text?: string;
  readonly showAlert?: boolean;
}

/** A press that is over: which message, who pressed, and what he saw. */
export interface EndedPress {
  readonly messageId: number;
  readonly from: number;
  readonly answer: PressAnswer;
}

/** The presses of a sandbox. */
export interface CallbackQueries {
  /** Registers a press; `answer` settles once and never rejects. */
  open(messageId: number, from: number): { readonly id: string; readonly answer: Promise<PressAnswer> };
  /** Takes the bot's answer; throws a BotApiRefusal when the press is unknown, answered or too old. */
  answer(id: string, text: string | undefined, showAlert: boolean): void;
  onEnd(listener: (press: EndedPress) => void): void;
  close(): void;
}

interface OpenPress {
  readonly messageId: number;
  readonly from: number;
  readonly openedAt: number;
  settle(answer: PressAnswer): void;
}

/** How often open presses are held against `now`, which a test may move at will; real milliseconds. */
const expiryCheckMs = 50;

/** Creates the presses of a sandbox; `now` decides when one is too old. */
export function createCallbackQueries(now: () => number): CallbackQueries {
  const open = new Map<string, OpenPress>();
  const listeners: ((press: EndedPress) => void)[] = [];
  let lastId = 0;
  let timer: NodeJS.Timeout | undefined;

  function end(id: string, press: OpenPress, answer: PressAnswer): void {
    open.delete(id);
    if (open.size === 0) {
      clearInterval(timer);
      timer = undefined;
    }
    press.settle(answer);
    for (const listener of listeners) listener({ messageId: press.messageId, from: press.from, answer });
  }

  function expire(): void {
    for (const [id, press] of open) {
      if (now() - press.openedAt >= pressLifetimeMs) end(id, press, { answered: false });
    }
  }

  return {
    open(messageId, from) {
      lastId += 1;
      const id = `${now()}${String(lastId).padStart(6, '0')}`;
      const { promise, resolve } = Promise.withResolvers<PressAnswer>();
      open.set(id, { messageId, from, openedAt: now(), settle: resolve });
      timer ??= setInterval(expire, expiryCheckMs).unref();
      return { id, answer: promise };
    },
    answer(id, text, showAlert) {
      expire();
      const press = open.get(id);
      if (press === undefined) {
        throw badRequest('query is too old and response timeout expired or query ID is invalid');
      }
      end(id, press, { answered: true, ...(text === undefined || text === '' ? {} : { text }), showAlert });
    },
    onEnd(listener) {
      listeners.push(listener);
    },
    close() {
      for (const [id, press] of open) end(id, press, { answered: false });
    },
  };
}
