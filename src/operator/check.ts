import { describePlan } from '../config/plan.ts';
import { renderProblem } from '../config/problem.ts';
import { createProgramFinder } from '../config/programs.ts';
import { loadConfiguration } from './configuration.ts';
import { EXIT } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

/** `nightdesk check --config F`: validates, prints the plan, names every program that is missing. */
export function check(file: string, terminal: Terminal): number {
  const configuration = loadConfiguration(file, terminal);
  if (configuration === undefined) return EXIT.config;
  const plan = describePlan(configuration.loaded, Date.now(), createProgramFinder(configuration.env['PATH']));
  for (const line of plan.lines) terminal.print(line);
  for (const problem of plan.problems) terminal.complain(renderProblem(problem));
  return plan.problems.length === 0 ? EXIT.ok : EXIT.config;
}
