import type { RunRow } from '../../storage/run-store.ts';
import type { Agent } from '../config/fleet.ts';
import type { LiveSigns } from '../runs/runner.ts';

/** How often a folder is looked at again while its agent is told to be stuck. */
export const SEARCH_AGAIN_MS = 60_000;

/** What the vigil knows of a run that is alive, beside its rows. A run does not outlive the control plane, and neither has this to. */
export interface Watched {
  /** From when on signs and progress are owed. */
  owedSince: number;
  isExempt: boolean;
  /** The newest progress, and what the run had used and said by then. */
  provedAt: number;
  costThen: number;
  bytesThen: number;
  isSearching: boolean;
  /** Until when the folder was looked through, and when the next look is due. */
  searchedAt: number;
  searchAgainAt: number;
  /** What is told of it; `wordedAt`: since when the alert says what it says. */
  told:
    | { readonly fingerprint: string; readonly isLoop: boolean; readonly at: number; readonly wordedAt: number }
    | undefined;
}

/** A run that is alive as one look judges it. */
export interface Judged {
  readonly run: RunRow;
  readonly agent: Agent;
  readonly state: Watched;
  /** Undefined where its program is not ours, or just over. */
  readonly signs: LiveSigns | undefined;
  readonly now: number;
}

/** What is known of a run at its first look. */
export function beginWatching(): Watched {
  return {
    owedSince: 0,
    isExempt: false,
    provedAt: 0,
    costThen: 0,
    bytesThen: 0,
    isSearching: false,
    searchedAt: 0,
    searchAgainAt: 0,
    told: undefined,
  };
}

/** After a jump of the clock nothing was seen later than now. */
export function setBack(state: Watched, now: number): void {
  state.owedSince = Math.min(state.owedSince, now);
  state.provedAt = Math.min(state.provedAt, now);
  state.searchedAt = Math.min(state.searchedAt, now);
  state.searchAgainAt = Math.min(state.searchAgainAt, now + SEARCH_AGAIN_MS);
  if (state.told !== undefined)
    state.told = { ...state.told, at: Math.min(state.told.at, now), wordedAt: Math.min(state.told.wordedAt, now) };
}
