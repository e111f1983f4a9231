import { join } from 'node:path';

/** Where the control plane leaves a copy of these settings at each start, for the day when fleet.yaml cannot be read. */
export function copyPath(home: string): string {
  return join(home, 'sentinel.json');
}

/** The text of that copy. */
export function renderCopy(settings: {
  readonly owners: readonly number[];
  readonly chat: number;
  readonly darkAfterMs: number;
  readonly fallback: readonly [string, ...string[]] | undefined;
  readonly timezone: string;
}): string {
  const { owners, chat, darkAfterMs, fallback, timezone } = settings;
  return `${JSON.stringify({ owners, chat, darkAfterMs, fallback, timezone })}\n`;
}
