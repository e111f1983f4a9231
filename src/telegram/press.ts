import type { Press, Verb } from './callback-data.ts';

/** The longest answer to a press (Bot API). */
export const LONGEST_ANSWER = 200;

/** A button that somebody pressed whom fleet.yaml names. */
export interface PressedButton {
  readonly updateId: number;
  readonly callbackQueryId: string;
  readonly data: string;
  readonly actor: string;
  /** How long nobody had asked Telegram when it came, in ms: it may be that old. */
  readonly awayMs?: number;
  readonly message:
    | { readonly chatId: number; readonly topicId?: number | null; readonly messageId: number }
    | undefined;
}

/** What the bot still has to do after a press: begin a dialogue. */
export type FollowUp =
  | { readonly kind: 'edit' | 'reason' | 'revise'; readonly draftId: number; readonly revision: number }
  | undefined;

/** The pressed message becomes the list of agents: only its menu renders it, once the press is committed. */
export interface ListWanted {
  readonly kind: 'list';
  readonly page: number;
}

/** What a press came to, in words, and what the bot does next. */
export interface Answer {
  readonly text: string;
  /** True: in a window that has to be closed, since the tap did not do what was meant. */
  readonly alert?: boolean;
  readonly followUp?: FollowUp | ListWanted;
}

/** A button as it was read; its MAC is not judged yet. */
export type ReadPress = Press & { readonly mac: string };

/** What a room does with presses of its own verbs, within the transaction of the press. */
export type PressHandlers = Partial<Record<Verb, (press: ReadPress, pressed: PressedButton) => Answer>>;

/** The handlers of these verbs: what a room brings. */
export type HandlersOf<Brought extends Verb> = Required<Pick<PressHandlers, Brought>>;

/** The answer to a button that we did not make, or not for this row. */
export const NOT_OURS: Answer = {
  text: 'I do not know this button: it may be from an older version. Ask for /drafts or /status.',
  alert: true,
};

/** The key of a question says what it asks: a reply to it is understood even when nobody waits for one any more. */
export function askKey({ updateId }: PressedButton, asked: NonNullable<FollowUp>): string {
  return `ask:${updateId}:${askName(asked)}`;
}

/** Names what is asked: the same for the same question asked twice. */
export function askName({ kind, draftId, revision }: NonNullable<FollowUp>): string {
  return `${kind}:${draftId}:r${revision}`;
}

/** Reads what a question had asked; undefined when the message is no such question. */
export function readAskKey(key: string): FollowUp {
  const match = /^ask:\d+:(edit|reason|revise):(\d+):r(\d+)$/.exec(key);
  const kind = (['edit', 'reason', 'revise'] as const).find((known) => known === match?.[1]);
  return match === null || kind === undefined
    ? undefined
    : { kind, draftId: Number(match[2]), revision: Number(match[3]) };
}

/** Reads which draft a message is about, and which text of it where the key says so: a card, a reminder, what a rule or a publisher did. */
export function readDraftKey(
  key: string,
): { readonly draftId: number; readonly revision: number | undefined } | undefined {
  const match = /^(?:draft|reminder|woken|rule):(\d+):(?:r(\d+))?/.exec(key);
  if (match === null) return undefined;
  return { draftId: Number(match[1]), revision: match[2] === undefined ? undefined : Number(match[2]) };
}
