import { readContainmentOffers } from '../adapters/containment-offers.ts';
import { createProcesses } from '../adapters/execa-processes.ts';
import { createSystemClock } from '../adapters/system-clock.ts';
import { describePlan } from '../config/plan.ts';
import { renderProblem } from '../config/problem.ts';
import { createProgramFinder } from '../config/programs.ts';
import { probeContainment } from '../containment/probe.ts';
import { type Configuration, loadConfiguration } from './configuration.ts';
import { EXIT } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';
import { loadApiRoot, loadToken } from './token.ts';

/** `nightdesk check --config F`: validates, prints the plan, names every program that is missing, and what `start` would refuse. */
export async function check(file: string, terminal: Terminal): Promise<number> {
  const configuration = loadConfiguration(file, terminal);
  if (configuration === undefined) return EXIT.config;
  const plan = describePlan(configuration.loaded, Date.now(), createProgramFinder(configuration.env['PATH']));
  for (const line of plan.lines) terminal.print(line);
  for (const line of await describeContainment(configuration)) terminal.print(line);
  for (const problem of plan.problems) terminal.complain(renderProblem(problem));
  const refused = [loadToken(configuration.env), loadApiRoot(configuration.env)].flatMap((loaded) =>
    loaded.kind === 'problem' ? [loaded.reason] : [],
  );
  for (const reason of refused) terminal.complain(`nightdesk: ${reason}`);
  // The file may be checked where the token is not; one that is there and wrong is a mistake.
  const hasToken = [configuration.env['TELEGRAM_BOT_TOKEN'], configuration.env['TELEGRAM_BOT_TOKEN_FILE']].some(
    Boolean,
  );
  const isRefused = hasToken && refused.length > 0;
  return plan.problems.length === 0 && !isRefused ? EXIT.ok : EXIT.config;
}

/** What will keep the runs together on this machine, tried just now, and why nothing better does. */
async function describeContainment({ loaded, env }: Configuration): Promise<string[]> {
  const { chosen, passedOver } = await probeContainment({
    processes: createProcesses(),
    clock: createSystemClock(),
    // Not the fleet's own: a check must not touch what the running control plane started.
    home: `${loaded.fleet.home} (check)`,
    wanted: loaded.fleet.containment,
    offers: readContainmentOffers(env['PATH'] ?? ''),
  });
  return [
    'containment:',
    `  ${chosen.describe()}`,
    ...passedOver.map(({ name, reason }) => `  not ${name}: ${reason}`),
  ];
}
