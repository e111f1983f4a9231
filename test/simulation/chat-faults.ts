import { SECOND_MS } from './fleets.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { VirtualClock } from './virtual-clock.ts';

/**
 * What Telegram can suffer from for a while. `lossy` loses calls or their answers, `half-sent` takes every message and loses the answer;
 * `flood` refuses everything until it is over, `storm` only what goes to the chat, for longer and longer, and longer still who comes too soon.
 */
export type Fault = 'down' | 'hang' | 'lossy' | 'half-sent' | 'server' | 'flood' | 'storm';

/** The faults of a simulated Telegram, one at a time. */
export interface ChatFaults {
  begin(fault: Fault, forMs: number): void;
  /** Ends it. */
  end(): void;
  /** What a call suffers from that is made now: of the fault, or a single one that goes wrong in good times. */
  of(isToChat: boolean): Fault | undefined;
  current(): Fault | undefined;
  /** Milliseconds that a refused call has to wait. */
  retryAfterMs(fault: 'flood' | 'storm'): number;
  /** A call goes wrong until then. */
  troubled(until: number): void;
  /** A call hangs, or has ended. */
  hangs(by: 1 | -1): void;
  /** Whether every call works right now, and none hangs. */
  isGood(): boolean;
}

/** Telegram has been seen to ask for minutes and hours; more than this would outlast the hour in which everything has to settle. */
const LONGEST_BAN_MS = 600 * SECOND_MS;

/** Builds the faults. */
export function createChatFaults(options: {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly isCalm: () => boolean;
}): ChatFaults {
  const { clock, random } = options;
  let fault: { readonly kind: Fault; readonly until: number } | undefined;
  let troubleUntil = 0;
  let hanging = 0;
  let banMs = 0;
  let bannedUntil = 0;

  const isBanned = (): boolean => bannedUntil > clock.now();

  function current(): Fault | undefined {
    if (fault !== undefined && fault.until > clock.now()) return fault.kind;
    return isBanned() ? 'storm' : undefined;
  }

  /** A single call that goes wrong in good times. */
  function noise(): Fault | undefined {
    if (options.isCalm()) return undefined;
    const draw = random.fraction();
    if (draw < 0.006) return 'lossy';
    if (draw < 0.01) return 'server';
    if (draw < 0.012) return 'flood';
    return draw < 0.014 ? 'hang' : undefined;
  }

  return {
    begin(kind, forMs) {
      fault = { kind, until: clock.now() + forMs };
      banMs = SECOND_MS;
    },
    end() {
      fault = undefined;
      bannedUntil = 0;
    },
    current,
    of(isToChat) {
      const kind = current();
      const mine = kind === 'storm' && !isToChat ? undefined : kind;
      const suffered = mine ?? noise();
      if (suffered !== undefined) troubleUntil = Math.max(troubleUntil, clock.now() + 1);
      return suffered;
    },
    retryAfterMs(kind) {
      if (kind === 'storm') {
        banMs = Math.min(LONGEST_BAN_MS, banMs * (isBanned() ? 3 : 2));
        bannedUntil = clock.now() + banMs;
        return banMs;
      }
      const isNoise = fault === undefined || fault.until <= clock.now();
      const retryMs = isNoise ? random.between(2, 8) * SECOND_MS : Math.max(SECOND_MS, fault!.until - clock.now());
      return Math.ceil(retryMs / SECOND_MS) * SECOND_MS;
    },
    troubled: (until) => void (troubleUntil = Math.max(troubleUntil, until)),
    hangs: (by) => void (hanging += by),
    isGood: () => current() === undefined && hanging === 0 && troubleUntil <= clock.now(),
  };
}
