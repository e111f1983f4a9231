import { expect } from 'vitest';
import type { Content } from '../../../src/telegram/outbox.ts';

/** What a message of ordinary width shows of a label on a phone of 390 px, by how many buttons share the row; Telegram cuts the rest off. */
const LONGEST_LABEL: readonly number[] = [36, 16, 11, 9];

/** Expects that no label of a message is cut off, and that no row has more buttons than a thumb hits. */
export function expectWholeLabels(content: Content | undefined): void {
  const rows = content !== undefined && 'buttons' in content ? (content.buttons ?? []) : [];
  expect(rows.length).toBeGreaterThan(0);
  const cut = rows.filter((row) => row.some(({ text }) => text.length > (LONGEST_LABEL[row.length - 1] ?? 0)));
  expect(cut.map((row) => row.map(({ text }) => text))).toEqual([]);
}
