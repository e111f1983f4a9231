import type { MessageClass } from '../../storage/outbox-store.ts';

/** A message as the chat shows it. */
export interface ChatMessage {
  readonly id: number;
  readonly chatId: number;
  readonly at: number;
  text: string;
  buttons: readonly { readonly text: string; readonly data: string | undefined }[];
}

/** One time that a message of the outbox was shown. */
export interface Showing {
  readonly key: string;
  readonly class: MessageClass;
  readonly at: number;
  readonly messageId: number;
  /** False when the answer never came, or came to a control plane that died with it. */
  isKnown: boolean;
}

/** Something that the owner has to be told within a minute of reachable time. */
export interface Duty {
  readonly what: string;
  readonly since: number;
  /** Whether the chat tells it by now. */
  readonly isTold: (record: WorldRecord) => boolean;
}

/** One call to the platform with a credential, as the platform saw it. */
export interface PlatformCall {
  readonly credential: string;
  readonly by: 'run' | 'check';
  readonly pid: number;
  readonly at: number;
  readonly refused: boolean;
  /** False for programs that nobody could stop then: the control plane was down, or has just asked this one to stop. */
  readonly isOurs: boolean;
}

/** One outage of a credential: from when it was known until it was over. */
export interface CredentialOutage {
  readonly credential: string;
  readonly diedAt: number;
  /** When the control plane was told for certain; undefined: it could not know yet. */
  knownAt: number | undefined;
  /** Programs that were alive when it became known: each may find out for itself, once. */
  aliveThen: readonly number[];
  /** Instants at which one more probe was asked for, or had to be repeated: logins, crashes. */
  readonly excuses: number[];
  endedAt: number | undefined;
  readonly firstMs: number;
  readonly maxMs: number;
}

/** A draft as its agent believes it to be accepted. */
export interface AcceptedDraft {
  readonly id: number;
  readonly agent: string;
  readonly key: string;
  readonly body: string;
  readonly at: number;
}

/** What the platform published. */
export interface Publication {
  readonly draft: number;
  readonly revision: number;
  /** Whether the hash that came with it is the body's own. */
  readonly isHashRight: boolean;
  readonly body: string;
  readonly at: number;
}

/** The owner pressed Approve or Publish again, under this text. */
export interface Consent {
  readonly verb: 'approve' | 'again';
  readonly draft: number;
  readonly text: string;
  readonly at: number;
}

/** The rows of the control plane as of the last look, for what only rows can tell. */
export interface Rows {
  readonly at: number;
  readonly drafts: readonly { id: number; state: string; revision: number; reason: string | null; revisedAt: number }[];
  readonly waiting: readonly { key: string; class: MessageClass; createdAt: number; error: string | null }[];
  readonly refused: readonly { key: string; class: MessageClass; state: string; error: string | null }[];
  readonly dues: readonly { agent: string; dueAt: number; reason: string | null }[];
  readonly holds: readonly { agent: string; kind: string; since: number }[];
  readonly runs: readonly { id: number; agent: string }[];
  readonly inbox: number;
}

/** Everything that happened in a world, as far as a promise is about it. */
export interface WorldRecord {
  now: number;
  /** Since when the control plane has been up and Telegram good without a break; undefined while it is not. */
  goodSince: number | undefined;
  upSince: number | undefined;
  readonly scheduled: readonly string[];
  readonly accepted: AcceptedDraft[];
  readonly messages: ChatMessage[];
  readonly showings: Showing[];
  readonly publications: Publication[];
  readonly consents: Consent[];
  readonly calls: PlatformCall[];
  readonly outages: CredentialOutage[];
  readonly duties: Duty[];
  /** Two runs of one agent that were alive at once. */
  readonly overlaps: { readonly agent: string; readonly pids: readonly number[] }[];
  /** The bot's token and those of all runs: they belong into no row and no message. */
  readonly secrets: string[];
  readonly leaks: { readonly what: string; readonly where: string }[];
  /** Ends of the control plane that nobody asked for, and errors where there must be none. */
  readonly bugs: string[];
  rows: Rows | undefined;
  /** The rows of the look before, of the same control plane. */
  rowsBefore: Rows | undefined;
  /** What is still not settled after the faults have been off for an hour; empty before. */
  unsettled: readonly string[];
}

/** A record in which nothing has happened yet. */
export function createRecord(now: number, scheduled: readonly string[]): WorldRecord {
  return {
    now,
    goodSince: undefined,
    upSince: undefined,
    scheduled,
    accepted: [],
    messages: [],
    showings: [],
    publications: [],
    consents: [],
    calls: [],
    outages: [],
    duties: [],
    overlaps: [],
    secrets: [],
    leaks: [],
    bugs: [],
    rows: undefined,
    rowsBefore: undefined,
    unsettled: [],
  };
}
