import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { createLedger } from '../../src/budget/ledger.ts';
import { createBudgetMeter } from '../../src/budget/meter.ts';
import { createRaises } from '../../src/budget/raises.ts';
import { createReservations } from '../../src/budget/reservations.ts';
import { createRunSpending } from '../../src/budget/run-spending.ts';
import { createIncidentRegister } from '../../src/incidents/register.ts';
import type { IncidentRegister } from '../../src/incidents/register.ts';
import { createWallClock } from '../../src/loop/wall-clock.ts';
import { createCallbackData } from '../../src/telegram/callback-data.ts';
import { createOutbox } from '../../src/telegram/outbox.ts';
import type { RunEnd } from '../../storage/run-store.ts';
import { createFleetFolder } from '../config/fleet-folder.ts';
import { createManualClock } from '../fakes/manual-clock.ts';
import { createMemoryLog } from '../fakes/memory-log.ts';
import { openStorage } from '../fakes/open-storage.ts';

const HOUR = 3_600_000;
const DOLLAR = 1_000_000;
/** 20 October 2026: five days before summer time ends in Berlin, twelve before the month does. */
const START = Date.UTC(2026, 9, 20, 12);
const AGENTS = ['scout', 'writer', 'coder'] as const;
const FLEET = `timezone: Europe/Berlin
home: ./state
telegram: { owners: [1] }
budget: { monthly: 6 }
agents:
  scout: { runtime: claude, prompt: ./prompts/scout.md, schedule: every 1h, max_run_cost: 2, budget: 4 }
  writer: { runtime: claude, prompt: ./prompts/scout.md, schedule: every 1h }
  coder: { runtime: codex, prompt: ./prompts/scout.md, schedule: every 1h, budget: 3 }
`;
const NO_USAGE = { inputTokens: null, outputTokens: null, contextTokens: null, contextLimit: null };

interface AliveRun {
  readonly id: number;
  readonly agent: string;
  readonly reserved: number | null;
  cost: number;
}

/** What may happen; the fractions choose how much of what is possible. */
type Step =
  | { readonly kind: 'start' | 'end'; readonly agent: (typeof AGENTS)[number] }
  | { readonly kind: 'spend'; readonly agent: (typeof AGENTS)[number]; readonly part: number }
  | { readonly kind: 'wait'; readonly hours: number }
  | { readonly kind: 'raise'; readonly agent: string; readonly percent: number }
  | { readonly kind: 'restart' };

const agentArbitrary = fc.constantFrom(...AGENTS);
const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('start' as const), agent: agentArbitrary }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('spend' as const),
      agent: agentArbitrary,
      part: fc.double({ min: 0.2, max: 1, noNaN: true }),
    }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('end' as const), agent: agentArbitrary }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('wait' as const), hours: fc.integer({ min: 1, max: 48 }) }) },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constant('raise' as const),
      agent: fc.constantFrom('', 'scout', 'coder'),
      percent: fc.constantFrom(20, 50),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('restart' as const) }) },
);

let stop: (() => Promise<void>) | undefined;

afterEach(async () => {
  await stop?.();
  stop = undefined;
});

