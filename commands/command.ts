import type { Content } from '../src/telegram/outbox.ts';

/** One use of a slash command. */
export interface CommandCall {
  /** What stands behind the command, trimmed. */
  readonly argument: string;
  /** `owner:ID`, `approver:ID` or `viewer:ID`. */
  readonly actor: string;
  readonly now: number;
  /** Where it was said. */
  readonly chatId?: number | undefined;
  /** The topic of that chat; null: the chat itself. */
  readonly topicId?: number | null | undefined;
  /** Key of the message that answers it. */
  readonly replyKey?: string;
  /** True: its owner was asked whether he means it, and said so. */
  readonly confirmed?: boolean;
}

/** A slash command: parse the argument, one call into a room, render. */
export interface Command {
  readonly name: string;
  /** For the command menu; at most 256 characters (Bot API). */
  readonly description: string;
  /**
   * What it would end, start, spend or mute, as a sentence: one that waited through an outage is then asked for once more, since the fleet
   * is another one by now. Undefined: it does no harm late.
   */
  readonly asksAgain?: (argument: string) => string | undefined;
  /** True: the menu of the fleet answers it, and `run` is not called. */
  readonly opensMenu?: (argument: string) => boolean;
  run(call: CommandCall): Content;
}
