import { afterEach, describe, expect, test } from 'vitest';
import { type DigestFacts, loadDigestFacts } from '../../src/digest/facts.ts';
import { renderDigest } from '../../src/digest/text.ts';
import { createDigestWorld, DAY, type DigestWorld, HOUR, MINUTE, START } from './digest-world.ts';

let world: DigestWorld;

afterEach(async () => await world.stop());

/** The facts of the last twelve hours. */
function facts(): DigestFacts {
  const now = world.clock.now();
  return loadDigestFacts({ ...world.rooms, fleet: world.fleet }, now - 12 * HOUR, now, now);
}

/** The lines of the text, without its head. */
function linesOf(of = facts()): string[] {
  const content = renderDigest(of, { timezone: 'Europe/Berlin' });
  return content.kind === 'text' ? content.body.text.split('\n').slice(1) : [];
}

/** An empty fleet whose agents have all worked before the digest's time. */
function workedBefore(): void {
  world = createDigestWorld();
  world.ran('scout', START - 20 * HOUR);
  world.ran('writer', START - 20 * HOUR);
  const { storage } = world;
  storage.transaction(() => {
    storage.credentials.ensure('claude', START - 30 * HOUR);
    const row = storage.credentials.get('claude');
    if (row !== undefined) storage.credentials.change({ ...row, state: 'alive', provedAt: START - HOUR }, row.state);
  });
}

