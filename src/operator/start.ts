import { describePlan } from '../config/plan.ts';
import { renderProblem } from '../config/problem.ts';
import { createProgramFinder } from '../config/programs.ts';
import { loadConfiguration } from './configuration.ts';
import { EXIT, type REPLACE } from './exit-codes.ts';
import { listSecrets, readFleetFile } from './fleet-file.ts';
import { createReplacement } from './replacement.ts';
import { serve } from './serve.ts';
import type { Terminal } from './terminal.ts';
import { loadApiRoot, loadToken } from './token.ts';

/** `nightdesk start --config F`: the control plane in the foreground. */
export async function start(file: string, terminal: Terminal): Promise<number | typeof REPLACE> {
  const configuration = loadConfiguration(file, terminal);
  if (configuration === undefined) return EXIT.config;
  const { loaded, env } = configuration;
  const token = loadToken(env);
  if (token.kind === 'problem') {
    terminal.complain(`nightdesk: ${token.reason}`);
    return EXIT.config;
  }
  const apiRoot = loadApiRoot(env);
  if (apiRoot.kind === 'problem') {
    terminal.complain(`nightdesk: ${apiRoot.reason}`);
    return EXIT.config;
  }
  // A missing program is no reason to leave the rest of the fleet dark: it is said here, and as an incident when its agent is due.
  for (const problem of describePlan(loaded, Date.now(), createProgramFinder(env['PATH'])).problems)
    terminal.complain(renderProblem(problem));
  const fleet = loaded.fleet;
  const secrets = listSecrets(loaded, env);
  const { raw, hash } = loaded.source;
  const bot = { token: token.token, apiRoot: apiRoot.root };
  const fleetFile = { raw, hash, read: () => readFleetFile(file, terminal.env, bot) };
  const replacement = createReplacement(file, terminal.env, { home: fleet.home, ...bot });
  return await serve({ fleet, fleetFile, ...bot, env, secrets, replacement }, terminal);
}
