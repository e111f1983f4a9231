import type { MessageClass } from '../../storage/outbox-store.ts';
import type { Fleet } from '../../src/config/fleet.ts';
import type { History } from './history.ts';
import { createWorkRecord, type WorkRecord } from './work-record.ts';

/** A message as the chat shows it. */
export interface ChatMessage {
  readonly id: number;
  readonly chatId: number;
  readonly at: number;
  text: string;
  buttons: readonly { readonly text: string; readonly data: string | undefined; readonly url: string | undefined }[];
}

/** One time that a message of the outbox was shown. */
export interface Showing {
  readonly key: string;
  readonly class: MessageClass;
  /** When its row was written. */
  readonly askedAt: number;
  readonly at: number;
  readonly messageId: number;
  /** Its first line, and all of it. */
  readonly text: string;
  readonly whole: string;
  /** The phone made no sound. */
  readonly isSilent: boolean;
  /** False when the answer never came, or came to a control plane that died with it. */
  isKnown: boolean;
}

/** Something that the owner has to be told within a minute of reachable time. */
export interface Duty {
  readonly what: string;
  readonly since: number;
  /** A minute, unless it takes longer to find out. */
  readonly withinMs?: number;
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
  /** A check that is to say whether the words of an agent are true that has raised false alarms before. */
  readonly isConfirming: boolean;
  /** False for programs that nobody could stop then: the control plane was down, could write nothing, or has just asked this one to stop. */
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
  /** A rotation ended it. */
  isRotated: boolean;
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

/** An owner pressed Approve or Publish again, under this text. */
export interface Consent {
  readonly verb: 'approve' | 'again';
  readonly draft: number;
  /** As the button has it. */
  readonly revision: number;
  readonly text: string;
  readonly at: number;
}

/** What was decided about a draft, as its row has it. */
export interface DecisionTaken {
  readonly id: number;
  readonly draft: number;
  readonly revision: number;
  readonly verdict: string;
  /** `owner:4711`, `rule:reply`, `agent:scout`, `publisher:murmur`, `nightdesk`. */
  readonly actor: string;
  readonly reason: string | null;
  readonly kind: string;
  /** When it was decided, and when the window ends, by the wall of the machine. */
  readonly wallAt: number;
  readonly windowEndsAt: number | null;
  /** The same in true time. */
  readonly at: number;
  /** When the row was read. */
  readonly seenAt: number;
  /** The text of that revision, and who wrote it. */
  readonly body: string;
  readonly author: string;
}

/** A button that an owner pressed, and what he was answered. */
export interface OwnerPress {
  /** `owner:4711`. */
  readonly by: string;
  readonly verb: string;
  readonly id: number;
  readonly revision: number;
  readonly choice: number | undefined;
  /** The text under which the button stood. */
  readonly text: string;
  readonly at: number;
  /** In a window that has to be closed, the tap did not do what was meant; undefined: the answer never came. */
  answer: { readonly text: string; readonly isAlert: boolean; readonly at: number } | undefined;
}

/** What somebody wrote whom fleet.yaml names. */
export interface OwnerText {
  readonly by: string;
  readonly text: string;
  readonly at: number;
  /** The id of its update. */
  readonly update: number;
}

/** Another version of a draft, as its agent believes it to be accepted. */
export interface AcceptedVersion {
  readonly draft: number;
  readonly agent: string;
  readonly body: string;
  readonly at: number;
}

/** The owner's word on a question: a button of its card, or a text in reply to it. */
export interface Choice {
  readonly question: number;
  readonly text: string;
  readonly at: number;
}

/** A CLI asked whether it may do something, and what it was told. */
export interface PermissionAsked {
  readonly run: number;
  readonly pid: number;
  readonly request: string;
  readonly at: number;
  readonly withinMs: number;
  readonly tellings: {
    readonly at: number;
    /** As the question's row has it. */
    readonly question: number | undefined;
    readonly behavior: string;
    /** The answer brings rules for the whole session. */
    readonly lasts: boolean;
  }[];
  /** Whether the one that asked still waits. */
  isWaiting: boolean;
}

/** An agent asked its owner, and what it was told. */
export interface AskTold {
  readonly question: number;
  readonly answer: string;
  readonly at: number;
}

/** A subscription that is used up. */
export interface UsageLimit {
  readonly credential: string;
  readonly from: number;
  readonly resetsAt: number;
  /** Runs that ran into it. */
  readonly refusedRuns: number[];
  /** When the first of their ends was written down. */
  knownAt: number | undefined;
  /** The owner let one of the agents try. */
  isExcused: boolean;
}

/** A run of an agent was started. */
export interface Started {
  readonly run: number;
  readonly pid: number;
  readonly at: number;
  readonly agent: string;
  readonly credentials: readonly string[];
  /** When it was decided. */
  readonly wantedAt: number;
  /** Since when the disk or the memory was too small then, and Nightdesk able to see it; undefined: they were not. */
  readonly shortSince: number | undefined;
}

/** A CLI was told to go on with a session. */
export interface Resumption {
  readonly agent: string;
  readonly run: number;
  readonly session: string;
  /** Who began it. */
  readonly owner: string | undefined;
  /** How the run before ended, as its row has it. */
  readonly before:
    | { readonly state: string; readonly failure: string | null; readonly stopReason: string | null }
    | undefined;
}

/** The rows of the control plane as of the last look, for what only rows can tell. */
export interface Rows {
  readonly at: number;
  readonly drafts: readonly {
    id: number;
    state: string;
    revision: number;
    reason: string | null;
    revisedAt: number;
    isQueued: number;
    author: string;
  }[];
  readonly waiting: readonly { key: string; class: MessageClass; createdAt: number; error: string | null }[];
  readonly refused: readonly { key: string; class: MessageClass; state: string; error: string | null }[];
  readonly dues: readonly { id: number; agent: string; dueAt: number; reason: string | null }[];
  readonly holds: readonly { agent: string; kind: string; since: number }[];
  /** Runs that are alive; `isEnding`: they were told to stop, or publish. */
  readonly runs: readonly { id: number; agent: string; isEnding: 0 | 1 }[];
  readonly inbox: number;
  readonly openQuestions: readonly { id: number; run: number; expiresAt: number; isRunOver: boolean }[];
  /** Permissions that a living CLI waits for, with the row of the question if there is one. */
  readonly awaited: readonly { run: number; request: string; since: number; state: string }[];
  /** Programs of runs that are alive, and until when they may be. */
  readonly running: readonly { pid: number; name: string; endsAt: number }[];
  /** Programs of runs that are over, and which no incident explains. */
  readonly leftovers: readonly { pid: number; name: string; run: number; state: string }[];
  readonly deadCredentials: readonly string[];
  /** Critical incidents that fire, and which Telegram has not shown. */
  readonly unshownCriticals: readonly { readonly id: number; readonly title: string; readonly openedAt: number }[];
  /** Runs that have been silent since then, beyond their agent's period, and whom no incident explains. */
  readonly silent: readonly { readonly run: number; readonly agent: string; readonly owedAt: number }[];
  /** Missed heartbeats that were told of a run which had spoken within its period. */
  readonly falseAlarms: readonly { readonly agent: string; readonly silentMs: number }[];
  /** Runs on a generation that is gone, but for trials and publications; and those that may not be started anew now. */
  readonly doomed: readonly {
    readonly run: number;
    readonly agent: string;
    readonly credential: string;
    readonly generation: number;
    readonly isDead: boolean;
    readonly since: number;
  }[];
  readonly limitIncidents: readonly { credential: string; openedAt: number }[];
  /** The same moment by the machine's wall, for rows whose times are not translated. */
  readonly wallAt: number;
  /** Digests of the schedule, by when they were due on the machine's wall; `isTold`: there is a message of it. */
  readonly digests: readonly { readonly dueAt: number; readonly state: string; readonly isTold: boolean }[];
  /** Backups of the schedule: when they were due on the machine's wall, and in true time when they ended. */
  readonly backups: readonly {
    readonly dueAt: number;
    readonly state: string;
    readonly file: string | null;
    readonly endedAt: number;
  }[];
  /** When the newest backup of the schedule was due, by the machine's wall. */
  readonly backupDueAt: number;
  /** Names of the copies that are there. */
  readonly copies: readonly string[];
  /** Restarts of Nightdesk that its owner asked for; `isTold`: a message of its own says what came of it. */
  readonly restarts: readonly {
    readonly id: number;
    readonly state: string;
    readonly askedAt: number;
    readonly deadlineAt: number;
    readonly isTold: boolean;
  }[];
  /** Commands that came in long after they were said: the question that was asked about each, if any. */
  readonly stale: readonly { readonly update: number; readonly receivedAt: number; readonly question: number | null }[];
  readonly confirmations: readonly {
    readonly argument: string;
    /** Or else when it was asked for. */
    readonly decidedAt: number;
    readonly id: number;
    readonly command: string;
    readonly state: string;
    readonly decidedBy: string | null;
  }[];
  /** Hash of the fleet.yaml that is in force. */
  readonly loadHash: string | undefined;
  /** Runs that were stopped in the very moment in which a file was taken over. */
  readonly stoppedByLoad: readonly {
    readonly run: number;
    readonly agent: string;
    readonly reason: string;
    readonly hash: string;
  }[];
  /** What an approver or a viewer is written down for. */
  readonly acts: readonly { readonly what: string; readonly by: string }[];
  readonly phases: readonly { readonly task: number; readonly name: string; readonly output: string | null }[];
  /** Runs that told costs, in millionths of a dollar; their ends by the machine's wall. */
  readonly costs: readonly {
    readonly run: number;
    readonly agent: string;
    readonly cost: number | null;
    readonly reserved: number | null;
    /** 1: it was cut off before it told what it cost. */
    readonly isEstimate: number;
    readonly endedAt: number | null;
  }[];
  readonly raises: readonly { readonly month: string; readonly agent: string; readonly limit: number }[];
}

/** The machine's clock on the wall was set. */
export interface ClockJump {
  readonly at: number;
  /** Forwards, or backwards where negative. */
  readonly byMs: number;
}

/** What the sentinel found when it looked last. */
export interface SentinelLook {
  readonly at: number;
  readonly life: 'alive' | 'starting' | 'dark';
  /** For how long the control plane had been up by then, with a good Telegram; 0: it was not. */
  readonly goodForMs: number;
  /** For how long it had been away. */
  readonly downForMs: number;
}

/** Everything that happened in a world, as far as a promise is about it. */
export interface WorldRecord {
  now: number;
  /** Since when the control plane has been up and Telegram good without a break; undefined while it is not. */
  goodSince: number | undefined;
  /** Since when the control plane has been up, with a database that takes what it writes. */
  upSince: number | undefined;
  /** Since when no control plane has been there; undefined while one is. */
  downSince: number | undefined;
  lastLook: SentinelLook | undefined;
  diskLowSince: number | undefined;
  memoryLowSince: number | undefined;
  readonly jumps: ClockJump[];
  /** By the fleet.yaml that is in force. */
  scheduled: readonly string[];
  /** Agents that run at intervals all day long, with these. */
  everyMs: ReadonlyMap<string, number>;
  /** The fleet.yaml of this world, and what of it is in force. */
  readonly fleetFile: {
    /** What it says; undefined: it is broken. */
    hash: string | undefined;
    writtenAt: number;
    inForce: Fleet | undefined;
    /** Since when. */
    since: number;
    agentsOf: (hash: string) => ReadonlyMap<string, unknown> | undefined;
    /** Agents whose due times are not those of one schedule. */
    readonly changed: Set<string>;
  };
  readonly startedRemoved: { readonly run: number; readonly agent: string }[];
  readonly hasFallback: boolean;
  /** A digest is due each full hour. */
  readonly hasDigest: boolean;
  readonly backup: Fleet['backup'];
  /** Copies of the database that were made, each as it was found to be. */
  readonly copiesMade: { readonly name: string; readonly at: number; readonly problem: string | undefined }[];
  /** When somebody else made a copy on the host. */
  readonly strangeCopies: number[];
  readonly beganAt: number;
  readonly darkAfterMs: number;
  readonly accepted: AcceptedDraft[];
  readonly messages: ChatMessage[];
  readonly showings: Showing[];
  readonly publications: Publication[];
  readonly consents: Consent[];
  readonly presses: OwnerPress[];
  readonly decisions: DecisionTaken[];
  /** When they were read last. */
  decisionsReadAt: number;
  /** Kinds that a rule approves, and how many a day. */
  readonly ruleKinds: ReadonlyMap<string, number>;
  /** How often the owner wants to be reminded of a draft. */
  readonly remindPercents: number;
  /** The calendar day of the fleet, and its month. */
  readonly dayOf: (at: number) => string;
  readonly monthOf: (at: number) => string;
  /** Budgets of fleet.yaml in millionths of a dollar; '' is the whole fleet. */
  readonly caps: ReadonlyMap<string, number>;
  readonly work: WorkRecord;
  readonly texts: OwnerText[];
  readonly versionsOfDrafts: AcceptedVersion[];
  readonly calls: PlatformCall[];
  readonly outages: CredentialOutage[];
  readonly duties: Duty[];
  readonly choices: Choice[];
  readonly permissions: PermissionAsked[];
  /** Answers on stdin that this program did not ask for. */
  readonly strayAnswers: { readonly pid: number; readonly request: string }[];
  readonly asksTold: AskTold[];
  readonly limits: UsageLimit[];
  readonly started: Started[];
  readonly resumptions: Resumption[];
  /** Programs of an earlier control plane that could have been ended, and were alive when an agent was started. */
  readonly revenants: { readonly pid: number; readonly name: string; readonly startedPid: number }[];
  /** Versions of the CLI, one after the other, but for the first. */
  readonly versions: string[];
  /** Two runs of one agent that were alive at once. */
  readonly overlaps: { readonly agent: string; readonly pids: readonly number[] }[];
  /** The bot's token and those of all runs: they belong into no row and no message. */
  readonly secrets: string[];
  /** Codes and tokens of credentials: they live as long as the world. */
  readonly lastingSecrets: string[];
  /** Secrets that the owner typed into the chat. */
  readonly typed: {
    readonly messageId: number;
    readonly secret: string;
    readonly at: number;
    deletedAt: number | undefined;
  }[];
  /** What the second route was given. */
  readonly fallbacks: { readonly at: number; readonly text: string; isTold: boolean }[];
  readonly leaks: { readonly what: string; readonly where: string }[];
  /** Two changes of one credential that were under way at once: logins, rotations. */
  readonly rivals: { readonly credential: string; readonly pids: readonly number[] }[];
  /** Ends of the control plane that nobody asked for, and errors where there must be none. */
  readonly bugs: string[];
  /** Calls to the chat that came before the time was over that Telegram had asked for. */
  readonly impatient: { readonly at: number; readonly method: string; readonly earlyMs: number }[];
  rows: Rows | undefined;
  /** The rows of the look before, of the same control plane. */
  rowsBefore: Rows | undefined;
  /** What rows tell of the whole world; undefined before its end. */
  history: History | undefined;
  /** What is still not settled after the faults have been off for an hour; empty before. */
  unsettled: readonly string[];
}

/** Whom a fleet calls by a schedule, and how often. */
export function schedulesOf(fleet: Fleet): Pick<WorldRecord, 'scheduled' | 'everyMs'> {
  const agents = [...fleet.agents.values()];
  return {
    scheduled: agents
      .filter(({ schedule }) => schedule.kind !== 'none' && schedule.kind !== 'task')
      .map(({ name }) => name),
    everyMs: new Map(
      agents.flatMap(({ name, schedule, active }) =>
        schedule.kind === 'every' && active === undefined ? [[name, schedule.everyMs] as const] : [],
      ),
    ),
  };
}

/** A record in which nothing has happened yet. */
export function createRecord(now: number, fleet: Fleet): WorldRecord {
  const agents = [...fleet.agents.values()];
  const days = new Intl.DateTimeFormat('en-CA', { timeZone: fleet.timezone });

  return {
    now,
    goodSince: undefined,
    upSince: undefined,
    downSince: undefined,
    lastLook: undefined,
    diskLowSince: undefined,
    memoryLowSince: undefined,
    jumps: [],
    ...schedulesOf(fleet),
    fleetFile: {
      hash: undefined,
      writtenAt: now,
      inForce: undefined,
      since: now,
      agentsOf: () => undefined,
      changed: new Set(),
    },
    startedRemoved: [],
    hasFallback: fleet.alerts.fallback !== undefined,
    hasDigest: fleet.digest.length > 0,
    backup: fleet.backup,
    copiesMade: [],
    strangeCopies: [],
    beganAt: now,
    darkAfterMs: fleet.alerts.darkAfterMs,
    accepted: [],
    messages: [],
    showings: [],
    publications: [],
    consents: [],
    presses: [],
    decisions: [],
    decisionsReadAt: 0,
    ruleKinds: new Map(
      [...fleet.drafts.kinds].flatMap(([kind, { autoApprove }]) =>
        autoApprove === undefined ? [] : [[kind, autoApprove.perDay] as const],
      ),
    ),
    remindPercents: Math.max(0, ...[...fleet.drafts.kinds.values()].map(({ remindPercent }) => remindPercent.length)),
    dayOf: (at) => days.format(at),
    monthOf: (at) => days.format(at).slice(0, 7),
    caps: new Map([
      ...(fleet.budget === undefined ? [] : [['', Math.round(fleet.budget.monthlyUsd * 1e6)] as const]),
      ...agents.flatMap(({ name, budgetUsd }) =>
        budgetUsd === undefined ? [] : [[name, Math.round(budgetUsd * 1e6)] as const],
      ),
    ]),
    work: createWorkRecord(),
    texts: [],
    versionsOfDrafts: [],
    calls: [],
    outages: [],
    duties: [],
    choices: [],
    permissions: [],
    strayAnswers: [],
    asksTold: [],
    limits: [],
    started: [],
    resumptions: [],
    revenants: [],
    versions: [],
    overlaps: [],
    secrets: [],
    lastingSecrets: [],
    typed: [],
    fallbacks: [],
    leaks: [],
    rivals: [],
    bugs: [],
    impatient: [],
    rows: undefined,
    rowsBefore: undefined,
    history: undefined,
    unsettled: [],
  };
}
