import { describe, expect, it } from 'vitest';
import type { Change } from '../../../src/config/fleet-diff.ts';
import { renderReload } from '../../../src/telegram/cards/reload-card.ts';
import { LONGEST_TEXT, richText } from '../../../src/telegram/cards/words.ts';

const NOW = Date.UTC(2026, 0, 12, 9);

function text(outcome: Parameters<typeof renderReload>[0], how: 'reload' | 'signal' = 'reload'): string {
  return richText(renderReload(outcome, { timezone: 'UTC', now: NOW, how })).text;
}

function changed(name: string): Change {
  return { kind: 'changed', text: `agents.${name}.timeout: 20m → 30m`, takesAway: false };
}

describe('the message of a reload', () => {
  it('names what is gone first', () => {
    const gone: Change = { kind: 'removed', text: 'agent writer', takesAway: true };

    expect(text({ kind: 'ask', hash: 'h', changes: [changed('scout'), gone] }).split('\n')).toEqual([
      '❓ This fleet.yaml takes something away',
      '➖ agent writer',
      '✏️ agents.scout.timeout: 20m → 30m',
      '',
      'Nothing is changed before you say so.',
    ]);
  });

  it('fits into one message however much is changed, and says how much more there is', () => {
    const changes = Array.from({ length: 500 }, (_, index) => changed(`${'x'.repeat(150)}${index}`));

    const shown = text({ kind: 'taken', changes, toKnow: ['writer is being stopped.'] });

    expect(shown.length).toBeLessThan(LONGEST_TEXT);
    expect(shown).toMatch(/… and \d+ more/);
    expect(shown).toContain('writer is being stopped.');
  });

  it('names every problem that fits when the file is bad', () => {
    const problems = ['fleet.yaml:5: agents.scout.schedule: expected another', 'fleet.yaml:6: agents: unknown key'];

    expect(text({ kind: 'bad', problems, omitted: 3 }).split('\n')).toEqual([
      '🛑 fleet.yaml is not valid: nothing was changed',
      ...problems,
      '… and 3 more',
    ]);
  });

  it('says what takes the file as it is when a key needs a restart', () => {
    expect(text({ kind: 'fixed', keys: ['home', 'timezone'] }, 'signal')).toBe(
      '🛑 SIGHUP on the host. Nothing was taken over\nhome and timezone cannot change while I run. /restart nightdesk takes the file as it is.',
    );
  });

  it('says who took over what is in force when nothing has changed', () => {
    const last = { id: 1, at: NOW - 60_000, hash: 'h', changes: '[]' } as const;

    expect(text({ kind: 'same', last: { ...last, how: 'signal', actor: 'SIGHUP' } })).toBe(
      'Nothing has changed: what fleet.yaml says is in force, since 08:59 (taken over by SIGHUP).',
    );
    expect(text({ kind: 'same', last: { ...last, how: 'start', actor: null } })).toContain('(read at the start)');
  });
});
