import type { CredentialRow, CredentialState } from '../../storage/credential-store.ts';
import type { Credential } from '../config/fleet.ts';

/** How a credential stands at a moment: what is stored of it, and `expiring`, which only follows from the clock. */
export type ShownState = CredentialState | 'expiring';

/** What the next look at a credential's end calls for. */
export type WarningStep =
  | { readonly kind: 'none' }
  /** A warning of before came from a clock that ran ahead: it counts as not given. */
  | { readonly kind: 'rearm'; readonly warnedMs: number | null }
  /** To be told now; `thresholdMs` 0 is the end itself. */
  | { readonly kind: 'warn'; readonly thresholdMs: number };

/** In place of a threshold: the secret that a fixed date belonged to was replaced after a warning, so the date says nothing any more. */
export const OUTDATED = -1;

/** A clock set back by less than this un-says no warning: it was given a little early, and once is enough. */
const CLOCK_SLACK_MS = 24 * 3_600_000;

/** When a credential's secret ends (epoch ms), by `expires`, or by `lifetime` since it was renewed or first seen; undefined: nobody knows. */
export function endOfSecret(credential: Credential, row: CredentialRow | undefined): number | undefined {
  const { expiresAt, lifetimeMs } = credential;
  if (expiresAt !== undefined) return row?.warnedMs === OUTDATED && row.warnedEnd === expiresAt ? undefined : expiresAt;
  const from = row?.renewedAt ?? row?.firstSeenAt ?? undefined;
  return lifetimeMs === undefined || from === undefined ? undefined : from + lifetimeMs;
}

/** How long before an end it is told, longest first, the end itself (0) last; what is longer than a whole lifetime would always be told. */
export function thresholdsOf({ warnMs, lifetimeMs }: Credential): readonly number[] {
  return [...warnMs.filter((ms) => ms > 0 && (lifetimeMs === undefined || ms < lifetimeMs)), 0];
}

/** How a credential stands now; a living one whose end is near, or past, is expiring. */
export function credentialStateAt(row: CredentialRow | undefined, credential: Credential, now: number): ShownState {
  const state = row?.state ?? 'unknown';
  if (state === 'dead' || state === 'logging-in') return state;
  const end = endOfSecret(credential, row);
  return end !== undefined && end - now <= (thresholdsOf(credential)[0] ?? 0) ? 'expiring' : state;
}

/** Decides about the warnings of one end: each threshold once, over restarts and whatever the clock does. */
export function decideWarning(
  thresholds: readonly number[],
  end: number,
  now: number,
  warned: { readonly ms: number | null; readonly end: number | null },
): WarningStep {
  const left = end - now;
  const passed = (slackMs: number): number | null =>
    thresholds.filter((threshold) => left - slackMs <= threshold).at(-1) ?? null;
  const told = warned.end === end ? warned.ms : null;
  const reached = passed(0);
  if (told !== null && left > told + CLOCK_SLACK_MS) return { kind: 'rearm', warnedMs: passed(CLOCK_SLACK_MS) };
  return reached !== null && (told === null || reached < told)
    ? { kind: 'warn', thresholdMs: reached }
    : { kind: 'none' };
}

/** When the next threshold of an end is reached; undefined when it is past. */
export function nextWarningAt(thresholds: readonly number[], end: number, now: number): number | undefined {
  return thresholds.map((threshold) => end - threshold).find((at) => at > now);
}
