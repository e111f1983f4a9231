import { valueAt } from '../config/key-path.ts';
import type { LoadedFleet } from '../config/load.ts';
import { describePlan } from '../config/plan.ts';
import { renderProblem } from '../config/problem.ts';
import { createProgramFinder } from '../config/programs.ts';
import { loadConfiguration } from './configuration.ts';
import { EXIT } from './exit-codes.ts';
import { serve } from './serve.ts';
import type { Terminal } from './terminal.ts';
import { loadApiRoot, loadToken } from './token.ts';

/** Names under which people keep secrets. */
const SECRET_NAME = /TOKEN|KEY|SECRET|PASS|CREDENTIAL|AUTH|COOKIE/i;

/** `nightdesk start --config F`: the control plane in the foreground. */
export async function start(file: string, terminal: Terminal): Promise<number> {
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
  return await serve({ fleet, token: token.token, apiRoot: apiRoot.root, env, secrets }, terminal);
}

/** What fleet.yaml takes from the environment under the name of a secret: agents may see it, the chat and the log may not. */
function listSecrets(
  { fleet, source }: LoadedFleet,
  env: Readonly<Record<string, string | undefined>>,
): readonly string[] {
  return [...fleet.agents.values()].flatMap((agent) =>
    Object.entries(agent.env).flatMap(([name, value]) => {
      const written =
        valueAt(source.raw, ['agents', agent.name, 'env', name]) ?? valueAt(source.raw, ['defaults', 'env', name]);
      if (typeof written !== 'string' || !/\$\{/.test(written) || !SECRET_NAME.test(`${name} ${written}`)) return [];
      // Programs also show the secret without the words around it, as in `Bearer ${API_TOKEN}`; HOME before a file is none.
      const names = [...written.matchAll(/\$\{(\w+)\}/g)].map((match) => match[1] ?? '');
      const parts = names.filter((variable) => SECRET_NAME.test(variable)).map((variable) => env[variable] ?? '');
      return [value, ...parts];
    }),
  );
}