/** A fleet whose runs are played: everything about money is real, over real SQLite. */
async function play(steps: readonly Step[]): Promise<void> {
  using folder = createFleetFolder();
  const { fleet } = folder.loaded(FLEET);
  const { storage, database } = openStorage();
  const clock = createManualClock(START);
  const wall = createWallClock(fleet.timezone);
  const fatal: unknown[] = [];
  const outbox = createOutbox({ storage, clock, chatId: 1, scrub: (text) => text, isQuiet: () => false });
  const register = createIncidentRegister({
    storage,
    clock,
    outbox,
    callbackData: createCallbackData('key'),
    timezone: 'UTC',
    canLogIn: () => false,
  });
  /** Each percent that was told, with the limit that it was told of. */
  const told: string[] = [];
  const incidents: IncidentRegister = {
    ...register,
    report(trouble) {
      const percent = /spent (\d+) %|used up/.exec(trouble.title);
      if (trouble.fingerprint.startsWith('budget:') && percent !== null)
        told.push(`${trouble.fingerprint} ${percent[1] ?? 100} ${/of (\$[\d.]+)/.exec(trouble.evidence)?.[1]}`);
      return register.report(trouble);
    },
  };
  const alive = new Map<string, AliveRun>();
  const ended: { readonly agent: string; readonly month: string; readonly cost: number }[] = [];
  const raisedTo = new Map<string, number>();
  let largestReservation = 0;
  let largestStep = 0;
  let rooms = build();

  function build() {
    const ledger = createLedger({ fleet, storage, clock });
    const spending = createRunSpending({ fleet, storage, clock, ledger, scrub: (text) => text });
    const onFatal = (error: unknown): void => void fatal.push(error);
    return {
      ledger,
      spending,
      reservations: createReservations({ fleet, storage, ledger, incidents }),
      raises: createRaises({ fleet, storage, clock, ledger, incidents }),
      meter: createBudgetMeter({ fleet, storage, clock, log: createMemoryLog(), incidents, ledger, spending, onFatal }),
    };
  }

  async function begin(): Promise<void> {
    await stop?.();
    rooms = build();
    stop = rooms.meter.stop;
    rooms.meter.start();
    await clock.rest();
  }

  function monthNow(): string {
    const now = clock.now();
    return new Date(now + wall.offsetMsAt(now)).toISOString().slice(0, 7);
  }

  function settle(run: AliveRun, state: RunEnd['state']): void {
    storage.transaction(() => {
      storage.runs.usage(run.id, { ...NO_USAGE, costMicroUsd: run.cost });
      const end = { state, failure: null, evidence: null, exit: null, endedAt: clock.now() };
      storage.runs.settle(run.id, end);
    });
    rooms.ledger.settled(clock.now());
    alive.delete(run.agent);
    ended.push({ agent: run.agent, month: monthNow(), cost: run.cost });
  }

  function start(name: string): void {
    const agent = fleet.agents.get(name);
    const isHeld = storage.holds.active().some((hold) => hold.agent === '' || hold.agent === name);
    if (agent === undefined || alive.has(name) || isHeld) return;
    const run = storage.transaction(() => {
      const money = rooms.reservations.reserve(agent);
      if (money.kind === 'short') return undefined;
      const { reservedMicroUsd } = money;
      const wanted = { agent: name, cause: 'schedule', publicationId: null, wantedAt: clock.now(), generations: '{}' };
      const id = storage.runs.add({ ...wanted, reservedMicroUsd });
      return { id, agent: name, reserved: reservedMicroUsd, cost: 0 };
    });
    if (run === undefined) return;
    alive.set(name, run);
    largestReservation = Math.max(largestReservation, run.reserved ?? 0);
    expectRoom(name);
  }

  /** Nothing is started past the cap. */
  function expectRoom(name: string): void {
    const { scopes, purse } = rooms.ledger.look();
    for (const { agent, limitMicroUsd } of scopes) {
      if (agent !== '' && agent !== name) continue;
      const { spentMicroUsd, setAsideMicroUsd } = purse(agent);
      expect(spentMicroUsd + setAsideMicroUsd).toBeLessThanOrEqual(limitMicroUsd);
    }
  }

  function spend(name: string, part: number): void {
    const agent = fleet.agents.get(name);
    const run = alive.get(name);
    const row = run && storage.runs.get(run.id);
    if (agent === undefined || run === undefined || row === undefined) return;
    // claude holds its limit by itself, to the call; the others go on until they are stopped.
    const isBounded = agent.runtime === 'claude' && run.reserved !== null;
    const step = Math.floor(part * (isBounded ? Math.max(0, run.reserved - run.cost) : 0.4 * DOLLAR));
    largestStep = Math.max(largestStep, isBounded ? 0 : step);
    run.cost += step;
    rooms.spending.take(row, agent, {
      kind: 'usage',
      inputTokens: 1,
      outputTokens: 1,
      costMicroUsd: run.cost,
    });
    if (storage.runs.get(run.id)?.stopWantedAt !== null) settle(run, 'failed');
  }

  function expectExact(): void {
    const month = monthNow();
    const { purse, scopes } = rooms.ledger.look();
    for (const agent of ['', ...AGENTS]) {
      const isOf = (run: { readonly agent: string }): boolean => agent === '' || run.agent === agent;
      const past = ended.filter((run) => isOf(run) && run.month === month).reduce((sum, { cost }) => sum + cost, 0);
      const running = [...alive.values()].filter(isOf).reduce((sum, { cost }) => sum + cost, 0);
      expect(purse(agent).spentMicroUsd).toBe(past + running);
      const limit = scopes.find((scope) => scope.agent === agent)?.limitMicroUsd;
      if (limit !== undefined)
        expect(past + running).toBeLessThanOrEqual(limit + Math.max(largestReservation, largestStep));
    }
  }

  await begin();
  for (const step of steps) {
    switch (step.kind) {
      case 'start':
        start(step.agent);
        break;
      case 'spend':
        spend(step.agent, step.part);
        break;
      case 'end': {
        const run = alive.get(step.agent);
        if (run !== undefined) settle(run, 'done');
        break;
      }
      case 'wait':
        clock.jump(step.hours * HOUR);
        break;
      case 'raise': {
        const offer = rooms.raises.offer(step.agent, step.percent);
        const before = raisedTo.get(`${step.agent} ${monthNow()}`) ?? 0;
        // Twice from the same card: the second raises nothing.
        if (offer !== undefined && before < 2) {
          const press = () =>
            storage.transaction(() => rooms.raises.raise(step.agent, offer.limitMicroUsd, step.percent, 'owner:1'));
          expect([press().kind, press().kind]).toEqual(['raised', 'other']);
          raisedTo.set(`${step.agent} ${monthNow()}`, before + 1);
        }
        break;
      }
      case 'restart':
        for (const run of alive.values()) settle(run, 'lost');
        await begin();
        break;
    }
    expectExact();
    await clock.pass(2_000);
    expectExact();
  }
  expect(fatal).toEqual([]);
  expect(told.length).toBe(new Set(told).size);
  for (const run of alive.values()) settle(run, 'done');
  const sum =
    database.prepare<[], { sum: number | null }>('SELECT sum(cost_micro_usd) AS sum FROM run').get()?.sum ?? 0;
  expect(sum).toBe(ended.reduce((total, { cost }) => total + cost, 0));
  await stop?.();
  stop = undefined;
}

describe('a month of runs', () => {
  it('adds up to the millionth, tells each percent once, starts nothing past the cap, and oversteps it by one reservation at most', async () => {
    const month = fc.asyncProperty(fc.array(stepArbitrary, { minLength: 20, maxLength: 90 }), (steps) => play(steps));

    await expect(fc.assert(month, { numRuns: 25 })).resolves.toBeUndefined();
  });
});
