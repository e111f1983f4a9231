/** What the pictures of a digest show: plain data, so that the program that draws them needs neither database nor configuration. */
export interface DigestFigures {
  /** The timezone in which days begin and times are written. */
  readonly timezone: string;
  readonly fromAt: number;
  readonly toAt: number;
  readonly spend: SpendFigures;
  readonly timeline: TimelineFigures;
  readonly desk: DeskFigures;
}

/** Dollars by agent and calendar day of the month so far, at list prices, and where they lead. */
export interface SpendFigures {
  /** `2026-11-22`, each day of the month up to `toAt`. */
  readonly days: readonly string[];
  /** The agents that spent most, dearest first; the last one may stand for all others. `usd` has one number a day. */
  readonly agents: readonly { readonly name: string; readonly usd: readonly number[] }[];
  readonly monthUsd: number;
  /** What the month will have cost at its end; null: too early to say. */
  readonly forecastUsd: number | null;
  readonly budgetUsd: number | null;
  /** How many days the month has. */
  readonly daysInMonth: number;
}

export type RunOutcome = 'done' | 'failed' | 'stopped' | 'lost' | 'running';

/** Who ran when, and when the fleet was held up, within the digest's time. */
export interface TimelineFigures {
  readonly agents: readonly {
    readonly name: string;
    readonly runs: readonly { readonly fromAt: number; readonly toAt: number; readonly outcome: RunOutcome }[];
  }[];
  /** Incidents and absences that held something up; `agents` is empty where all were concerned. */
  readonly outages: readonly {
    readonly fromAt: number;
    /** Null: it is not over. */
    readonly toAt: number | null;
    readonly title: string;
    readonly agents: readonly string[];
  }[];
}

/** How long drafts waited for a decision, and which were not decided in time. */
export interface DeskFigures {
  /** One for each decision of a person or a rule, oldest first. `windowMs` is how long the draft had. */
  readonly decisions: readonly {
    readonly at: number;
    readonly kind: string;
    readonly waitedMs: number;
    readonly windowMs: number | null;
    readonly verdict: 'approved' | 'rejected';
  }[];
  /** Drafts whose window ended undecided. */
  readonly missed: readonly { readonly at: number; readonly kind: string; readonly windowMs: number }[];
}
