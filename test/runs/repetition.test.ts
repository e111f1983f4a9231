import { describe, expect, it } from 'vitest';
import { createSignReader } from '../../src/runs/signs.ts';
import { likenessOfText } from '../../src/runtimes/likeness.ts';
import { createRepetitionWatch } from '../../src/runs/repetition.ts';
import { createManualClock } from '../fakes/manual-clock.ts';

describe('what is alike', () => {
  it.each([
    ['digits', 'curl :8080/jobs/17', 'curl :9090/jobs/18'],
    ['white space', 'git  status', 'git status\n'],
    ['names of sessions', 'resume 0f3c9a12-77de-4b1e-9c55-aa01bb02cc03', 'resume 9e3c9a12-17de-4b1e-8c55-aa01bb02cc99'],
    ['digits far behind', `${'x'.repeat(500)} 1`, `${'x'.repeat(500)} 2`],
  ])('differs in %s only', (_, one, other) => {
    expect(likenessOfText(one)).toBe(likenessOfText(other));
  });

  it('is not what differs in a word', () => {
    expect(likenessOfText(`${'x'.repeat(500)} a`)).not.toBe(likenessOfText(`${'x'.repeat(500)} b`));
    expect(likenessOfText('read a.ts')).not.toBe(likenessOfText('read b.ts'));
  });
});

describe('a watch over repetition', () => {
  it('tells what is done over and over, how often and for how long', () => {
    const watch = createRepetitionWatch();
    for (let number = 0; number < 37; number += 1) watch.take('Bash: curl x', number * 20_000);

    expect(watch.isLooping()).toBe(true);
    expect(watch.summary()).toEqual({ words: 'Bash: curl x 37 times in 12 min', times: 37 });
  });

  it('sees through a loop of several steps', () => {
    const watch = createRepetitionWatch();
    const taken = Array.from({ length: 12 }, (_, number) => watch.take(['a', 'b', 'c'][number % 3] ?? '', number));

    expect(taken).toEqual([true, true, true, ...Array.from({ length: 9 }, () => false)]);
    expect(watch.summary()?.words).toContain('times in 0 s; ');
  });

  it('begins to count anew when something new is done', () => {
    const watch = createRepetitionWatch();
    for (let number = 0; number < 5; number += 1) watch.take('a', number);

    expect(watch.take('b', 6)).toBe(true);

    expect(watch.isLooping()).toBe(false);
    expect(watch.summary()).toBeUndefined();
  });

  it('takes for new what was done long before', () => {
    const watch = createRepetitionWatch();
    const others = ['b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'];
    watch.take('a', 0);
    for (const other of others) watch.take(other, 1);

    expect(watch.take('a', 2)).toBe(true);
  });
});

describe('signs of life', () => {
  it('are calls and their ends, but none that repeat, whatever is said in between', () => {
    const clock = createManualClock();
    const signs = createSignReader(clock);
    const seen: (number | undefined)[] = [];
    const start = clock.now();
    for (let number = 0; number < 6; number += 1) {
      signs.take({ kind: 'tool-begun', id: `${number}`, tool: 'Bash', input: 'make' });
      signs.take({ kind: 'said', text: `word number ${'x'.repeat(number)}` });
      signs.take({ kind: 'tool-ended', id: `${number}`, tool: 'Bash' });
      seen.push((signs.livelyAt() ?? 0) - start);
      clock.jump(1_000);
    }

    expect(seen).toEqual([0, 1_000, 2_000, 2_000, 2_000, 2_000]);
    signs.take({ kind: 'tool-begun', id: 'n', tool: 'Bash', input: 'make', likeness: 'another' });
    expect((signs.livelyAt() ?? 0) - start).toBe(6_000);
  });

  it('are not what our own tools do: they have clocks of their own', () => {
    const signs = createSignReader(createManualClock());

    for (const tool of ['mcp__nightdesk__beat', 'mcp_nightdesk_beat'])
      signs.take({ kind: 'tool-begun', id: tool, tool, input: '' });

    expect(signs.livelyAt()).toBeUndefined();
  });

  it('compare a flood of lines as far as it is worth it', () => {
    const signs = createSignReader(createManualClock());

    for (let number = 0; number < 1_000; number += 1) signs.takeOutput(Buffer.from('y\n'.repeat(1_000)));

    expect(signs.repeating()?.words).toBe('y 100 times in 0 s');
  });
});
