import { budgetName, hasReached } from '../../budget/budget.ts';
import type { RaiseOffer } from '../../budget/raises.ts';
import type { BudgetLine, BudgetReport } from '../../budget/report.ts';
import type { CallbackData } from '../callback-data.ts';
import type { Button, Content } from '../outbox.ts';
import { describeAmount } from './budget-words.ts';
import { bold, clockTime, code, count, dollarText, line, lines, type Piece, richText, shorten } from './words.ts';

/** Beyond so many agents a list is no overview any more. */
const MOST_LINES = 25;
/** Of so many agents at their limit there are buttons. */
const MOST_BUTTONS = 5;
const BAR_BLOCKS = 10;
/** An agent that has spent so many percent of its budget gets a button. */
const NEAR_PERCENT = 95;

/** By how many percent a button raises a budget. */
export const RAISE_PERCENTS = [20, 50] as const;
/** The revision of the button that leaves the question whether to raise. */
export const RAISE_BACK = 0;

/** What the buttons of /budget are bound to; those of an incident are bound to it. */
export function raiseBinding(agent: string, month: string): string {
  return `raise:${month}:${agent}`;
}

/** The card of /budget. */
export function renderBudget(
  report: BudgetReport,
  setting: { readonly timezone: string; readonly callbackData: CallbackData },
): Content & { readonly kind: 'text' } {
  const { month, fleet, agents, silent, now } = report;
  const at = (time: number): Piece => clockTime(time, setting.timezone, now);
  const { spent } = fleet.purse;
  const body = lines(
    bold(`💰 ${month.name}: ${describeShare(fleet)}`),
    fleet.limitMicroUsd === undefined
      ? 'The fleet has no budget.'
      : describeBar(fleet.purse.spentMicroUsd, fleet.limitMicroUsd),
    describeAmount(spent),
    `Set aside for what runs now: ${dollarText(fleet.purse.setAsideMicroUsd)}`,
    describeForecast(fleet, at),
    agents.length === 0 ? undefined : '',
    ...agents.slice(0, MOST_LINES).map((agent) => renderAgent(agent, at)),
    agents.length > MOST_LINES ? `… and ${agents.length - MOST_LINES} more` : undefined,
    '',
    ...renderDays(report, setting.timezone),
    silent.length === 0
      ? undefined
      : line(
          `${count(silent.length, 'agent tells', 'agents tell')} no costs: ${shorten(silent.join(', '), 300)}; `,
          code('prices'),
          ' in fleet.yaml',
        ),
    report.unmetered === 0 ? undefined : 'Agents of runtime command tell no costs.',
    'Budgets count both, billed and covered, at list prices: they are a guard against runaways.',
  );
  return { kind: 'text', body: richText(body), buttons: buttonsOf(report, setting.callbackData) };
}

/** Asks whether to raise; `incidentId` is the incident whose card shows the question, if one does. */
export function renderRaiseQuestion(
  offer: RaiseOffer,
  percent: number,
  callbackData: CallbackData,
  back: { readonly data: string; readonly incidentId: number },
): Content {
  const { agent, month, limitMicroUsd, raisedMicroUsd, spentMicroUsd } = offer;
  const press = { verb: 'raiseyes' as const, id: limitMicroUsd, revision: percent, choice: back.incidentId };
  const raised = round(raisedMicroUsd);
  const name = budgetName(agent, month);
  return {
    kind: 'text',
    body: richText(
      lines(
        bold(`Raise ${name} from ${round(limitMicroUsd)} to ${raised}?`),
        'It ends with the month; fleet.yaml stays as it is.',
        spentMicroUsd >= raisedMicroUsd
          ? `${dollarText(spentMicroUsd)} are spent already: that is not enough to go on.`
          : `${dollarText(spentMicroUsd)} are spent.`,
      ),
    ),
    buttons: [
      [
        {
          text: `Raise to ${raised}`,
          style: 'primary',
          data: callbackData.sign(press, raiseBinding(agent, month.key)),
        },
        { text: 'Back', data: back.data },
      ],
    ],
  };
}

/** What is left of the question once it is raised. */
export function renderRaised({ agent, month, limitMicroUsd, raisedMicroUsd }: RaiseOffer): Content {
  const words = `Raised: ${budgetName(agent, month)} is ${round(raisedMicroUsd)} now, it was ${round(limitMicroUsd)}. It ends with the month.`;
  return { kind: 'text', body: richText(`✅ ${words}`), buttons: [] };
}

