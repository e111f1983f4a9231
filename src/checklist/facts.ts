import type { CliRow } from '../../storage/cli-store.ts';
import type { DrillRow } from '../../storage/drill-store.ts';
import type { Fleet } from '../config/fleet.ts';
import type { DrillKind } from '../drills/drill.ts';

/** What a probe of the machine came to, and when. */
export type Probed<Value> =
  | { readonly kind: 'known'; readonly at: number; readonly value: Value }
  | { readonly kind: 'unknown'; readonly at: number; readonly reason: string }
  | { readonly kind: 'not-here'; readonly at: number; readonly reason: string };

/** What keeps the control plane running, as the running unit says. */
export type ServiceFacts =
  | {
      readonly kind: 'systemd';
      readonly scope: 'user' | 'system';
      readonly unit: string;
      /** Whether the control plane is this unit's own process. */
      readonly isOurs: boolean;
      readonly activeState: string;
      readonly killMode: string;
      readonly restart: string;
      /** In ms; null where systemd does not tell. */
      readonly restartDelayMs: number | null;
      /** In ms; null: it does not watch. */
      readonly watchdogMs: number | null;
    }
  | {
      readonly kind: 'launchd';
      readonly label: string;
      readonly isOurs: boolean;
      readonly endsGroup: boolean;
      readonly restarts: boolean;
      readonly restartDelayMs: number;
    }
  | { readonly kind: 'container' }
  /** Started by hand; `manager` is what this machine could run it under. */
  | { readonly kind: 'none'; readonly manager: 'systemd' | 'launchd' | null };

/** How the Bot API answered. */
export type BotFacts =
  | {
      readonly kind: 'answered';
      readonly name: string;
      readonly tookMs: number;
      /** Our clock less the server's, in ms; null where the server is this machine itself, or tells no time. */
      readonly driftMs: number | null;
      /** Host of the webhook that is set; null: none. */
      readonly webhook: string | null;
    }
  | { readonly kind: 'failed'; readonly reason: string; readonly mend: string };

/** A file that others must not read, or not write. */
export interface FileFacts {
  readonly path: string;
  readonly mode: number;
  /** Rights that nobody else may have; in octal 077 or 022. */
  readonly forbidden: number;
}

/** What the machine tells: plain data, kept as JSON from one look to the next. */
export interface HostFacts {
  readonly platform: string;
  readonly user: string;
  readonly service: Probed<ServiceFacts>;
  /** Whether services of this user go on after his logout. */
  readonly linger: Probed<boolean>;
  /** The bound of the machine's journal; null: none is set. */
  readonly journal: Probed<string | null>;
  readonly clock: Probed<boolean>;
  readonly bot: Probed<BotFacts>;
  readonly disk: Probed<{ readonly freeBytes: number; readonly inodesLeftPercent: number | null }>;
  readonly logs: Probed<{ readonly files: number; readonly bytes: number }>;
  readonly memory: Probed<{ readonly availableBytes: number; readonly totalBytes: number }>;
  readonly swap: Probed<{ readonly totalBytes: number; readonly freeBytes: number }>;
  readonly files: Probed<readonly FileFacts[]>;
  /** Settings of agent CLIs that were read, and those among them that beat a run's own login. */
  readonly overrides: Probed<{ readonly read: number; readonly beating: readonly string[] }>;
  /** What stands at the path of each known CLI; null: nothing that can be executed. */
  readonly clis: Probed<readonly { readonly path: string; readonly file: string | null }[]>;
  readonly configuration: Probed<{ readonly hash: string; readonly modifiedAt: number }>;
  /** Which layer holds here, tried just now, and why none better does. */
  readonly containment: Probed<{ readonly name: string; readonly better: readonly string[] }>;
}

/** What is asked of the machine. */
export interface HostRequest {
  readonly fleet: Fleet;
  /** The control plane's process, where it runs on this machine. */
  readonly pid: number | undefined;
  readonly cliPaths: readonly string[];
}

/**
 * Looks at the machine.
 *
 * Contract: settles within five seconds and never rejects; what could not be found out is `unknown` with its reason. It changes nothing.
 */
export type HostProbe = (request: HostRequest) => Promise<HostFacts>;

