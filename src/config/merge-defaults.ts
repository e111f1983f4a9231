import type { AgentFile, DefaultsFile } from './schema.ts';

/**
 * An agent's entry over the defaults: the agent wins. `env` and `context` are merged key by key, everything else is replaced.
 * A default that cannot apply to the agent is left out: a schedule where it has `on` or publishes (and the other way round),
 * a prompt or model where it is a command, a command where it is not.
 */
export function mergeDefaults(defaults: DefaultsFile, own: AgentFile): AgentFile {
  const merged: AgentFile = {
    ...defaults,
    ...own,
    env: { ...defaults.env, ...own.env },
    context: { ...defaults.context, ...own.context },
  };
  const isDue = own.schedule !== undefined || own.on !== undefined || own.publishes !== undefined;
  const inapplicable: (keyof AgentFile)[] = [
    ...(isDue ? (['schedule', 'on'] as const) : []),
    ...(merged.runtime === 'command' ? (['prompt', 'model'] as const) : (['command'] as const)),
  ];
  for (const key of inapplicable) if (own[key] === undefined) delete merged[key];
  return merged;
}