/** Dollars without their cents where there are none. */
function round(microUsd: number): string {
  return dollarText(microUsd).replace(/\.00$/, '');
}

function describeShare({ purse, limitMicroUsd }: BudgetLine): string {
  if (limitMicroUsd === undefined) return dollarText(purse.spentMicroUsd);
  return `${dollarText(purse.spentMicroUsd)} of ${round(limitMicroUsd)}`;
}

/** Ten blocks, and the percent: it is rounded down, so that 100 % is said only when it is reached. */
function describeBar(spent: number, limit: number): string {
  const percent = limit === 0 ? 100 : Math.floor((spent * 100) / limit);
  const full = Math.min(BAR_BLOCKS, Math.floor(percent / (100 / BAR_BLOCKS)));
  return `${'▓'.repeat(full)}${'░'.repeat(BAR_BLOCKS - full)} ${percent} %`;
}

function describeForecast({ forecast, limitMicroUsd, purse }: BudgetLine, at: (time: number) => Piece): Piece {
  if (limitMicroUsd !== undefined && purse.spentMicroUsd >= limitMicroUsd) return 'Used up: nothing starts any more.';
  const words = `By the month’s end about ${dollarText(forecast.microUsd)}`;
  return forecast.usedUpAt === undefined ? words : line(words, ': used up by ', at(forecast.usedUpAt));
}

function renderAgent(agent: BudgetLine, at: (time: number) => Piece): Piece {
  const { purse, limitMicroUsd, forecast } = agent;
  const isUsedUp = limitMicroUsd !== undefined && purse.spentMicroUsd >= limitMicroUsd;
  const covered =
    purse.spent.covered === 0
      ? ''
      : purse.spent.billed === 0
        ? ' · covered'
        : ` · ${dollarText(purse.spent.covered)} covered`;
  return line(
    bold(agent.agent),
    ` ${describeShare(agent)}`,
    limitMicroUsd === undefined ? '' : ` ${describeBar(purse.spentMicroUsd, limitMicroUsd)}`,
    covered,
    purse.setAsideMicroUsd === 0 ? '' : ` · ${dollarText(purse.setAsideMicroUsd)} set aside`,
    isUsedUp ? ' · used up' : ` · → ${dollarText(forecast.microUsd)}`,
    isUsedUp || forecast.usedUpAt === undefined ? '' : line(', used up by ', at(forecast.usedUpAt)),
  );
}

/** One sign for each day, as high as what it cost. */
function renderDays({ days }: BudgetReport, timezone: string): readonly Piece[] {
  const most = Math.max(0, ...days.map(({ microUsd }) => microUsd));
  const total = days.reduce((sum, { microUsd }) => sum + microUsd, 0);
  if (total === 0) return ['Nothing was spent in the last 7 days.'];
  const bars = days.map(({ microUsd }) => (microUsd === 0 ? '·' : barOf(microUsd / most))).join('');
  const name = new Intl.DateTimeFormat('en-GB', {
    timeZone: timezone,
    weekday: 'short',
    day: 'numeric',
    month: 'short',
  });
  const top = days.find(({ microUsd }) => microUsd === most)?.startsAt ?? 0;
  return [line('Last 7 days ', code(bars), ` ${dollarText(total)}, most on ${name.format(top)}: ${dollarText(most)}`)];
}

function barOf(part: number): string {
  const heights = '▁▂▃▄▅▆▇█';
  return heights[Math.min(heights.length - 1, Math.floor(part * heights.length))] ?? '▁';
}

function buttonsOf({ fleet, agents, month }: BudgetReport, callbackData: CallbackData): readonly (readonly Button[])[] {
  const near = agents.filter(
    ({ purse, limitMicroUsd }) =>
      limitMicroUsd !== undefined && hasReached(purse.spentMicroUsd, limitMicroUsd, NEAR_PERCENT),
  );
  const raisable = [...(fleet.limitMicroUsd === undefined ? [] : [fleet]), ...near.slice(0, MOST_BUTTONS)];
  // One below the other: half a row would cut the percent off.
  return raisable.flatMap(({ agent }) =>
    RAISE_PERCENTS.map((percent) => [
      {
        text: `Raise ${agent === '' ? 'the fleet' : shorten(agent, 20)} +${percent} %`,
        data: callbackData.sign({ verb: 'raise', id: 0, revision: percent, choice: 0 }, raiseBinding(agent, month.key)),
      },
    ]),
  );
}
