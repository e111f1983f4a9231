import { createHmac, timingSafeEqual } from 'node:crypto';

/** What a button can ask for; the list is closed, and short, since 64 bytes is all that a button carries. */
export const VERBS = [
  'approve',
  'edit',
  'reject',
  'live',
  'again',
  'reauth',
  'ack',
  'pause',
  'resume',
  'log',
  'show',
  'choose',
  'silence',
  'restart',
  'cancel',
  'undo',
  'snooze',
  'revise',
  'review',
  'next',
  'batch',
  'batchyes',
  'raise',
  'raiseyes',
  'workstate',
  'confirm',
  'drop',
  'panel',
  'run',
  'stop',
  'status',
  'incidents',
  'checklist',
  'mend',
  'leave',
] as const;
export type Verb = (typeof VERBS)[number];

/** What a pressed button says: do this to that row, as it was in that revision. */
export interface Press {
  readonly verb: Verb;
  readonly id: number;
  readonly revision: number;
  /** Which of several things: minutes to snooze, which list; a whole number from 0. */
  readonly choice?: number;
}

/** Makes and reads the data of buttons. */
export interface CallbackData {
  /** `verb:id:revision:mac`, or `verb:id:revision:choice:mac`, at most 64 bytes; `binding` is what the button is bound to besides, e.g. the hash of a text. */
  sign(press: Press, binding: string): string;
  /** Reads the data without judging it; undefined when it is not of our form. */
  read(data: string): (Press & { readonly mac: string }) | undefined;
  /** Whether the button was made by us for exactly this row and binding. */
  verify(press: Press & { readonly mac: string }, binding: string): boolean;
}

/** Builds the signer. The row is the real guard; the MAC keeps out what no card of ours ever carried. */
export function createCallbackData(key: string): CallbackData {
  function mac(press: Press, binding: string): string {
    return createHmac('sha256', key)
      .update(
        `${press.verb}:${press.id}:${press.revision}:${press.choice === undefined ? '' : `${press.choice}:`}${binding}`,
      )
      .digest()
      .subarray(0, 8)
      .toString('base64url');
  }
  return {
    sign(press, binding) {
      const choice = press.choice === undefined ? '' : `:${press.choice.toString(36)}`;
      return `${press.verb}:${press.id}:${press.revision.toString(36)}${choice}:${mac(press, binding)}`;
    },
    read(data) {
      const match = /^([a-z]+):(\d{1,15}):([0-9a-z]{1,8})(?::([0-9a-z]{1,6}))?:([\w-]{11})$/.exec(data);
      if (match === null) return undefined;
      const verb = VERBS.find((known) => known === match[1]);
      return verb === undefined
        ? undefined
        : {
            verb,
            id: Number(match[2]),
            revision: Number.parseInt(match[3] ?? '', 36),
            ...(match[4] === undefined ? {} : { choice: Number.parseInt(match[4], 36) }),
            mac: match[5] ?? '',
          };
    },
    verify(press, binding) {
      return timingSafeEqual(Buffer.from(mac(press, binding)), Buffer.from(press.mac));
    },
  };
}
