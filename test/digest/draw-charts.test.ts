import { describe, expect, it } from 'vitest';
import { deskPicture } from '../../src/digest/charts/desk-picture.ts';
import { FONT_FAMILY } from '../../src/digest/charts/look.ts';
import type { Picture } from '../../src/digest/charts/picture.ts';
import { spendPicture } from '../../src/digest/charts/spend-picture.ts';
import { timelinePicture } from '../../src/digest/charts/timeline-picture.ts';
import type { DeskFigures, DigestFigures, SpendFigures, TimelineFigures } from '../../src/digest/figures.ts';
import { emptyFigures, madeUpFigures } from './draw-figures.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

interface Series {
  readonly name: string;
  readonly data: readonly unknown[];
  readonly markLine?: { readonly data: readonly { readonly yAxis: number; readonly label?: { formatter: string } }[] };
  readonly markArea?: { readonly data: readonly { readonly coord: readonly [number, number] }[][] };
}
interface Element {
  readonly type: string;
  readonly x?: number;
  readonly y?: number;
  readonly shape?: Readonly<Record<string, number>>;
  readonly style: {
    readonly text?: string;
    readonly align?: string;
    readonly fontSize?: number;
    readonly width?: number;
    readonly fontFamily?: string;
  };
}

/** What the tests look at of a picture that is there. */
function shown(picture: Picture | undefined) {
  if (picture === undefined) throw new Error('there is no picture');
  const { option, height, width, caption } = picture;
  const { text: title, subtext: subtitle } = option.title as { text: string; subtext: string };
  const series = option.series as unknown as readonly Series[];
  const elements = (option.graphic as unknown as { elements: readonly Element[] }).elements;
  const words = elements.flatMap(({ style }) => (style.text === undefined ? [] : [style.text]));
  const named = (name: string) => series.find((each) => each.name === name);
  return { title, subtitle, series, named, elements, words, width, height, caption, option };
}

function spend(changes: Partial<SpendFigures>): SpendFigures {
  return {
    days: ['2026-11-01', '2026-11-02'],
    agents: [
      { name: 'scout', usd: [10, 20.5] },
      { name: 'creator', usd: [0, 10.7] },
    ],
    monthUsd: 41.2,
    forecastUsd: 58.4,
    budgetUsd: 60,
    daysInMonth: 30,
    ...changes,
  };
}

describe('the picture of the spend', () => {
  it.each<[Partial<SpendFigures>, string, string]>([
    [{}, '$41.20 so far, $58 expected of $60', 'Spend in November at list prices: within the budget'],
    [
      { forecastUsd: 72 },
      '$41.20 so far, $72 expected of $60',
      'Spend in November at list prices: $12 over the budget by its end',
    ],
    [{ budgetUsd: null }, '$41.20 so far, $58 expected', 'Spend in November at list prices, by agent and day'],
    [
      { forecastUsd: null },
      '$41.20 so far of $60',
      'Spend in November at list prices: too early to say where it leads',
    ],
    [
      { budgetUsd: 41.2 },
      '$41.20 so far, $58 expected of $41',
      'Spend in November at list prices: the budget is used up',
    ],
    [
      { monthUsd: 1_234_567.8, forecastUsd: 2e6, budgetUsd: 3e6 },
      '$1.2M so far, $2M expected of $3M',
      'Spend in November at list prices: within the budget',
    ],
  ])('says in its title what %j comes to', (changes, title, subtitle) => {
    const picture = shown(spendPicture(spend(changes)));

    expect(picture).toMatchObject({ title, subtitle, caption: `${title}. ${subtitle}.` });
  });

  it('stacks the agents by day and spreads what is still expected over the days that have not begun', () => {
    const { named, option } = shown(spendPicture(spend({ forecastUsd: 69.2 })));

    expect(named('scout')?.data).toEqual([10, 20.5]);
    expect(named('creator')?.data).toEqual([0, 10.7]);
    expect(named('expected')?.data.slice(0, 3)).toEqual([null, null, 1]);
    expect(named('expected')?.data).toHaveLength(30);
    const days = (option.xAxis as { data: { value: string }[] }).data.map(({ value }) => value);
    expect(days.filter((day) => day !== '')).toEqual(['2', '5', '10', '15', '20', '25', '30']);
  });

  it('draws the budget as what a day may cost', () => {
    const { named } = shown(spendPicture(spend({ budgetUsd: 300 })));

    expect(named('expected')?.markLine?.data).toEqual([{ yAxis: 10 }]);
  });

  it.each([
    ['so high that it would press the bars flat', 6_000],
    ['so low that it would lie on the axis', 3],
  ])('leaves the line of a budget out when it is %s', (_how, budgetUsd) => {
    const { named } = shown(spendPicture(spend({ budgetUsd })));

    expect(named('expected')?.markLine).toBeUndefined();
  });

  it('makes one of all agents after the sixth', () => {
    const agents = Array.from({ length: 9 }, (_, index) => ({ name: `agent-${index}`, usd: [9 - index, 1] }));
    const { words, series } = shown(spendPicture(spend({ agents })));

    expect(series.map(({ name }) => name).slice(5)).toEqual(['agent-5', '3 others', 'expected']);
    expect(words).toContain('3 others');
    expect(series[6]?.data).toEqual([6, 3]);
  });

  it('is not there when nothing was spent', () => {
    expect(
      spendPicture(spend({ agents: [{ name: 'scout', usd: [0, 0] }], monthUsd: 0, forecastUsd: 0 })),
    ).toBeUndefined();
  });
});

