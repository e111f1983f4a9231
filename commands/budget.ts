import type { Storage } from '../storage/storage.ts';
import type { Ledger } from '../src/budget/ledger.ts';
import { loadBudgetReport } from '../src/budget/report.ts';
import type { Fleet } from '../src/config/fleet.ts';
import type { CallbackData } from '../src/telegram/callback-data.ts';
import { renderBudget } from '../src/telegram/cards/budget-card.ts';
import type { Command } from './command.ts';

/** /budget: what this month costs, where it leads, and buttons that raise it. */
export function createBudgetCommand(
  fleet: Fleet,
  storage: Storage,
  ledger: Ledger,
  callbackData: CallbackData,
): Command {
  return {
    name: 'budget',
    description: 'what this month costs, and where it leads',
    run: () => renderBudget(loadBudgetReport(fleet, storage, ledger), { timezone: fleet.timezone, callbackData }),
  };
}
