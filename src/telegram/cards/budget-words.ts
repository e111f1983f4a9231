import type { Amount } from '../../budget/ledger.ts';
import { dollarText } from './words.ts';

/** What was billed and what a subscription covered: `billed $12.40 · covered by subscription $31.10 (list prices)`. */
export function describeAmount({ billed, covered }: Amount): string {
  return `billed ${dollarText(billed)} · covered by subscription ${dollarText(covered)} (list prices)`;
}