function timeline(figures: Partial<TimelineFigures>, hours = 12): DigestFigures {
  return { ...madeUpFigures({ hours }), timeline: { agents: [], outages: [], ...figures } };
}

describe('the picture of the runs', () => {
  const { fromAt, toAt } = madeUpFigures({ hours: 12 });
  const run = (outcome: 'done' | 'failed' | 'running', from = fromAt, to = from + MINUTE_MS) => ({
    fromAt: from,
    toAt: to,
    outcome,
  });

  it('counts runs and failures, and how long something was held up, where overlapping outages count once', () => {
    const outages = [
      { fromAt: fromAt - HOUR_MS, toAt: fromAt + HOUR_MS, title: 'one', agents: ['scout'] },
      { fromAt: fromAt + HOUR_MS / 2, toAt: fromAt + 2 * HOUR_MS, title: 'two', agents: [] },
      { fromAt: toAt - HOUR_MS, toAt: null, title: 'three', agents: ['scout'] },
    ];
    const agents = [{ name: 'scout', runs: [run('done'), run('failed')] }];
    const { title, subtitle, words } = shown(timelinePicture(timeline({ agents, outages })));

    expect(title).toBe('2 runs, 1 failed, held up 3 h');
    expect(subtitle).toBe('1 agent, Sun 22, 08:00 to 20:00');
    expect(words.filter((word) => !/^\d$/.test(word)).slice(0, 6)).toEqual([
      'one',
      '1 agent, 2 h, until 09:00',
      'two',
      'all, 08:30, 1 h 30 min',
      'three',
      '1 agent, open for 60 min',
    ]);
  });

  it('has a segment for each run, what went wrong on top', () => {
    const agents = [
      { name: 'scout', runs: [run('failed')] },
      { name: 'creator', runs: [run('done'), run('running', toAt - MINUTE_MS, toAt)] },
    ];
    const { named, words, option } = shown(timelinePicture(timeline({ agents })));

    expect(named('runs')?.data).toEqual([
      [1, fromAt, fromAt + MINUTE_MS, 0],
      [1, toAt - MINUTE_MS, toAt, 1],
      [0, fromAt, fromAt + MINUTE_MS, 4],
    ]);
    expect(words).toEqual(['done', '1', 'running', '1', 'failed', '1']);
    expect(option.yAxis).toMatchObject({ min: -0.5, max: 1.5, inverse: true });
  });

  it('marks an outage across the rows of those concerned, neighbours as one area, and an open one to the end', () => {
    const names = ['a', 'b', 'c', 'd'];
    const agents = names.map((name) => ({ name, runs: [] }));
    const outages = [
      { fromAt: fromAt + 5, toAt: fromAt + 9, title: 'some', agents: ['a', 'b', 'd'] },
      { fromAt: toAt - 7, toAt: null, title: 'all', agents: [] },
    ];
    const { named, title } = shown(timelinePicture(timeline({ agents, outages })));

    expect(title).toBe('Nothing ran, nothing held up');
    expect(named('runs')?.markArea?.data.map((area) => area.map(({ coord }) => coord))).toEqual([
      [
        [fromAt + 5, -0.5],
        [fromAt + 9, 1.5],
      ],
      [
        [fromAt + 5, 2.5],
        [fromAt + 9, 3.5],
      ],
      [
        [toAt - 7, -0.5],
        [toAt, 3.5],
      ],
    ]);
  });

  it('gives a row to the 24 to whom most happened, and says how many have none', () => {
    const agents = Array.from({ length: 50 }, (_, index) => ({
      name: `agent-${index}`,
      runs: index === 49 ? [run('failed')] : Array.from({ length: index }, () => run('done')),
    }));
    const { words, option } = shown(timelinePicture(timeline({ agents })));
    const { formatter, customValues } = (
      option.yAxis as { axisLabel: { formatter: (row: number) => string; customValues: number[] } }
    ).axisLabel;

    expect(customValues.map(formatter)).toEqual([
      ...Array.from({ length: 23 }, (_, index) => `agent-${index + 26}`),
      'agent-49',
    ]);
    expect(words.slice(-2)).toEqual(['agents without a row', '26']);
  });

  it('makes one segment of runs that would be painted over each other, and paints all of them at once', () => {
    const runs = Array.from({ length: 5_000 }, (_, index) =>
      run('done', fromAt + index * 8_000, fromAt + index * 8_000 + 1_000),
    );
    const { named, title, words } = shown(timelinePicture(timeline({ agents: [{ name: 'scout', runs }] })));

    expect(named('runs')).toMatchObject({ progressive: 0 });
    expect(named('runs')?.data.length).toBeLessThan(300);
    expect(title).toBe('5,000 runs, none failed, nothing held up');
    expect(words).toEqual(['done', '5,000']);
  });

  it('is not there when nothing ran and nothing was held up', () => {
    expect(timelinePicture(timeline({ agents: [{ name: 'scout', runs: [] }] }))).toBeUndefined();
  });

  it('is high enough for an album, which cuts what is wide, however few agents there are', () => {
    const heights = [1, 2, 7, 8, 9].map((agents) => {
      const rows = Array.from({ length: agents }, (_, at) => ({ name: `agent-${at}`, runs: [run('done')] }));
      return shown(timelinePicture(timeline({ agents: rows }))).height;
    });

    expect(heights.filter((height) => height < 860)).toEqual([]);
    expect(Math.max(...heights)).toBeLessThan(960);
  });
});

