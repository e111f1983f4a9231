import { dirname } from 'node:path';
import { valueAt } from '../config/key-path.ts';
import { type LoadedFleet, loadFleet } from '../config/load.ts';
import { describePlan } from '../config/plan.ts';
import { renderProblem } from '../config/problem.ts';
import { createProgramFinder } from '../config/programs.ts';
import type { FleetReading } from '../reload/reading.ts';
import { EnvironmentFileError, loadApiRoot, loadEnvironment, loadToken } from './token.ts';

/** Names under which people keep secrets. */
const SECRET_NAME = /TOKEN|KEY|SECRET|PASS|CREDENTIAL|AUTH|COOKIE/i;

/**
 * Reads fleet.yaml of a running program anew, with .env beside it, and checks it as `check` does. `env` is the process's own environment,
 * `bot` what it talks to Telegram with: whoever changes that has to restart.
 */
export function readFleetFile(
  file: string,
  env: Readonly<Record<string, string | undefined>>,
  bot: { readonly token: string; readonly apiRoot: string | undefined },
): FleetReading {
  const full = tryEnvironment(dirname(file), env);
  if (typeof full === 'string') return { kind: 'bad', problems: [full], omitted: 0 };
  const loaded = loadFleet(file, full);
  if (loaded.kind === 'invalid')
    return { kind: 'bad', problems: loaded.problems.map(renderProblem), omitted: loaded.omitted };
  const [token, apiRoot] = [loadToken(full), loadApiRoot(full)];
  const missing = describePlan(loaded, Date.now(), createProgramFinder(full['PATH'])).problems.map(renderProblem);
  const refused = [token, apiRoot].flatMap((one) => (one.kind === 'problem' ? [one.reason] : []));
  if (missing.length + refused.length > 0) return { kind: 'bad', problems: [...missing, ...refused], omitted: 0 };
  const { fleet, source } = loaded;
  const fixed = [
    ...(token.kind === 'token' && token.token !== bot.token ? ['TELEGRAM_BOT_TOKEN'] : []),
    ...(apiRoot.kind === 'root' && apiRoot.root !== bot.apiRoot ? ['TELEGRAM_API_ROOT'] : []),
  ];
  return { kind: 'valid', fleet, raw: source.raw, hash: source.hash, secrets: listSecrets(loaded, full), fixed };
}

/** The environment, or why it cannot be read. */
function tryEnvironment(
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> | string {
  try {
    return loadEnvironment(folder, env);
  } catch (error) {
    if (error instanceof EnvironmentFileError) return error.message;
    throw error;
  }
}

/** What fleet.yaml takes from the environment under the name of a secret: agents may see it, the chat and the log may not. */
export function listSecrets(
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
