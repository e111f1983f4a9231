import type { Agent } from '../config/fleet.ts';

/** What a run's environment is made of besides the agent's own. */
export interface RunEnvironmentParts {
  /** PATH, HOME, LANG, TZ, TERM: all that is taken from the control plane's own environment (CONTRACT 3). */
  readonly base: Readonly<Record<string, string>>;
  readonly gatewayUrl: string;
}

/** The whole environment of one run: nothing else of the control plane's own reaches an agent. */
export function buildRunEnvironment(
  agent: Agent,
  run: { readonly id: number; readonly token: string },
  parts: RunEnvironmentParts,
): Readonly<Record<string, string>> {
  return {
    ...parts.base,
    ...agent.env,
    NIGHTDESK_AGENT: agent.name,
    NIGHTDESK_RUN: String(run.id),
    NIGHTDESK_URL: parts.gatewayUrl,
    NIGHTDESK_TOKEN: run.token,
  };
}
