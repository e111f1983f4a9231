import { expect, test } from 'vitest';
import type { DraftRow } from '../../../storage/draft-store.ts';
import { countFitting, renderBatch } from '../../../src/telegram/cards/review-card.ts';

const NOW = 1_800_000_000_000;

function drafts(count: number, characters: number): DraftRow[] {
  return Array.from({ length: count }, (_, index) => ({
    id: index + 1,
    recipient: '@ada',
    windowEndsAt: null,
    body: 'word '.repeat(Math.ceil(characters / 5)).slice(0, characters - 4) + ' end',
  })) as unknown as DraftRow[];
}

function textOf(listed: readonly DraftRow[]): string {
  const content = renderBatch(listed, 0, NOW, []);
  return content.kind === 'text' ? content.body.text : '';
}

test('texts on a list to approve together are whole, where all of them fit one message', () => {
  const text = textOf(drafts(6, 500));

  expect(text.split(' end').length - 1).toBe(6);
  expect(text.length).toBeLessThanOrEqual(4_096);
});

test('texts on a list to approve together are cut alike, where they do not fit whole', () => {
  const listed = drafts(20, 900);
  const text = textOf(listed);

  expect(text).not.toContain(' end');
  expect(text.split('…').length - 1).toBe(20);
  expect(text.length).toBeLessThanOrEqual(4_096);
  expect(countFitting(drafts(60, 900), NOW)).toBeGreaterThan(20);
});
