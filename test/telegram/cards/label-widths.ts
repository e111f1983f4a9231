import type { Content } from '../../../src/telegram/outbox.ts';

/** What a message of ordinary width shows of a label on a phone of 390 px, by how many buttons share the row; Telegram cuts the rest off. */
const LONGEST_LABEL: readonly number[] = [36, 16, 11, 9];

/** The labels of a message that are cut off, those included that share their row with more buttons than a thumb hits. */
export function cutLabels(content: Content | undefined): readonly string[] {
  const rows = content !== undefined && 'buttons' in content ? (content.buttons ?? []) : [];
  if (rows.length === 0) throw new Error('there are no buttons');
  return rows.flatMap((row) =>
    row.map(({ text }) => text).filter((text) => text.length > (LONGEST_LABEL[row.length - 1] ?? 0)),
  );
}
