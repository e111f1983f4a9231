import { describe, expect, it } from 'vitest';
import { createCallbackData } from '../../../src/telegram/callback-data.ts';
import { renderQuestionCard } from '../../../src/telegram/cards/question-card.ts';
import type { QuestionRow } from '../../../storage/question-store.ts';

const answered: QuestionRow = {
  id: 1,
  runId: 1,
  agent: 'scout',
  kind: 'ask',
  request: 'key:ask-1',
  tool: null,
  text: 'Which city?',
  forRun: null,
  options: '["Paris"]',
  state: 'answered',
  answer: 'Paris',
  answeredBy: 'owner:4242',
  askedAt: 0,
  expiresAt: 60_000,
  settledAt: 30_000,
  deliveredAt: null,
};

function textOf(question: QuestionRow, who = ''): string {
  const setting = { timezone: 'UTC', now: 30_000, callbackData: createCallbackData('a key'), who };
  const content = renderQuestionCard(question, ['Paris'], setting);
  return content.kind === 'text' ? content.body.text : '';
}

describe('the card of an answered question', () => {
  it('names who answered where that is to be said', () => {
    expect(textOf(answered)).toContain('✅ Answered 00:00:\nParis');
    expect(textOf(answered, ' by Ada')).toContain('✅ Answered 00:00 by Ada:\nParis');
  });

  it('says of a denied permission who decided', () => {
    const denied: QuestionRow = { ...answered, kind: 'permission', answer: 'deny', answeredBy: 'nightdesk' };

    expect(textOf(denied, ' by nightdesk')).toContain('🚫 Denied 00:00 by nightdesk');
  });
});
