import { provedAt, type PulseFile } from './pulse-file.ts';

/** What one look finds. */
export interface LookFacts {
  readonly now: number;
  /** Milliseconds since the machine's start, without the time that it slept. */
  readonly monotonicMs: number;
  readonly bootId: string;
  readonly darkAfterMs: number;
  /** The pulse file; undefined: there is none. `file` is undefined when its text is none of ours. */
  readonly pulse: { readonly file: PulseFile | undefined; readonly modifiedAt: number } | undefined;
  /** `unknown`: it belongs to another host, whose processes cannot be seen from here. */
  readonly process: 'there' | 'gone' | 'unknown';
  /** Its supervisor says that it has failed, and starts it no more. */
  readonly hasFailed: boolean;
}

/** Why the control plane counts as dark. */
export type DarkCause =
  /** There is no pulse file. */
  | 'never-ran'
  /** The process is gone without a word. */
  | 'gone'
  /** The process is gone since the machine was started anew. */
  | 'rebooted'
  /** It was told to stop. */
  | 'stopped'
  /** It was told to stop, and the start that was to follow failed. */
  | 'not-started'
  /** It ended by itself. */
  | 'ended'
  /** The process is there, and proves nothing. */
  | 'silent'
  /** The process is there, and has proved nothing since it was started. */
  | 'deaf'
  /** It plays dead. */
  | 'drill';

/** How the control plane stands. */
export type Life =
  | {
      readonly kind: 'alive';
      readonly ageMs: number;
      /** When its process was started, where its pulse tells. */
      readonly startedAt?: number;
    }
  /** The process is there and has still time to prove that it lives. */
  | { readonly kind: 'starting' }
  | { readonly kind: 'dark'; readonly cause: DarkCause; readonly since: number | undefined };

/** The proof that a look saw, and how old it was: ages are counted from there by a clock that does not jump. */
export interface Sight {
  readonly stamp: number;
  readonly ageMs: number;
  /** When `ageMs` was true. */
  readonly atMonotonicMs: number;
}

/** What a look remembers of the one before, as far as ages go. */
export interface LookMemory {
  readonly bootId: string;
  readonly monotonicMs: number;
  readonly sight: Sight | undefined;
}

/** Decides how the control plane stands, and what the next look has to know of this one. */
export function decideLife(facts: LookFacts, memory: LookMemory | undefined): { life: Life; memory: LookMemory } {
  const { bootId, monotonicMs, pulse } = facts;
  // Where the system names no boot, a clock that counts from its start goes back only by a new start.
  const earlier = memory?.bootId === bootId && memory.monotonicMs <= monotonicMs ? memory : undefined;
  const file = pulse?.file;
  const proof = pulse === undefined ? undefined : provedAt(file, pulse.modifiedAt);
  const stamp = file?.tryingSince ?? proof;
  const sight = stamp === undefined ? undefined : see(stamp, facts, earlier);
  return { life: judge(), memory: { bootId, monotonicMs, sight } };

  function judge(): Life {
    if (pulse === undefined) return { kind: 'dark', cause: 'never-ran', since: undefined };
    const isStopped = file?.stoppedAt !== undefined && facts.process !== 'there';
    if (isStopped) {
      const asked = facts.hasFailed ? 'not-started' : 'stopped';
      return { kind: 'dark', cause: file.stoppedBy === 'asked' ? asked : 'ended', since: file.stoppedAt };
    }
    if (file !== undefined && facts.process === 'gone')
      return { kind: 'dark', cause: file.bootId === bootId ? 'gone' : 'rebooted', since: proof };
    if (file?.drillUntil !== undefined && file.drillUntil > facts.now && proof !== undefined)
      return facts.now - proof >= facts.darkAfterMs
        ? { kind: 'dark', cause: 'drill', since: proof }
        : alive(Math.max(0, facts.now - proof));
    const ageMs = sight === undefined ? 0 : sight.ageMs + monotonicMs - sight.atMonotonicMs;
    if (file?.tryingSince !== undefined)
      return ageMs < facts.darkAfterMs
        ? { kind: 'starting' }
        : { kind: 'dark', cause: 'deaf', since: file.tryingSince };
    return ageMs < facts.darkAfterMs ? alive(ageMs) : { kind: 'dark', cause: 'silent', since: proof };
  }

  function alive(ageMs: number): Life {
    return { kind: 'alive', ageMs, ...(pulse?.file === undefined ? {} : { startedAt: pulse.file.startedAt }) };
  }
}

/**
 * A proof that was there at the last look has aged by the time since. A new one came after the last look, so it is no older than that:
 * a laptop that slept all night, or a clock that was set, makes nobody dark.
 */
function see(stamp: number, { now, monotonicMs }: LookFacts, earlier: LookMemory | undefined): Sight {
  if (earlier?.sight?.stamp === stamp) return earlier.sight;
  const wallAgeMs = Math.max(0, now - stamp);
  const ageMs = earlier?.sight === undefined ? wallAgeMs : Math.min(wallAgeMs, monotonicMs - earlier.monotonicMs);
  return { stamp, ageMs, atMonotonicMs: monotonicMs };
}
