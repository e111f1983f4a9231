/** What a written value became, or what should have been written instead. */
export type Parsed<Value> =
  | { readonly kind: 'parsed'; readonly value: Value }
  | { readonly kind: 'refused'; readonly expected: string };

/** What a duration looks like, for messages. */
export const DURATION_FORM = 'a duration such as "30s", "5m", "4h", "7d" or "1h30m"';

/** What a size looks like, for messages. */
export const SIZE_FORM = 'a size such as "500MB" or "2GB"';

/** The written form of a duration, largest unit first, as editors check it. */
export const DURATION_PATTERN = /^(?=\d)(\d{1,6}d)?(\d{1,6}h)?(\d{1,6}m)?(\d{1,8}s)?$/;

/** The written form of a size, as editors check it. */
export const SIZE_PATTERN = /^\d{1,6}(\.\d{1,3})?(B|kB|KB|MB|GB|TB)$/;

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Ten years: whatever is longer is a slip of the keyboard. */
const MAX_DURATION_MS = 3650 * DAY_MS;

const UNIT_MS = [DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS] as const;

/** Units are decimal (1 GB = 1,000,000,000 bytes), as disks and `df -H` count. */
const UNIT_BYTES: Readonly<Record<string, number>> = { B: 1, kB: 1e3, KB: 1e3, MB: 1e6, GB: 1e9, TB: 1e12 };

/** Reads `30s`, `5m`, `4h`, `7d`, `1h30m` into milliseconds; `0s` is nothing, and only allowed where `minMs` is 0. */
export function parseDuration(text: string, minMs = SECOND_MS): Parsed<number> {
  const match = DURATION_PATTERN.exec(text);
  if (match === null) return { kind: 'refused', expected: bareNumberHint(text) };
  const value = UNIT_MS.reduce((sum, unitMs, index) => sum + unitMs * Number.parseInt(match[index + 1] ?? '0', 10), 0);
  if (value < minMs) return { kind: 'refused', expected: `a duration of at least ${formatDuration(minMs)}` };
  if (value > MAX_DURATION_MS)
    return { kind: 'refused', expected: `a duration of at most ${formatDuration(MAX_DURATION_MS)}` };
  return { kind: 'parsed', value };
}

/** Reads `500MB`, `2GB`, `1.5GB` into bytes; units are decimal. */
export function parseSize(text: string): Parsed<number> {
  const match = SIZE_PATTERN.exec(text);
  const value = match === null ? 0 : Math.round(Number.parseFloat(text) * (UNIT_BYTES[match[2] ?? ''] ?? 0));
  return value < 1 ? { kind: 'refused', expected: SIZE_FORM } : { kind: 'parsed', value };
}

/** What to say about a number without a unit: nobody can know whether seconds or minutes were meant. */
export function bareNumberHint(found: unknown): string {
  const bare = typeof found === 'number' ? String(found) : typeof found === 'string' ? found : '';
  return /^\d{1,6}$/.test(bare) ? `${DURATION_FORM}: write the unit, "${bare}s" or "${bare}m"` : DURATION_FORM;
}

/** A duration as it is written in fleet.yaml, `1h30m`; parts of a second are dropped. */
export function formatDuration(durationMs: number): string {
  let rest = Math.floor(durationMs / SECOND_MS) * SECOND_MS;
  const parts: string[] = [];
  for (const [unitMs, unit] of [
    [DAY_MS, 'd'],
    [HOUR_MS, 'h'],
    [MINUTE_MS, 'm'],
    [SECOND_MS, 's'],
  ] as const) {
    const count = Math.floor(rest / unitMs);
    if (count > 0) parts.push(`${count}${unit}`);
    rest -= count * unitMs;
  }
  return parts.join('') || '0s';
}
