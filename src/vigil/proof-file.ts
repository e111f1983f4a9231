import type { Fleet } from '../config/fleet.ts';
import type { Clock, Disk, Log } from '../ports.ts';
import { MAX_PULSE_BYTES, parsePulse, provedAt, type PulseFile, pulsePath } from '../sentinel/pulse-file.ts';
import { copyPath, renderCopy } from '../sentinel/settings-copy.ts';

/** Who this process is, for whoever looks from outside. */
export interface Self {
  readonly version: string;
  readonly pid: number;
  readonly startTicks: string;
  readonly bootId: string;
  readonly host: string;
}

/**
 * The proof of life that the sentinel reads: HOME/pulse, touched with each proof.
 *
 * Contract: nothing throws; what could not be written is written with the next proof.
 */
export interface ProofFile {
  /** A new process is there, which has proved nothing yet. */
  begin(): void;
  /** Leaves what the sentinel has to know of fleet.yaml where it reads it, as it is now. */
  leaveCopy(): void;
  /** A proof, now. */
  prove(): void;
  /** The end of this process, said by itself. */
  end(by: 'asked' | 'itself'): void;
  /** Plays dead until then; at once alive again with a time that is over. False when that cannot be written. */
  pretendDark(untilMs: number): boolean;
}

/** A copy holds at most what fleet.yaml may say of owners and the fallback. */
const MAX_COPY_BYTES = 65_536;

/** Builds the proof file. */
export function createProofFile(options: {
  readonly fleet: Fleet;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly log: Log;
  readonly self: Self;
}): ProofFile {
  const { fleet, disk, clock, log, self } = options;
  const path = pulsePath(fleet.home);
  const startedAt = clock.now();
  let lastProofAt: number | undefined;
  let isUp = false;
  let drillUntil: number | undefined;
  let hasComplained = false;

  function attempt(write: () => void): boolean {
    try {
      write();
      hasComplained = false;
      return true;
    } catch (error) {
      if (!hasComplained) log.warn('the proof of life cannot be written', { code: (error as { code?: string }).code });
      hasComplained = true;
      return false;
    }
  }

  function replace(text: PulseFile): boolean {
    return attempt(() => disk.writeText(path, `${JSON.stringify(text)}\n`));
  }

  function replaceOld(): void {
    attempt(() => {
      const file = disk.readText(path, MAX_PULSE_BYTES);
      const before = file === undefined ? undefined : parsePulse(file.text);
      lastProofAt = file === undefined ? undefined : provedAt(before, file.modifiedAt);
      // A start that failed before it proved anything counts from where it began to be tried.
      const tryingSince = before?.stoppedAt === undefined ? (before?.tryingSince ?? startedAt) : startedAt;
      replace({ ...self, startedAt, tryingSince: Math.min(tryingSince, startedAt), provedAt: lastProofAt ?? null });
    });
  }

  function leaveCopy(): void {
    const { alerts, telegram, timezone } = fleet;
    const text = renderCopy({ ...telegram, ...alerts, timezone });
    attempt(() => {
      if (disk.readText(copyPath(fleet.home), MAX_COPY_BYTES)?.text !== text)
        disk.writeText(copyPath(fleet.home), text);
    });
  }

  return {
    begin() {
      replaceOld();
      leaveCopy();
    },
    leaveCopy,
    prove() {
      const now = clock.now();
      lastProofAt = now;
      if (drillUntil !== undefined && now < drillUntil) return;
      if (isUp && drillUntil === undefined) isUp = attempt(() => disk.touch(path));
      else isUp = replace({ ...self, startedAt });
      if (isUp) drillUntil = undefined;
    },
    end(by) {
      replace({ ...self, startedAt, provedAt: lastProofAt ?? null, stoppedAt: clock.now(), stoppedBy: by });
    },
    pretendDark(untilMs) {
      const now = clock.now();
      drillUntil = untilMs;
      if (untilMs <= now) return true;
      const longAgo = now - fleet.alerts.darkAfterMs - 1_000;
      const isWritten = replace({ ...self, startedAt, provedAt: longAgo, drillUntil: untilMs });
      if (!isWritten) drillUntil = undefined;
      return isWritten;
    },
  };
}
