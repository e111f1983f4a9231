import type { DraftRow } from '../../storage/draft-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import type { Custodian } from '../credentials/custodian.ts';
import type { Clock } from '../ports.ts';
import { createArrivals } from './arrivals.ts';
import { createPreflights, type Preflight, type Preflights } from './preflight.ts';
import { createRuleBook, type RuleBook } from './rule-book.ts';
import { createOutages, type Outages } from './withholding.ts';

/** What the desk asks of those who watch the time and the logins. */
export interface DeskTime {
  readonly preflights: Preflights;
  readonly rules: RuleBook;
  readonly outages: Outages;
  preflight(draft: DraftRow): Preflight;
  autoApproveAt(draft: DraftRow): number | 'person' | undefined;
  admit(draft: DraftRow): 'card' | 'queued';
  withholds(): boolean;
}

/** Builds what the desk is given at its making. */
export function createDeskTime(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly custodian: Pick<Custodian, 'readiness'>;
  /** Fingerprint of the incident that a Telegram out of reach is. */
  readonly telegramOutage: string;
}): DeskTime {
  const { clock } = options;
  const outages = createOutages(options);
  const preflights = createPreflights(options);
  const rules = createRuleBook({ ...options, preflights, outages });
  const arrivals = createArrivals({ ...options, preflights, outages });
  return {
    preflights,
    rules,
    outages,
    preflight: preflights.of,
    autoApproveAt(draft) {
      const outlook = rules.outlookOf(draft);
      return typeof outlook === 'object' ? outlook.at : outlook;
    },
    admit: arrivals.admit,
    withholds: () => outages.withheldSince(clock.now()) !== undefined,
  };
}