function desk(figures: Partial<DeskFigures>): DigestFigures {
  return { ...madeUpFigures(), desk: { decisions: [], missed: [], ...figures } };
}

describe('the picture of the desk', () => {
  const { fromAt } = madeUpFigures();
  const decided = (waitedMs: number, verdict: 'approved' | 'rejected' = 'approved') => ({
    at: fromAt + waitedMs,
    kind: 'reply',
    waitedMs,
    windowMs: 4 * HOUR_MS,
    verdict,
  });
  const missed = (kind: string) => ({ at: fromAt, kind, windowMs: 4 * HOUR_MS });

  it.each<[string, Partial<DeskFigures>, string, string]>([
    [
      'one decision',
      { decisions: [decided(12 * MINUTE_MS)] },
      'One draft decided, after 12 min',
      '1 decision, every window met',
    ],
    [
      'three',
      { decisions: [1, 5, 30].map((minutes) => decided(minutes * MINUTE_MS)) },
      'Half decided within 5 min',
      '3 decisions, every window met',
    ],
    [
      'ten',
      { decisions: [1, 2, 3, 4, 5, 6, 7, 8, 125, 300].map((minutes) => decided(minutes * MINUTE_MS)) },
      'Half decided within 5 min, 90 % within 2 h 5 min',
      '10 decisions, every window met',
    ],
    [
      'missed windows only',
      { missed: ['post', 'reply', 'reply'].map(missed) },
      'No decision, 3 windows missed',
      '0 decisions; windows missed: reply 2, post 1',
    ],
    [
      'many kinds',
      { missed: ['a', 'b', 'c', 'd', 'e', 'a'].map(missed) },
      'No decision, 6 windows missed',
      '0 decisions; windows missed: a 2, b 1, c 1, others 2',
    ],
  ])('says in its title what %s come to', (_what, figures, title, subtitle) => {
    expect(shown(deskPicture(desk(figures)))).toMatchObject({ title, subtitle });
  });

  it('puts each decision at the logarithm of its wait, and a missed window where it ended', () => {
    const { named, words } = shown(
      deskPicture(desk({ decisions: [decided(100_000), decided(0, 'rejected')], missed: [missed('reply')] })),
    );

    expect(named('approved')?.data).toEqual([[fromAt + 100_000, 5]]);
    // What a rule decided at once stands with a second.
    expect(named('rejected')?.data).toEqual([[fromAt, 3]]);
    expect(named('missed')?.data).toEqual([[fromAt, Math.log10(4 * HOUR_MS)]]);
    expect(words).toEqual(['approved', '1', 'rejected', '1', 'missed', '1']);
  });

  it('names the median below its line and the ninetieth percent above its own, so that they never touch', () => {
    const { named } = shown(deskPicture(desk({ decisions: Array.from({ length: 10 }, () => decided(HOUR_MS)) })));

    expect(named('named')?.markLine?.data).toMatchObject([
      { label: { formatter: '90 % within 60 min', position: 'insideEndTop' } },
      { label: { formatter: 'half within 60 min', position: 'insideEndBottom' } },
    ]);
  });

  it('is not there when nothing was decided and nothing was missed', () => {
    expect(deskPicture(desk({}))).toBeUndefined();
  });
});

