import type { DueCause } from '../../storage/due-store.ts';
import type { HoldRow } from '../../storage/hold-store.ts';
import type { Readiness } from '../credentials/custodian.ts';

/** What decides whether a due agent starts now. */
export interface AdmissionFacts {
  readonly cause: DueCause;
  /** True while the agent's last run is still alive. */
  readonly running: boolean;
  readonly insideActiveHours: boolean;
  readonly isContinuous: boolean;
  /** Holds of the agent and of the whole fleet. */
  readonly holds: readonly HoldRow[];
  readonly readiness: Readiness;
  /** What the machine or the agent's CLI is still lacking, in words; undefined: nothing. */
  readonly lacks: string | undefined;
  readonly runsAlive: number;
  readonly concurrency: number;
}

/** Start, wait for something that passes soon, or give this due time up with a reason. */
export type Admission =
  | { readonly kind: 'start' }
  | { readonly kind: 'wait'; readonly reason: string }
  | { readonly kind: 'skip'; readonly reason: string };

/**
 * Decides about one due time. Holds add up: the first one is named, all have to go. A trial run passes the hold of its credential:
 * it is the probe. An agent that runs without pause waits, under a hold as well as for its own last run, instead of giving up each
 * second's due time; so does whoever is due for a task, since the task waits with it.
 */
export function decideAdmission(facts: AdmissionFacts): Admission {
  if (facts.running)
    return !facts.isContinuous && (facts.cause === 'schedule' || facts.cause === 'catch-up')
      ? skip('its last run is still going')
      : wait('its last run is still going');
  const hold = facts.holds.find((candidate) => !(facts.cause === 'trial' && candidate.kind === 'credential'));
  if (hold !== undefined) return giveUp(facts, hold.reason);
  if (!facts.insideActiveHours && facts.cause !== 'owner' && facts.cause !== 'trial')
    return facts.cause === 'task' ? wait(OUTSIDE_HOURS) : skip(OUTSIDE_HOURS);
  if (facts.readiness.kind === 'dead' && facts.cause !== 'trial')
    return giveUp(facts, `${facts.readiness.credential} is dead`);
  if (facts.readiness.kind === 'checking') return wait(`checking ${facts.readiness.credential}`);
  if (facts.lacks !== undefined) return wait(facts.lacks);
  if (facts.runsAlive >= facts.concurrency)
    return wait(`${facts.runsAlive} runs are alive, the limit is ${facts.concurrency}`);
  return { kind: 'start' };
}

/** Decides about a run that could start, were it not for money: it waits for what other runs may give back. */
export function decideWithoutMoney(
  facts: Pick<AdmissionFacts, 'cause' | 'isContinuous'>,
  money: { readonly isPassing: boolean; readonly reason: string },
): Admission {
  return money.isPassing ? wait(money.reason) : giveUp(facts, money.reason);
}

function giveUp(facts: Pick<AdmissionFacts, 'cause' | 'isContinuous'>, reason: string): Admission {
  return facts.isContinuous || facts.cause === 'resumed' || facts.cause === 'task' ? wait(reason) : skip(reason);
}

const OUTSIDE_HOURS = 'outside its active hours';

function wait(reason: string): Admission {
  return { kind: 'wait', reason };
}

function skip(reason: string): Admission {
  return { kind: 'skip', reason };
}
