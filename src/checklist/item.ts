import type { DrillKind } from '../drills/drill.ts';

/** `unknown`: nobody could tell, which is not well; `not-here`: it does not apply to this machine or this fleet. */
export type ItemState = 'pass' | 'fail' | 'unknown' | 'not-here';

/** What a press on the phone can mend. */
export type MendButton =
  | { readonly kind: 'drill'; readonly drill: DrillKind }
  | { readonly kind: 'check'; readonly credential: string }
  | { readonly kind: 'reauth'; readonly credential: string }
  | { readonly kind: 'backup' };

/** What an item came to. */
export interface Finding {
  readonly state: ItemState;
  /** What was seen, in words; for `unknown` also why nothing could be. */
  readonly evidence: string;
  /** When the evidence was made (epoch ms); null: there is none. */
  readonly at: number | null;
  /** What to do; null where there is nothing to do. */
  readonly mend: string | null;
  readonly button?: MendButton;
}

/** One line of the checklist, judged. */
export interface Item extends Finding {
  readonly id: string;
  readonly title: string;
}

/** It is as it should be. */
export function pass(evidence: string, at: number): Finding {
  return { state: 'pass', evidence, at, mend: null };
}

/** It is not as it should be: there is evidence, and something to do. */
export function fail(evidence: string, at: number, mend: string, button?: MendButton): Finding {
  return { state: 'fail', evidence, at, mend, ...(button === undefined ? {} : { button }) };
}

/** Nobody can tell; `mend` says what would make it known. */
export function unknown(evidence: string, at: number | null, mend: string, button?: MendButton): Finding {
  return { state: 'unknown', evidence, at, mend, ...(button === undefined ? {} : { button }) };
}

/** It does not apply here. */
export function notHere(evidence: string, at: number | null): Finding {
  return { state: 'not-here', evidence, at, mend: null };
}