describe('the layout of the pictures', () => {
  const cases: readonly [string, DigestFigures][] = [
    ['one agent on one day', madeUpFigures({ agents: 1, days: 1, decisions: 1 })],
    ['seven agents', madeUpFigures()],
    ['thirty agents in a month', madeUpFigures({ agents: 30, hours: 720, days: 30 })],
    ['names that are too long', madeUpFigures({ agents: 9, nameOf: (index) => `${'w'.repeat(300)}-${index}` })],
    ['ten outages in ten minutes', { ...madeUpFigures(), timeline: crowded() }],
  ];

  it.each(cases)('keeps every word inside the card and readable on a phone for %s', (_what, figures) => {
    const pictures = [spendPicture(figures.spend), timelinePicture(figures), deskPicture(figures)].map(shown);

    for (const { elements, width, height, title, option } of pictures) {
      const { fontSize } = (option.title as { textStyle: { fontSize: number } }).textStyle;
      expect(title.length * fontSize * 0.57).toBeLessThan(width - 100);
      for (const { style, x = 0, y = 0 } of elements.filter(({ type }) => type === 'text')) {
        const { text = '', align = 'left', fontSize: size = 0 } = style;
        // Another family would be another font on each machine.
        expect(style.fontFamily).toBe(FONT_FAMILY);
        const wide = Math.min(style.width ?? Infinity, text.length * size * 0.5);
        const left = align === 'right' ? x - wide : align === 'center' ? x - wide / 2 : x;
        expect(size).toBeGreaterThanOrEqual(34);
        expect(left).toBeGreaterThan(0);
        expect(left + wide).toBeLessThan(width);
        expect(y + size / 2).toBeLessThan(height);
      }
    }
  });

  it.each(cases)('lets no two words overlap for %s', (_what, figures) => {
    const pictures = [spendPicture(figures.spend), timelinePicture(figures), deskPicture(figures)].map(shown);

    for (const { elements } of pictures) {
      const boxes = elements
        .filter(({ type }) => type === 'text')
        .map(({ style, x = 0, y = 0 }) => {
          const { text = '', align = 'left' } = style;
          const wide = Math.min(style.width ?? Infinity, text.length * 34 * 0.5);
          const left = align === 'right' ? x - wide : align === 'center' ? x - wide / 2 : x;
          return { text, left, right: left + wide, top: y - 17, bottom: y + 17 };
        });
      const overlaps = boxes.flatMap((one, index) =>
        boxes
          .slice(index + 1)
          .filter((two) => one.left < two.right && two.left < one.right && one.top < two.bottom && two.top < one.bottom)
          .map((two) => `${one.text} / ${two.text}`),
      );
      expect(overlaps).toEqual([]);
    }
  });

  it('shows nothing for a day on which nothing was', () => {
    const figures = emptyFigures();

    expect([spendPicture(figures.spend), timelinePicture(figures), deskPicture(figures)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  function crowded(): TimelineFigures {
    const { timeline: each, toAt } = madeUpFigures();
    const outages = Array.from({ length: 10 }, (_, index) => ({
      fromAt: toAt - (10 - index) * MINUTE_MS,
      toAt: toAt - (9 - index) * MINUTE_MS,
      title: `the credential number ${index} of a service with a rather long name is dead again`,
      agents: [],
    }));
    return { ...each, outages };
  }
});
