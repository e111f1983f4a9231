import { describe, expect, it } from 'vitest';
import type { DarkCause, Life } from '../../src/sentinel/life.ts';
import { afterTelling, decideNews, type News, type Outages } from '../../src/sentinel/outage.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const alive: Life = { kind: 'alive', ageMs: 0 };
const dark = (cause: DarkCause = 'gone', since: number | undefined = 0): Life => ({ kind: 'dark', cause, since });

/** Lives through looks a minute apart; what is told arrives unless `isDeaf` says that nobody can be reached then. */
function live(looks: readonly Life[], isDeaf: (look: number) => boolean = () => false): string[] {
  let known: Outages = { current: undefined, tellings: [] };
  const told: string[] = [];
  for (const [index, life] of looks.entries()) {
    const now = (index + 1) * MINUTE;
    const { outages, news } = decideNews(known, life, now);
    known = outages;
    if (news === undefined || isDeaf(index)) continue;
    known = afterTelling(outages, news, now);
    told.push(`${index} ${describeNews(news)}`);
  }
  return told;
}

function describeNews(news: News): string {
  return news.kind === 'back' ? `back after ${news.lastedMs / MINUTE}` : news.outage.cause;
}

function times(count: number, life: Life): Life[] {
  return Array.from({ length: count }, () => life);
}

describe('decideNews', () => {
  it('tells an outage once, and once that it is over', () => {
    expect(live([alive, ...times(5, dark('gone', 2 * MINUTE)), alive, alive])).toEqual(['1 gone', '6 back after 5']);
  });

  it('tries each look until somebody could be told', () => {
    expect(live(times(5, dark()), (look) => look < 3)).toEqual(['3 gone']);
  });

  it('tries each look until somebody could be told that it is over', () => {
    expect(live([dark(), ...times(4, alive)], (look) => look === 1 || look === 2)).toEqual([
      '0 gone',
      '3 back after 2',
    ]);
  });

  it('gives up after a day of trying to tell that it is over', () => {
    const looks = [dark(), ...times(26 * 60, alive)];

    expect(live(looks, (look) => look > 0 && look < 25 * 60)).toEqual(['0 gone']);
  });

  it('says nothing of the end of a drill, and tells of a real outage in the middle of one', () => {
    expect(live([dark('drill'), dark('drill'), alive, alive, dark('drill')])).toEqual(['0 drill', '4 drill']);
    expect(live([dark('drill'), dark('gone'), alive])).toEqual(['0 drill', '1 gone', expect.stringMatching('2 back')]);
  });

  it('says nothing of the end of an outage that nobody heard of', () => {
    expect(live([dark(), alive, alive], (look) => look === 0)).toEqual([]);
  });

  it('takes a start for neither an end nor an outage', () => {
    expect(live([{ kind: 'starting' }, dark(), { kind: 'starting' }, dark(), alive])).toEqual([
      '1 gone',
      '4 back after 5',
    ]);
  });

  it('tells anew when a process is gone after a stop on purpose', () => {
    expect(live([dark('stopped', MINUTE), dark('stopped', MINUTE), dark('gone', 2 * MINUTE), dark('gone')])).toEqual([
      '0 stopped',
      '2 gone',
    ]);
  });

  it('tells a hang that becomes a missing process once', () => {
    expect(live([dark('silent'), dark('gone'), dark('rebooted'), dark('deaf')])).toEqual(['0 silent']);
  });

  it('tells at most three times an hour of one that comes and goes, and then waits with its end', () => {
    const flapping = Array.from({ length: 60 }, (_, look) => (look % 2 === 0 ? dark('gone', look * MINUTE) : alive));

    const told = live([...flapping, ...times(15, alive)]);

    expect(told.filter((line) => line.endsWith('gone'))).toHaveLength(3);
    expect(told.filter((line) => line.includes('back'))).toHaveLength(3);
    expect(told.slice(-2)).toEqual(['4 gone', '60 back after 56']);
  });

  it('tells one anew that came back, and then stays dark for two minutes', () => {
    const fall = dark('gone', 5 * MINUTE);
    const looks = [dark(), alive, dark('gone', 2 * MINUTE), { kind: 'starting' } as const, alive];

    expect(live([...looks, fall, fall, fall, fall])).toEqual([
      '0 gone',
      '1 back after 2',
      '2 gone',
      '4 back after 3',
      '5 gone',
    ]);
    // Three were told within the hour: the end of the third one waits, and the fall after it is told all the same, once.
    const flapping = [dark(), alive, dark('gone', 2 * MINUTE), alive, dark('gone', 4 * MINUTE), alive];
    const last = dark('not-started', 6.5 * MINUTE);
    expect(live([...flapping, last, last, last, last]).slice(-2)).toEqual(['4 gone', '8 not-started']);
  });

  it('tells one anew that came back between two looks, and then stays dark', () => {
    expect(
      live([dark(), dark('gone', 1.5 * MINUTE), dark('ended', 2.5 * MINUTE), ...times(4, dark('ended', 2.5 * MINUTE))]),
    ).toEqual(['0 gone', '4 ended']);
  });

  it('tells anew that one which was started again hears nothing', () => {
    const deaf = dark('deaf', 1.5 * MINUTE);

    expect(live([dark(), deaf, deaf, deaf, deaf])).toEqual(['0 gone', '3 deaf']);
  });

  it('tells once that a start failed after a stop, whoever looks next', () => {
    const stopped = dark('stopped', 1 * MINUTE);

    expect(live([stopped, dark('not-started', 1 * MINUTE), stopped, stopped])).toEqual(['0 stopped', '1 not-started']);
  });

  it('counts an outage until its next process was started', () => {
    const back: Life = { kind: 'alive', ageMs: 0, startedAt: 1.5 * MINUTE };

    expect(live([dark('gone', MINUTE), back])).toEqual(['0 gone', '1 back after 0.5']);
    expect(live([dark('silent', MINUTE), { ...back, startedAt: 0 }])).toEqual(['0 silent', '1 back after 1']);
    expect(live([dark('deaf', MINUTE), back])).toEqual(['0 deaf', '1 back after 1']);
  });

  it('forgets what it told when the clock was set back by more than that', () => {
    const { outages } = decideNews({ current: undefined, tellings: [9 * HOUR] }, alive, HOUR);

    expect(outages.tellings).toEqual([]);
  });
});
