import type { RotationRow } from '../../storage/rotation-store.ts';
import type { Rotation } from '../config/fleet.ts';
import { nextCron } from '../loop/schedule.ts';

/** What the last line of a rotation command says of the new secret. */
export type RotatedSecret =
  | { readonly kind: 'secret'; readonly secret: string }
  /** There is none: the command has put it where it belongs itself. */
  | { readonly kind: 'none' }
  | { readonly kind: 'unusable'; readonly reason: string };

/**
 * A rotation at its time of day ends a little after it, and summer time moves that by an hour: `every: 45d` counted from there would
 * come a day later each time.
 */
const SLACK_MS = 2 * 3_600_000;
const FIRST_RETRY_MS = 3_600_000;
const LONGEST_RETRY_MS = 24 * 3_600_000;
/** The longest secret that is taken; no vendor's is near it. */
const LONGEST_SECRET = 16 * 1024;
/** Rotations back that a credential's failures are counted over: the pause has long stopped growing. */
export const COUNTED_ROTATIONS = 12;

/** When a rotation is due that was last done, or begun to be counted, at `from`: `every` later, moved to the next `at` on the wall. */
export function dueAfter(rotation: Rotation, from: number, timezone: string): number {
  const earliest = from + rotation.everyMs - Math.min(SLACK_MS, rotation.everyMs / 4);
  const expression = `${rotation.atMinute % 60} ${Math.floor(rotation.atMinute / 60)} * * *`;
  // A time at the very moment counts.
  return nextCron(expression, earliest - 1, timezone) ?? from + rotation.everyMs;
}

/** When the next rotation is due: regularly, or, after failures since the last renewal, soon and then ever more rarely. */
export function nextRotationAt(
  rotation: Rotation,
  facts: {
    readonly firstSeenAt: number;
    readonly renewedAt: number | null;
    /** The newest first. */
    readonly ended: readonly RotationRow[];
  },
  timezone: string,
): number {
  const from = facts.renewedAt ?? facts.firstSeenAt;
  const firstOther = facts.ended.findIndex(({ state, endedAt }) => state !== 'failed' || (endedAt ?? 0) < from);
  const failures = firstOther === -1 ? facts.ended.length : firstOther;
  const lastAt = facts.ended[0]?.endedAt ?? from;
  return failures === 0 ? dueAfter(rotation, from, timezone) : lastAt + retryDelayMs(failures);
}

/** How long after its `failures`th failure in a row a rotation is tried again, in ms. */
export function retryDelayMs(failures: number): number {
  return Math.min(FIRST_RETRY_MS * 2 ** Math.min(failures - 1, 10), LONGEST_RETRY_MS);
}

/** Reads the new secret from a command's stdout; no reason quotes what it printed, which may be a secret cut in half. */
export function readRotatedSecret(stdout: string): RotatedSecret {
  const last = stdout.trimEnd().split('\n').at(-1)?.trim() ?? '';
  if (!last.startsWith('{')) return { kind: 'none' };
  const secret = secretIn(last);
  if (secret === undefined)
    return { kind: 'unusable', reason: 'its last line looks like JSON, but is no {"secret": "…"}' };
  if (secret === '') return { kind: 'unusable', reason: 'the secret in its last line is empty' };
  if (secret.length > LONGEST_SECRET)
    return { kind: 'unusable', reason: `the secret in its last line is longer than ${LONGEST_SECRET} characters` };
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  if (/[\u0000-\u001f\u007f]/.test(secret))
    return { kind: 'unusable', reason: 'the secret in its last line holds a line break or another control character' };
  return { kind: 'secret', secret };
}

function secretIn(line: string): string | undefined {
  try {
    const { secret } = JSON.parse(line) as { secret?: unknown };
    return typeof secret === 'string' ? secret.trim() : undefined;
  } catch {
    return undefined; // Not JSON: the caller says so, without showing it.
  }
}
