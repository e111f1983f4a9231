import { delimiter } from 'node:path';
import type { Agent } from '../config/fleet.ts';

/** What a run's environment is made of besides the agent's own. */
export interface RunEnvironmentParts {
  /** PATH, HOME, LANG, TZ, TERM: all that is taken from the control plane's own environment (CONTRACT 3). */
  readonly base: Readonly<Record<string, string>>;
  readonly gatewayUrl: string;
  /** The folder that holds `nightdesk`: first on PATH, also where fleet.yaml gives an agent a PATH of its own. */
  readonly launcherFolder: string;
  /** The variables in which these credentials reach a program (Vault.environmentFor). */
  readonly secretsOf: (credentials: readonly string[]) => Readonly<Record<string, string>>;
}

/**
 * The whole environment of one run: nothing else of the control plane's own reaches an agent. What its runtime wants, and the secrets of
 * the credentials that it names, come before what fleet.yaml sets, so that a person has the last word.
 */
export function buildRunEnvironment(
  agent: Agent,
  run: { readonly id: number; readonly token: string; readonly wanted?: Readonly<Record<string, string>> },
  parts: RunEnvironmentParts,
): Readonly<Record<string, string>> {
  const environment: Readonly<Record<string, string>> = {
    ...parts.base,
    ...run.wanted,
    ...parts.secretsOf(agent.credentials),
    ...agent.env,
  };
  return {
    ...environment,
    PATH: [parts.launcherFolder, environment['PATH'] ?? ''].filter(Boolean).join(delimiter),
    NIGHTDESK_AGENT: agent.name,
    NIGHTDESK_RUN: String(run.id),
    NIGHTDESK_URL: parts.gatewayUrl,
    NIGHTDESK_TOKEN: run.token,
    // Gemini hides what looks like a token from the headers of its own MCP servers, unless it bears its name.
    ...(agent.runtime === 'gemini' ? { GEMINI_CLI_NIGHTDESK_TOKEN: run.token } : {}),
  };
}
