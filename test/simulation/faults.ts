import type { Fleet } from '../../src/config/fleet.ts';
import type { Chat } from './chat.ts';
import { MODEL_CREDENTIAL } from './claude-program.ts';
import type { InstalledCli } from './cli-versions.ts';
import { MINUTE_MS, SECOND_MS } from './fleets.ts';
import type { ArmedCrash } from './incarnation.ts';
import type { Platform } from './platform.ts';
import type { Resources } from './resources.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** What a plot can do to a world. */
export interface Stage {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly platform: Platform;
  readonly chat: Chat;
  readonly resources: Resources;
  readonly cli: InstalledCli;
  readonly fleet: Fleet;
  /** Names of the agents that have a schedule. */
  readonly scheduled: readonly string[];
  /** How long the faults go on. */
  readonly stormMs: number;
  readonly isCalm: () => boolean;
  readonly trace: (line: string) => void;
  /** Somebody works on fleet.yaml, and has it taken over. */
  editFleet(): void;
  /** Somebody backs the database up on the host, beside the control plane. */
  copyByHand(): void;
  /** Kills the control plane; it comes back after `pauseMs`. */
  crash(pauseMs: number): void;
  /** Kills it at one of its next commits. */
  arm(crash: ArmedCrash, pauseMs: number): void;
  /** Kills it right behind the spawn of one of its next runs. */
  crashAtSpawn(spawns: number, pauseMs: number): void;
  /** Asks it to stop, and starts it again. */
  restart(pauseMs: number): void;
  /** Makes every run of an agent fail for a while. */
  dying(agent: string, forMs: number): void;
  /** Sets the machine's clock, forwards or backwards. */
  jump(byMs: number): void;
  /** Closes the lid of the machine for a while. */
  sleep(forMs: number): void;
  /** Lets the owner look at the phone. */
  readonly ownerLooks: () => void;
}

/** In storms as long as this Telegram is away for hours. */
const LONG_STORM_MS = 240 * MINUTE_MS;

/** Thinks of the faults of a whole storm, and lets each come at its time. */
export function thinkOfFaults(world: Stage): void {
  const { random: plot, platform, chat, resources, cli, fleet, clock, stormMs } = world;
  const at = (task: () => void): void =>
    void clock.after(plot.between(MINUTE_MS, stormMs - MINUTE_MS), () => !world.isCalm() && task());
  const times = (from: number, to: number, task: () => void): void => {
    for (let count = plot.between(from, to); count > 0; count -= 1) at(task);
  };
  const pause = (): number => (plot.chance(0.85) ? plot.between(1, 20) * SECOND_MS : plot.between(1, 25) * MINUTE_MS);
  const passing = (forMs: number): void => void clock.after(forMs, resources.relax);

  times(1, 4, () => world.crash(pause()));
  times(4, 12, () => world.arm({ writes: plot.between(1, 8), when: plot.pick(['before', 'after']) }, pause()));
  times(1, 3, () => world.crashAtSpawn(plot.between(1, 4), pause()));
  times(0, 2, () => world.restart(pause()));
  times(1, 5, () =>
    chat.suffer(
      plot.pick(['down', 'down', 'hang', 'lossy', 'half-sent', 'server', 'flood', 'storm']),
      (plot.chance(0.7) ? plot.between(5, 240) : plot.between(240, 900)) * SECOND_MS,
    ),
  );
  if (stormMs >= LONG_STORM_MS) at(() => chat.suffer('down', plot.between(60, 240) * MINUTE_MS));
  times(1, 4, () => {
    const credential = plot.pick([...fleet.credentials.values()]);
    platform.expire(credential.name);
    world.trace(`the platform lets ${credential.name} expire`);
    // Without a login somebody mends it on the host, some time.
    if (credential.login === undefined || plot.chance(0.2))
      clock.after(plot.between(5, 120) * MINUTE_MS, () => platform.renew(credential.name));
  });
  if (plot.chance(0.25)) at(() => flap(world));
  times(0, 2, () => world.dying(plot.pick(world.scheduled), plot.between(10, 90) * MINUTE_MS));
  times(0, 2, () => {
    if (platform.limitOf(MODEL_CREDENTIAL) !== undefined) return;
    const forMs = plot.between(5, 45) * MINUTE_MS;
    world.trace(`the subscription of ${MODEL_CREDENTIAL} is used up for ${forMs / MINUTE_MS} min`);
    platform.exhaust(MODEL_CREDENTIAL, Math.ceil((clock.now() + forMs) / SECOND_MS) * SECOND_MS);
  });
  times(0, 1, () => platform.overload(plot.between(2, 15) * MINUTE_MS));
  const hasClaude = [...fleet.agents.values()].some(({ runtime }) => runtime === 'claude');
  times(0, hasClaude ? 2 : 0, () => {
    world.trace('claude is updated');
    cli.update(plot.pick([0, 5, 70]) * SECOND_MS, plot.chance(0.3) ? plot.between(2, 90) * SECOND_MS : undefined);
  });
  times(0, 2, () => {
    const left = plot.pick([300e6, 9e6, 50_000, 50_000]);
    const isHungry = plot.chance(0.4);
    world.trace(`the disk fills up: ${left} bytes are left${isHungry ? ', and what comes free is taken' : ''}`);
    resources.fill(left, isHungry);
    passing(plot.between(20, 600) * SECOND_MS);
  });
  times(0, 2, () => {
    world.trace('memory runs short');
    resources.squeeze(plot.between(50, 250) * 1_000_000);
    passing(plot.between(20, 600) * SECOND_MS);
  });
  if (plot.chance(0.3)) times(1, 2, () => jumpForAWhile(world));
  if (plot.chance(0.3))
    times(1, 3, () =>
      world.sleep(plot.chance(0.5) ? plot.between(1, 15) * MINUTE_MS : plot.between(15, 120) * MINUTE_MS),
    );
  times(0, 3, () => !resources.isFull() && world.copyByHand());
  if (plot.chance(0.5)) times(1, 4, world.editFleet);
  world.ownerLooks();
}

/** A credential that is dead, alive, and dead again every few minutes. */
function flap(world: Stage): void {
  const { random: plot, platform, clock } = world;
  const { name } = plot.pick([...world.fleet.credentials.values()]);
  const minutes = (): number => plot.between(1, 8) * MINUTE_MS;
  const turn = (left: number): void => {
    if (left === 0 || world.isCalm()) return platform.renew(name);
    world.trace(`${name} flaps`);
    platform.expire(name);
    clock.after(minutes(), () => {
      platform.renew(name);
      clock.after(minutes(), () => turn(left - 1));
    });
  };
  turn(plot.between(3, 12));
}

/** A clock that is wrong is mostly put right by and by. */
function jumpForAWhile(world: Stage): void {
  const { random: plot, clock } = world;
  const byMs = plot.pick([1, -1]) * plot.pick([plot.between(1, 15), plot.between(15, 240)]) * MINUTE_MS;
  world.jump(byMs);
  if (plot.chance(0.7)) clock.after(plot.between(1, 40) * MINUTE_MS, () => !world.isCalm() && world.jump(-byMs));
}