describe('what changed', () => {
  test('nothing happened is one line', () => {
    workedBefore();
    expect(linesOf()).toEqual(['Nothing happened: no run, no draft, no incident, and nothing waits for you.']);
  });

  test('incidents are told with their length and cost: new, still open, over, and none of a drill', () => {
    workedBefore();
    const { storage } = world;
    world.incident({ title: 'Old and open', openedAt: START - 30 * HOUR, severity: 'warning' });
    world.incident({ title: 'New and open', openedAt: START - 3 * HOUR }, ['scout']);
    const over = world.incident({ title: 'Over', openedAt: START - 5 * HOUR });
    const before = world.incident({ title: 'Long over', openedAt: START - 40 * HOUR });
    world.incident({ title: 'A drill', openedAt: START - HOUR, isDrill: 1 });
    storage.transaction(() => {
      storage.incidents.resolve(over, START - 4 * HOUR, null);
      storage.incidents.priced(over, 'Missed: 5 runs.');
      storage.incidents.resolve(before, START - 20 * HOUR, null);
      storage.dues.wait('scout', START - 2 * HOUR, 'schedule');
      const due = storage.dues.waitingOf('scout');
      if (due !== undefined) storage.dues.skip(due, 'it is held', START - 2 * HOUR);
    });

    const shown = linesOf().filter((text) => text.includes('#'));
    expect(shown).toEqual([
      '🔴 #2 New and open: open, 3 h. Missed: 1 run.',
      '🟠 #1 Old and open: still open, 30 h',
      '✅ #3 Over: over after 60 min. Missed: 5 runs.',
    ]);
  });

  test('what follows from another incident is told by that one alone', () => {
    workedBefore();
    const cause = world.incident({ title: 'The login is dead', openedAt: START - HOUR });
    const follower = world.incident({ title: 'scout fails', openedAt: START - HOUR });
    world.storage.transaction(() => world.storage.incidents.inhibit(follower, cause));
    expect(linesOf().filter((text) => text.includes('#'))).toEqual(['🔴 #1 The login is dead: open, 60 min']);
  });

  test.each([
    [
      'worked before and fails now',
      [
        ['done', -20],
        ['failed', -2],
      ],
      '🟠 worked before, fails now (crash): scout',
    ],
    [
      'failed before and fails now',
      [
        ['failed', -20],
        ['failed', -2],
      ],
      '🟠 fails, and did not work before (crash): scout',
    ],
    [
      'failed before and works now',
      [
        ['failed', -20],
        ['done', -2],
      ],
      '🟢 failed before, works now: scout',
    ],
    ['has never run', [], '❔ has never run: scout'],
    ['fails at its first run', [['failed', -2]], '🟠 fails, and did not work before (crash): scout'],
    [
      'was only lost when Nightdesk ended',
      [
        ['done', -20],
        ['lost', -2],
      ],
      undefined,
    ],
    [
      'was only stopped by somebody',
      [
        ['done', -20],
        ['stopped', -2],
      ],
      undefined,
    ],
    [
      'works as before',
      [
        ['done', -20],
        ['done', -2],
      ],
      undefined,
    ],
  ] as const)('an agent that %s is told of so', (_name, runs, words) => {
    world = createDigestWorld();
    world.ran('writer', START - 20 * HOUR);
    for (const [state, hours] of runs)
      world.ran('scout', START + hours * HOUR, { state, failure: state === 'failed' ? 'crash' : null });

    const shown = linesOf().filter((text) => text.endsWith('scout'));
    expect(shown).toEqual(words === undefined ? [] : [words]);
  });

  test('an agent whose due times were all given up is silent', () => {
    workedBefore();
    const { storage } = world;
    storage.transaction(() => {
      storage.dues.wait('scout', START - 3 * HOUR, 'schedule');
      const due = storage.dues.waitingOf('scout');
      if (due !== undefined) storage.dues.miss(due, START - HOUR, 3, 'nobody looked', START - HOUR);
    });
    expect(linesOf()).toContain('❔ nothing heard of it: scout');
    expect(linesOf()).toContain('⚠️ 3 due times skipped or missed: scout 3');
  });

  test('due times that were given up together since long ago count with their share', () => {
    workedBefore();
    const { storage } = world;
    storage.transaction(() => {
      storage.dues.wait('scout', START - 24 * HOUR, 'schedule');
      const due = storage.dues.waitingOf('scout');
      if (due !== undefined) storage.dues.miss(due, START, 240, 'held', START - 1);
    });
    expect(facts().lost).toEqual([{ name: 'scout', n: 120 }]);
  });

  test('logins, holds, versions and absences are told of with their times', () => {
    workedBefore();
    const { storage } = world;
    const at = START - 2 * HOUR;
    const note = (subject: string, event: string, actor: string, detail: string | null): void =>
      storage.journal.add({ at, subject, event, actor, detail });
    storage.transaction(() => {
      storage.settings.set('person:owner:4242', 'Ada');
      note('credential:claude', 'dead', 'scout', '401');
      note('hold:scout', 'paused', 'owner:4242', null);
      note('cli:/opt/bin/claude', 'version', 'nightdesk', '2.1.3 → 2.1.4');
      note('cli:/opt/bin/codex', 'version', 'nightdesk', '0.5');
      note('nightdesk:', 'away', 'nightdesk', String(at - HOUR));
    });
    const shown = linesOf();
    expect(shown).toContain('🔑 claude died 04:00: /reauth');
    expect(shown).toContain('⏸ scout paused by Ada, 04:00');
    expect(shown).toContain('🔧 claude: 2.1.3 → 2.1.4');
    expect(shown.join()).not.toContain('codex');
    expect(shown).toContain('🌙 I was away for up to 60 min, until 04:00');
  });

  test('a login that nothing has proved is not called good', () => {
    world = createDigestWorld();
    world.ran('scout', START - 20 * HOUR);
    world.ran('writer', START - 20 * HOUR);
    world.ran('writer', START - HOUR);
    expect(linesOf()).toContain('🔑 nobody knows whether it works: claude');
  });
});

