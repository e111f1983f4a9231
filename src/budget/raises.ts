import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import { wakeAfterHold } from '../loop/holds.ts';
import type { Clock } from '../ports.ts';
import { dollarText } from '../telegram/cards/words.ts';
import { budgetFingerprint, budgetName, type Month } from './budget.ts';
import type { Ledger } from './ledger.ts';

/** A raised budget ends in whole cents. */
const CENT_MICRO_USD = 10_000;

/** A budget as it stands, and as it would stand once it is raised. */
export interface RaiseOffer {
  /** '' is the whole fleet. */
  readonly agent: string;
  readonly month: Month;
  readonly limitMicroUsd: number;
  readonly raisedMicroUsd: number;
  readonly spentMicroUsd: number;
}

/** What came of a raise. */
export type RaiseResult =
  | { readonly kind: 'raised'; readonly offer: RaiseOffer }
  /** It stands at another limit than was shown: somebody was first. */
  | { readonly kind: 'other'; readonly limitMicroUsd: number }
  | { readonly kind: 'gone' };

/** Raises budgets, for their month only: fleet.yaml stays as it is. */
export interface Raises {
  offer(agent: string, percent: number): RaiseOffer | undefined;
  /** Belongs into the transaction of the press. `shownMicroUsd` is the limit that whoever raises it has seen. */
  raise(agent: string, shownMicroUsd: number, percent: number, by: string): RaiseResult;
}

/** Builds what raises budgets. */
export function createRaises(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly ledger: Ledger;
  readonly incidents: IncidentRegister;
}): Raises {
  const { fleet, storage, clock, ledger, incidents } = options;

  function offer(agent: string, percent: number): RaiseOffer | undefined {
    const { scopes, month, purse } = ledger.look();
    const limitMicroUsd = scopes.find((scope) => scope.agent === agent)?.limitMicroUsd;
    if (limitMicroUsd === undefined) return undefined;
    const raised = (limitMicroUsd * (100 + percent)) / 100;
    return {
      agent,
      month,
      limitMicroUsd,
      raisedMicroUsd: Math.ceil(raised / CENT_MICRO_USD) * CENT_MICRO_USD,
      spentMicroUsd: purse(agent).spentMicroUsd,
    };
  }

  /** Who was held, or gave a due time up for want of this money, is due at once. */
  function wake({ agent, month, spentMicroUsd, raisedMicroUsd }: RaiseOffer, now: number): void {
    if (spentMicroUsd >= raisedMicroUsd) return;
    const names = agent === '' ? [...fleet.agents.keys()] : [agent];
    const hold = storage.holds.active().find((held) => held.kind === 'budget' && held.agent === agent);
    if (hold !== undefined && storage.holds.release(agent, 'budget', hold.subject, now))
      wakeAfterHold(storage, names, hold.since, now);
    for (const name of names) {
      const [last] = storage.dues.receipts(name, 1);
      if (last?.state === 'skipped' && last.reason?.startsWith(budgetName(agent, month)) === true)
        storage.dues.wait(name, now, 'resumed');
    }
  }

  return {
    offer,
    raise(agent, shownMicroUsd, percent, by) {
      const offered = offer(agent, percent);
      if (offered === undefined) return { kind: 'gone' };
      const { month, limitMicroUsd, raisedMicroUsd } = offered;
      const now = clock.now();
      if (
        limitMicroUsd !== shownMicroUsd ||
        !storage.budgets.raise(month.key, { agent, limitMicroUsd: raisedMicroUsd, by, at: now })
      )
        return { kind: 'other', limitMicroUsd };
      storage.journal.add({
        at: now,
        subject: `budget:${agent === '' ? 'fleet' : agent}`,
        event: 'raised',
        actor: by,
        detail: `from ${dollarText(limitMicroUsd)} to ${dollarText(raisedMicroUsd)} for ${month.key}`,
      });
      wake(offered, now);
      if (offered.spentMicroUsd < raisedMicroUsd)
        incidents.resolve(
          budgetFingerprint({ about: 'budget', agent, month: month.key }),
          `You raised it to ${dollarText(raisedMicroUsd)} for ${month.name}.`,
        );
      return { kind: 'raised', offer: offered };
    },
  };
}
