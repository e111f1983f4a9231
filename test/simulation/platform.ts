import type { Credential } from '../../src/config/fleet.ts';
import { MINUTE_MS } from './fleets.ts';
import { UNSETTLED_MS } from './machine.ts';
import type { CredentialOutage, Publication, UsageLimit, WorldRecord } from './record.ts';
import type { SeededRandom } from './seeded-random.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** The far side: what credentials open, and where drafts are published. It alone knows the truth about both. */
export interface Platform {
  isAlive(credential: string): boolean;
  /** Whether a call with this secret would be taken; without one it goes by what its program keeps itself. */
  accepts(credential: string, token: string | undefined): boolean;
  expire(credential: string): void;
  /** `isRotation`: refusals in the middle of one say nothing, and so are not told where it mends them. */
  renew(credential: string, isRotation?: true): void;
  /** A call with the credential; false is a 401. */
  call(credential: string, by: 'run' | 'check', pid: number, isOurs: boolean, token?: string): boolean;
  /** Makes a new secret for a credential, which works as long as the credential is alive; those of before may end with it. */
  issue(credential: string, revokesOthers: boolean): string;
  /** The control plane was told for certain that a credential is dead, while these programs were alive. */
  told(credential: string, alive: readonly number[]): void;
  /** One more probe is in order: somebody logged in, or the last probe's answer died with the control plane. */
  excuse(credential: string): void;
  /** What was told a moment ago may be lost with the control plane. */
  forgetInstant(): void;
  /** The machine's clock was set: what waits for a time of day may come now. */
  clockWasSet(): void;
  /** Whether somebody logged in since then: a run of before says nothing about the credential of now. */
  isRenewedSince(credential: string, at: number): boolean;
  outageOf(credential: string): CredentialOutage | undefined;
  /** The subscription behind a credential is used up until then: its model calls are refused. */
  exhaust(credential: string, resetsAt: number): void;
  limitOf(credential: string): UsageLimit | undefined;
  /** The model of all credentials is too busy for this long. */
  overload(forMs: number): void;
  isOverloaded(): boolean;
  publish(publication: Omit<Publication, 'at'>): void;
}

/** Whether a message about many tells, in a line of its own, that it is dead, and not yet over. */
function isOpenLine(text: string, credential: string): boolean {
  return new RegExp(`^🔴 #\\d+ .*\\b${credential} (is dead|keeps dying)`, 'mu').test(text);
}

/** Builds the platform. */
export function createPlatform(options: {
  readonly clock: VirtualClock;
  readonly random: SeededRandom;
  readonly record: WorldRecord;
  readonly credentials: ReadonlyMap<string, Credential>;
  /** Whether the control plane can write down what it is told. */
  readonly canNote: () => boolean;
  /** Whether an agent waits for a check to say whether its words of a dead credential are true. */
  readonly isDoubted: (credential: string) => boolean;
}): Platform {
  const { clock, record } = options;
  const renewedAt = new Map<string, number>();
  const tokens = new Map<string, Set<string>>();
  let overloadedUntil = 0;
  const outageOf = (credential: string): CredentialOutage | undefined =>
    record.outages.findLast((outage) => outage.credential === credential && outage.endedAt === undefined);

  function accepts(credential: string, token: string | undefined): boolean {
    // Where none was ever issued, it goes by what its program keeps itself.
    const isUnknown = token !== undefined && tokens.get(credential)?.has(token) === false;
    return outageOf(credential) === undefined && !isUnknown;
  }

  return {
    outageOf,
    isAlive: (credential) => outageOf(credential) === undefined,
    accepts,
    expire(credential) {
      const backoff = options.credentials.get(credential)?.backoff;
      if (backoff === undefined || outageOf(credential) !== undefined) return;
      record.outages.push({
        credential,
        diedAt: clock.now(),
        knownAt: undefined,
        aliveThen: [],
        excuses: [],
        endedAt: undefined,
        isRotated: false,
        ...backoff,
      });
    },
    isRenewedSince: (credential, at) => (renewedAt.get(credential) ?? 0) >= at,
    renew(credential, isRotation) {
      renewedAt.set(credential, clock.now());
      const outage = outageOf(credential);
      if (outage === undefined) return;
      outage.endedAt = clock.now();
      outage.isRotated = isRotation === true;
    },
    call(credential, by, pid, isOurs, token) {
      const refused = !accepts(credential, token);
      const isConfirming = by === 'check' && options.isDoubted(credential);
      record.calls.push({ credential, by, pid, at: clock.now(), refused, isConfirming, isOurs });
      return !refused;
    },
    issue(credential, revokesOthers) {
      const token = `sk-ant-oat01-TEST-${options.random.token(24)}`;
      record.lastingSecrets.push(token);
      tokens.set(credential, new Set(revokesOthers ? [token] : [...(tokens.get(credential) ?? []), token]));
      return token;
    },
    told(credential, alive) {
      const outage = outageOf(credential);
      if (outage === undefined || !options.canNote()) return;
      if (outage.knownAt === undefined) {
        outage.knownAt = clock.now();
        outage.aliveThen = alive;
        const since = clock.now();
        record.duties.push({
          what: `credential ${credential} is dead`,
          since,
          isTold: ({ messages }) =>
            outage.isRotated ||
            messages.some(
              ({ text, at }) =>
                new RegExp(`\\b${credential} (is dead|works again|keeps dying)`).test(text) &&
                (text.startsWith('🔴') || at >= since || isOpenLine(text, credential)),
            ),
        });
      }
    },
    excuse(credential) {
      renewedAt.set(credential, clock.now());
      outageOf(credential)?.excuses.push(clock.now());
    },
    forgetInstant() {
      for (const outage of record.outages)
        if ((outage.knownAt ?? 0) > clock.now() - UNSETTLED_MS) outage.knownAt = undefined;
    },
    clockWasSet() {
      for (const outage of record.outages) if (outage.endedAt === undefined) outage.excuses.push(clock.now());
      for (const limit of record.limits) limit.isExcused ||= limit.resetsAt > clock.now();
    },
    exhaust: (credential, resetsAt) =>
      void record.limits.push({
        credential,
        from: clock.now(),
        resetsAt,
        refusedRuns: [],
        knownAt: undefined,
        // Whose clock is wrong cannot know when it is over; and what the owner wrote before it may be read in the middle of it.
        isExcused:
          clock.wrongByMs() !== 0 || record.goodSince === undefined || clock.now() - record.goodSince < MINUTE_MS,
      }),
    limitOf: (credential) =>
      record.limits.find((limit) => limit.credential === credential && limit.resetsAt > clock.now()),
    overload: (forMs) => void (overloadedUntil = Math.max(overloadedUntil, clock.now() + forMs)),
    isOverloaded: () => overloadedUntil > clock.now(),
    publish: (publication) => void record.publications.push({ ...publication, at: clock.now() }),
  };
}
