import type { CredentialRow } from '../../storage/credential-store.ts';
import type { Agent, Credential, Fleet } from '../config/fleet.ts';

/** What a check said. */
export type CheckVerdict =
  | { readonly kind: 'ok' }
  | { readonly kind: 'failed'; readonly reason: string }
  /** The check itself did not work: it proves nothing either way. */
  | { readonly kind: 'unclear'; readonly reason: string };

/**
 * Names of the credentials that an agent depends on. An agent that names none still can be refused by somebody:
 * it has a credential of its own, `~AGENT`, without check or login, which a trial run proves.
 */
export function credentialsOf(agent: Agent): readonly string[] {
  return agent.credentials.length > 0 ? agent.credentials : [`~${agent.name}`];
}

/** All credentials of a fleet, those of agents that name none included. */
export function listCredentials(fleet: Fleet): readonly Credential[] {
  const implied = [...fleet.agents.values()]
    .filter((agent) => agent.credentials.length === 0)
    .map((agent) => impliedCredential(`~${agent.name}`));
  return [...fleet.credentials.values(), ...implied];
}

/** How a credential is called in a sentence. */
export function credentialTitle(name: string): string {
  return name.startsWith('~') ? `the login of ${name.slice(1)}` : name;
}

/** How a credential is called where a sentence begins with it. */
export function credentialHeading(name: string): string {
  return name.startsWith('~') ? `The login of ${name.slice(1)}` : `Credential ${name}`;
}

/**
 * How long until the next probe of a dead credential, in ms: `first` doubled with each probe, spread over the following step so that
 * a fleet does not knock in time, and near `max` spread over its last tenth. So nine hours at 1m to 1h are at most fourteen probes.
 * `fraction` is uniform in [0, 1).
 */
export function probeDelayMs(backoff: Credential['backoff'], probes: number, fraction: number): number {
  const base = backoff.firstMs * 2 ** Math.min(probes, 30);
  if (base >= backoff.maxMs) return Math.round(backoff.maxMs * (0.9 + fraction / 10));
  return Math.round(base + fraction * (Math.min(base * 2, backoff.maxMs) - base));
}

/** Whether a run may start on this credential now. */
export function decideReadiness(
  credential: Credential,
  row: CredentialRow | undefined,
  now: number,
): 'ready' | 'check-first' | 'dead' {
  if (row === undefined) return 'ready';
  if (row.state === 'dead' || row.state === 'logging-in') return 'dead';
  if (credential.check === undefined) return 'ready';
  return row.checkedAt === null || now - row.checkedAt >= credential.checkEveryMs || row.checkedAt > now
    ? 'check-first'
    : 'ready';
}

/** What a finished check program said (CONTRACT 3): `AUTH_OK`, or `AUTH_FAILED: reason` and exit 1. */
export function decideCheck(
  output: string,
  exit: { readonly code: number } | { readonly trouble: string },
): CheckVerdict {
  const failed = /^AUTH_FAILED:?[ \t]*(.*)$/m.exec(output);
  if (failed !== null) return { kind: 'failed', reason: failed[1]?.trim() || 'the check gave no reason' };
  if ('trouble' in exit) return { kind: 'unclear', reason: exit.trouble };
  if (exit.code === 0 && /^AUTH_OK\b/m.test(output)) return { kind: 'ok' };
  const last = output.trim().split('\n').at(-1)?.trim() ?? '';
  if (exit.code === 1) return { kind: 'failed', reason: last ? `${last} (exit 1)` : 'the check ended with exit 1' };
  const said = last === '' ? 'and said nothing' : `and said: ${last}`;
  return {
    kind: 'unclear',
    reason: `the check ended with exit ${exit.code} ${said}; expected AUTH_OK, or AUTH_FAILED: reason and exit 1`,
  };
}

function impliedCredential(name: string): Credential {
  return {
    name,
    check: undefined,
    checkEveryMs: 15 * 60_000,
    login: undefined,
    capture: undefined,
    env: undefined,
    source: 'vault',
    warnMs: [],
    expiresAt: undefined,
    lifetimeMs: undefined,
    rotate: undefined,
    backoff: { firstMs: 60_000, maxMs: 3_600_000 },
    billing: 'metered',
  };
}
