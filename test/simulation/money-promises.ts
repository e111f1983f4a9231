import type { WorldPromise } from './promise.ts';
import type { WorldRecord } from './record.ts';

/** What is promised of money. */
export const MONEY_PROMISES: readonly WorldPromise[] = [
  { name: 'no more is spent than the cap and one reservation', broken: overspent, isSlow: true },
  { name: 'costs are what was told', broken: wrongCost, isSlow: true },
  { name: 'each warning of a budget comes once', broken: doubledWarning, isSlow: true },
];

/** Its month, as the rows have it. */
function overspent({ rows, monthOf, caps }: WorldRecord): string | undefined {
  if (rows === undefined) return undefined;
  const month = monthOf(rows.wallAt);
  for (const [agent, cap] of caps) {
    const raised = rows.raises.find((raise) => raise.agent === agent && raise.month === month)?.limit ?? cap;
    const mine = rows.costs.filter(
      (run) => (agent === '' || run.agent === agent) && (run.endedAt === null || monthOf(run.endedAt) === month),
    );
    const spent = mine.reduce((sum, run) => sum + (run.cost ?? 0), 0);
    const reservation = Math.max(0, ...mine.map((run) => run.reserved ?? 0));
    if (spent > raised + reservation)
      return `${agent === '' ? 'the fleet' : agent} spent ${spent / 1e6} of ${raised / 1e6}, and no reservation is larger than ${reservation / 1e6}`;
  }
  return undefined;
}

/** Rows never have more than what was told; what a run cost that was cut off before it told anything is an estimate, within what was set aside. */
function wrongCost({ rows, work }: WorldRecord): string | undefined {
  if (rows === undefined) return undefined;
  for (const { run, cost, reserved, isEstimate } of rows.costs) {
    const told = work.costs
      .filter((one) => one.run === run && one.at <= rows.at)
      .reduce((sum, one) => sum + one.microUsd, 0);
    const most = isEstimate === 1 ? Math.max(told, reserved ?? Infinity) : told;
    if ((cost ?? 0) > most + 1) return `run ${run} counts ${(cost ?? 0) / 1e6}, and told ${told / 1e6}`;
  }
  return undefined;
}

/** Of one month; a clock that was set may bring a percent back that was not reached before, and so does each raise. */
function doubledWarning({ showings, jumps, presses }: WorldRecord): string | undefined {
  if (jumps.length > 0) return undefined;
  const raises = presses.filter(({ verb }) => verb === 'raiseyes').length;
  const told = new Map<string, Set<string>>();
  for (const { text, key } of showings) {
    const [what] = /^(?:🟠|🔴) .* spent \d+ % of .*$/u.exec(text) ?? [];
    if (what === undefined) continue;
    // What stands open is told again after a while.
    const keys = (told.get(what) ?? new Set()).add(key.replace(/:r\d+$/, ''));
    if (keys.size > 1 + raises) return `"${what}" came as ${[...keys].join(' and ')}, after ${raises} raises`;
    told.set(what, keys);
  }
  return undefined;
}
