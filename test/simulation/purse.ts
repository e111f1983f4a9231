import type { Clock } from '../../src/ports.ts';
import type { Program } from './machine.ts';
import type { WorldRecord } from './record.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { Spending } from './stream-json.ts';

/** What a session spends, as its CLI counts it. */
export interface Purse {
  /** A call of the model; `isCalm`: a cheap one. */
  pay(isCalm: boolean): void;
  /** Its own limit is reached. */
  isEmpty(): boolean;
  /** What is told with the end of a turn. */
  tell(): Spending;
}

/** Opens it; the limit stands among the arguments. */
export function openPurse(world: {
  readonly program: Program;
  readonly random: SeededRandom;
  readonly record: WorldRecord;
  readonly clock: Clock;
  readonly session: string;
}): Purse {
  const { program, random, record, clock } = world;
  const { argv } = program.request;
  const given = argv[argv.indexOf('--max-budget-usd') + 1];
  const limitUsd = argv.includes('--max-budget-usd') ? Number(given) : Number.POSITIVE_INFINITY;
  let sessionMicroUsd = 0;
  let toldMicroUsd = 0;

  return {
    pay: (isCalm) => void (sessionMicroUsd += isCalm ? 10 : random.between(1_000, random.chance(0.2) ? 60_000 : 9_000)),
    isEmpty: () => sessionMicroUsd / 1e6 >= limitUsd,
    tell() {
      const turn = sessionMicroUsd - toldMicroUsd;
      toldMicroUsd = sessionMicroUsd;
      record.work.costs.push({ run: program.run ?? 0, agent: program.name, microUsd: turn, at: clock.now() });
      return { turnUsd: turn / 1e6, sessionUsd: sessionMicroUsd / 1e6 };
    },
  };
}
