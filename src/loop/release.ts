import type { HoldRow } from '../../storage/hold-store.ts';
import { duration } from '../telegram/cards/words.ts';

/** Something that keeps an agent from running, and what would end it, both in words. */
export interface Obstacle {
  readonly reason: string;
  readonly release: string;
}

/** What holds an agent, and what would release it. `canLogIn`: whether a credential has a login that the phone can start. */
export function describeHold(
  hold: HoldRow,
  agent: string,
  now: number,
  canLogIn: (credential: string) => boolean,
): Obstacle {
  const byItself = hold.until === null ? undefined : `by itself in ${duration(Math.max(0, hold.until - now))}`;
  const ways = [wayOut(hold, agent, canLogIn), byItself].filter((way) => way !== undefined);
  return { reason: hold.reason, release: ways.join(', or ') };
}

/** What brings a dead credential back. */
export function describeRevival(credential: string, canLogIn: (credential: string) => boolean): string {
  return canLogIn(credential) ? `/reauth ${credential}` : 'a login on the host, which is noticed by itself';
}

function wayOut(hold: HoldRow, agent: string, canLogIn: (credential: string) => boolean): string | undefined {
  switch (hold.kind) {
    case 'owner':
      return hold.agent === '' ? '/resume all' : `/resume ${agent}`;
    case 'crash-loop':
    case 'backoff':
      return `/resume ${agent}`;
    case 'credential':
      return describeRevival(hold.subject, canLogIn);
    case 'budget':
      return '/budget raises it';
    case 'disk':
      return 'once there is room on the disk';
    case 'memory':
      return 'once there is memory';
    case 'orphan':
      return 'once what it left behind has ended: /incidents';
  }
}