describe('what was done', () => {
  test('drafts are counted by who decided, and by how long they waited', () => {
    workedBefore();
    const { storage } = world;
    storage.transaction(() => {
      storage.settings.set('person:owner:4242', 'Ada');
    });
    const at = START - 6 * HOUR;
    for (const minutes of [1, 2, 3, 4, 100])
      world.draft('writer', at, { verdict: 'approved', actor: 'owner:4242', at: at + minutes * MINUTE });
    world.draft('writer', at, { verdict: 'approved', actor: 'rule:reply', at: at + 3 * HOUR });
    world.draft('writer', at, { verdict: 'rejected', actor: 'owner:4242', at: at + 3 * MINUTE });
    world.draft('scout', at, { verdict: 'expired', actor: 'nightdesk', at: at + 4 * HOUR });
    world.draft('writer', at, { verdict: 'expired', actor: 'nightdesk', at: at + 4 * HOUR });
    world.draft('writer', at, { verdict: 'expired', actor: 'nightdesk', at: at + 4 * HOUR });
    world.draft('writer', START - 2 * DAY, { verdict: 'approved', actor: 'owner:4242', at: START - 2 * DAY + MINUTE });

    expect(linesOf()).toContain('Drafts 10 written · 6 approved (Ada 5, a rule 1) · 1 rejected');
    expect(linesOf()).toContain('⌛️ 3 windows missed: writer 2, scout 1');
    expect(linesOf()).toContain('⏱ decided within 3 min (half) and 1 h 40 min (90 %)');
  });

  test('a rejection counts once when its reason is given later', () => {
    workedBefore();
    const at = START - HOUR;
    const draftId = world.draft('writer', at, { verdict: 'rejected', actor: 'owner:4242', at: at + 3 * MINUTE });
    const reason = { draftId, revision: 1, verdict: 'rejected', actor: 'owner:4242', reason: 'rude' } as const;
    world.storage.transaction(() => world.storage.drafts.decide({ ...reason, at: at + 9 * MINUTE }));

    expect(linesOf()).toContain('Drafts 1 written · 1 rejected');
    expect(linesOf()).toContain('⏱ decided within 3 min');
  });

  test('runs are counted by agent and how they ended, the worst first, and money by what was told', () => {
    workedBefore();
    world.ran('writer', START - HOUR, { usd: 2 });
    world.ran('writer', START - 2 * HOUR, { usd: 1 });
    world.ran('scout', START - 3 * HOUR, { state: 'failed', failure: 'crash' });
    world.ran('scout', START - 4 * HOUR);
    world.ran('~drill-auth', START - 4 * HOUR, { usd: 7 });
    world.ran('writer', START - 5 * DAY, { usd: 4 });

    expect(linesOf()).toEqual(
      expect.arrayContaining([
        'Runs 3 done · 1 failed',
        'scout 1✓ 1✗ · writer 2✓ 3k tok',
        expect.stringMatching(/^Money \$3\.00 · November \$7\.00 of \$500\.00 \(1 %\), by its end about \$\d+\.\d\d$/),
        'Nothing waits for you.',
      ]),
    );
  });

  test('what waits for its owner is told with the next deadline', () => {
    workedBefore();
    world.draft('writer', START - HOUR);
    world.incident({ title: 'Look at me' });
    expect(linesOf().at(-1)).toBe('👉 For you: 1 draft (/drafts), 1 incident to /ack; next deadline 09:00');
  });
});

describe('the text of a digest', () => {
  test('fits a phone however much happened, with the worst of it first', () => {
    workedBefore();
    for (let n = 0; n < 60; n += 1)
      world.incident({
        title: `Trouble ${n} ${'x'.repeat(300)}`,
        severity: n < 3 ? 'critical' : 'warning',
        openedAt: START - (n + 1) * MINUTE,
      });
    world.ran('scout', START - HOUR, { usd: 2 });
    world.draft('writer', START - HOUR);

    const shown = linesOf();
    expect(shown.reduce((sum, text) => sum + Math.max(1, Math.ceil(text.length / 46)), 0)).toBeLessThanOrEqual(25);
    expect(shown.slice(1, 4).every((text) => text.startsWith('🔴'))).toBe(true);
    expect(shown.some((text) => /^… and \d+ more: \/incidents/.test(text))).toBe(true);
    expect(shown.join('\n').length).toBeLessThan(4_096);
  });
});