/** What an open incident says. */
export interface IncidentFacts {
  readonly id: number;
  readonly kind: string;
  readonly fingerprint: string;
  readonly subject: string;
  readonly title: string;
  readonly openedAt: number;
  readonly lastSeenAt: number;
}

/** A credential that agents depend on. */
export interface CredentialFacts {
  readonly name: string;
  readonly title: string;
  readonly hasCheck: boolean;
  readonly canLogIn: boolean;
  readonly isUsed: boolean;
  readonly state: 'unknown' | 'alive' | 'dead' | 'logging-in';
  readonly since: number | null;
  readonly provedAt: number | null;
  readonly expiresAt: number | null;
  /** How long before its end its owner is told, in ms; empty: not at all. */
  readonly warnMs: readonly number[];
  readonly rotates: boolean;
  readonly rotatesAt: number | null;
  readonly renewedAt: number | null;
  readonly lastRotation: {
    readonly state: string;
    readonly endedAt: number | null;
    readonly detail: string | null;
  } | null;
}

/** What is known of an agent. */
export interface AgentFacts {
  readonly name: string;
  readonly runtime: string;
  /** It runs by itself, so that a missing sign means something. */
  readonly isScheduled: boolean;
  readonly isHeld: boolean;
  readonly heartbeatMs: number;
  readonly modes: number;
  readonly runningSince: number | null;
  readonly lastProofAt: number | null;
  /** Runs that are over and still known. */
  readonly endedRuns: number;
  readonly checkpointAt: number | null;
  /** What its instructions lack of the WORKSTATE protocol; null: it is given none. */
  readonly instructions: { readonly missing: readonly string[] } | { readonly refused: string } | null;
}

/** Failures of one tool that no failure mode of its agent is about. */
export interface UnhandledFailures {
  readonly agent: string;
  readonly tool: string;
  readonly kind: string;
  readonly times: number;
}

/** What the rows tell. */
export interface RowFacts {
  readonly kind: 'rows';
  readonly at: number;
  readonly incidents: readonly IncidentFacts[];
  readonly credentials: readonly CredentialFacts[];
  readonly agents: readonly AgentFacts[];
  readonly unhandled: readonly UnhandledFailures[];
  /** When Telegram last showed a message; and alerts of ours that it has not shown. */
  readonly shownAt: number | null;
  readonly waiting: { readonly alerts: number; readonly oldestAt: number | null };
  readonly drills: readonly { readonly drill: DrillKind; readonly last: DrillRow | null }[];
  readonly fallback: {
    readonly sentAt: number | null;
    readonly failedAt: number | null;
    readonly error: string | null;
  };
  readonly deadManAt: number | null;
  readonly clis: readonly CliRow[];
  readonly backup: {
    readonly doneAt: number | null;
    readonly sizeBytes: number | null;
    readonly failedAt: number | null;
    readonly error: string | null;
    readonly isOpen: boolean;
  };
  readonly load: { readonly at: number; readonly hash: string } | null;
  readonly containment: string | null;
  readonly databaseBytes: number;
  /** When the database was last read page by page, and what that found; null: nobody has. */
  readonly integrity: { readonly at: number; readonly found: string } | null;
}

/** Why there are no rows. */
export interface NoRows {
  readonly kind: 'none';
  readonly code: 'never-ran' | 'older' | 'newer' | 'damaged' | 'unreadable';
  readonly reason: string;
  readonly mend: string;
}

/** Whether the control plane lives, as its own files tell. */
export interface LifeFacts {
  readonly isRunning: boolean;
  readonly startedAt: number | null;
  /** When it last proved that it hears Telegram, writes rows and ticks; null: never. */
  readonly provedAt: number | null;
  /** When a sentinel last looked, and for what outage it found; null: never. */
  readonly sentinel: { readonly lookedAt: number; readonly cause: string | null } | null;
}

/** All that the checklist is judged by. */
export interface ChecklistFacts {
  readonly now: number;
  readonly fleet: Fleet;
  readonly life: LifeFacts;
  readonly rows: RowFacts | NoRows;
  /** Undefined: nobody has looked at the machine yet. */
  readonly host: HostFacts | undefined;
}
