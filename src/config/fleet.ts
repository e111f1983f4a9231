/**
 * The fleet as the rest of the program sees it: fleet.yaml, validated, with defaults filled in, paths absolute,
 * durations in milliseconds. Frozen: a reload makes a new one.
 */

/** When an agent runs. */
export type Schedule =
  | { readonly kind: 'every'; readonly everyMs: number }
  | { readonly kind: 'cron'; readonly expression: string }
  | { readonly kind: 'continuous' }
  | { readonly kind: 'task' }
  /** Publishers and agents that only a person or a draft wakes. */
  | { readonly kind: 'none' };

/** A daily window in the fleet's timezone, in minutes after midnight; `from > to` spans midnight. */
export interface DailyWindow {
  readonly fromMinute: number;
  readonly toMinute: number;
}

/** What may hold the processes of a run. */
export type ContainmentName = 'best' | 'bubblewrap' | 'cgroup' | 'unshare' | 'group';

export type RuntimeName = 'command' | 'claude' | 'codex' | 'gemini';

export type FailureMode = {
  readonly tool: string;
  readonly on: 'auth' | 'rate-limit' | 'not-found' | 'other';
  readonly then:
    | { readonly kind: 'alert' }
    | { readonly kind: 'skip' }
    | { readonly kind: 'wait'; readonly waitMs: number; readonly retry: number; readonly otherwise: 'alert' | 'skip' };
};

/** What an agent CLI may do without asking. */
export interface Permissions {
  /** `ask`: what the CLI would ask a person goes to the phone. `allow`: everything is allowed. */
  readonly mode: 'ask' | 'allow';
  /** Tools that need no question, as the CLI names them. */
  readonly tools: readonly string[];
  /** How long a question waits for its answer before it counts as denied. */
  readonly withinMs: number;
}

export interface Agent {
  readonly name: string;
  readonly runtime: RuntimeName;
  /** For runtime `command`: program and arguments, the program absolute where it was given with a slash. Empty otherwise. */
  readonly command: readonly string[];
  readonly prompt: string | undefined;
  readonly model: string | undefined;
  readonly schedule: Schedule;
  readonly active: DailyWindow | undefined;
  readonly credentials: readonly string[];
  readonly heartbeatMs: number;
  readonly progressMs: number | undefined;
  readonly onStuck: 'alert' | 'restart' | 'stop';
  readonly timeoutMs: number;
  readonly budgetUsd: number | undefined;
  readonly maxRunCostUsd: number | undefined;
  readonly context: { readonly flushPercent: number; readonly stopPercent: number };
  readonly workdir: string;
  readonly env: Readonly<Record<string, string>>;
  readonly failureModes: readonly FailureMode[];
  readonly permissions: Permissions;
  /** Folder with templates of the owner's own, by the names of ours; undefined: ours. */
  readonly instructions: string | undefined;
  /** Kinds of drafts that this agent publishes; empty for all others. */
  readonly publishes: readonly string[];
  /** Where its drafts and questions go: a name under `telegram.places`; undefined: the fleet's chat. */
  readonly place: string | undefined;
}

export interface Rotation {
  readonly everyMs: number;
  /** Minutes after midnight in the fleet's timezone. */
  readonly atMinute: number;
  readonly command: readonly [string, ...string[]];
}

/** Who may keep a credential's secret. */
export type SecretSourceName = 'vault' | 'systemd' | 'keychain' | 'env';

export interface Credential {
  readonly name: string;
  readonly check: readonly [string, ...string[]] | undefined;
  readonly checkEveryMs: number;
  readonly login: readonly [string, ...string[]] | 'paste' | undefined;
  readonly capture: string | undefined;
  readonly env: string | undefined;
  /** Who keeps the secret: we, in files of our own, or somebody else, whom we only ask. */
  readonly source: SecretSourceName;
  /** How long before its end the owner is told, in ms, longest first. */
  readonly warnMs: readonly number[];
  readonly expiresAt: number | undefined;
  readonly lifetimeMs: number | undefined;
  readonly rotate: Rotation | undefined;
  readonly backoff: { readonly firstMs: number; readonly maxMs: number };
  /** Whether what its runs use is paid for by a subscription, or billed by use. */
  readonly billing: 'subscription' | 'metered';
}

export interface DraftKind {
  readonly windowMs: number | undefined;
  readonly undoMs: number;
  readonly remindPercent: readonly number[];
  /** Approves by itself what nobody objected to for so long, so many times a calendar day; undefined: only a person approves. */
  readonly autoApprove: { readonly afterMs: number; readonly perDay: number } | undefined;
}

/** What a model costs, in US dollars for a million tokens: for CLIs that tell tokens, but no cost. */
export interface ModelPrice {
  readonly inputUsd: number;
  readonly outputUsd: number;
}

/** A chat, or a topic of one, that has the drafts and questions of some agents. */
export interface Place {
  readonly chatId: number;
  readonly topicId: number | undefined;
}

export interface Fleet {
  /** Absolute path of fleet.yaml. */
  readonly file: string;
  readonly timezone: string;
  /** Absolute path of the state folder. */
  readonly home: string;
  /** How many runs may be alive at once; the rest waits its turn, longest waiting first. */
  readonly concurrency: number;
  /** The layer that holds each run's processes: the best that works here, or one by name. */
  readonly containment: ContainmentName;
  readonly telegram: {
    readonly owners: readonly number[];
    /** They decide drafts and answer agents' questions, besides seeing everything. */
    readonly approvers: readonly number[];
    /** They see everything and change nothing. */
    readonly viewers: readonly number[];
    readonly chat: number;
    /** The topic of that chat; undefined: the chat itself. */
    readonly topic: number | undefined;
    /** Other chats and topics, by name. */
    readonly places: ReadonlyMap<string, Place>;
  };
  readonly budget: { readonly monthlyUsd: number; readonly warnPercent: readonly number[] } | undefined;
  /** Prices by the name of a model, as fleet.yaml has them. */
  readonly prices: ReadonlyMap<string, ModelPrice>;
  readonly logs: { readonly totalBytes: number; readonly keepMs: number; readonly keepFreeBytes: number };
  /** Cron expressions in the fleet's timezone. */
  readonly digest: readonly string[];
  readonly backup: {
    /** Minutes after midnight in the fleet's timezone. */
    readonly atMinute: number;
    /** How many copies are kept; 0: none is made. */
    readonly keep: number;
  };
  readonly alerts: {
    readonly repeatMs: number;
    readonly fallback: readonly [string, ...string[]] | undefined;
    readonly deadMan: { readonly url: string; readonly everyMs: number } | undefined;
    readonly darkAfterMs: number;
    readonly quiet: DailyWindow | undefined;
  };
  readonly credentials: ReadonlyMap<string, Credential>;
  readonly agents: ReadonlyMap<string, Agent>;
  readonly drafts: { readonly burst: number; readonly kinds: ReadonlyMap<string, DraftKind> };
}
