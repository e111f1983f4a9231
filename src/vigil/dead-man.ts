import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import type { Clock, Log, Web } from '../ports.ts';
import { isPassingStorageTrouble } from '../worker.ts';

/** The dead-man switch off the machine: an address that is called as long as we are alive. */
export interface DeadMan {
  /** Calls it when it is time to; nothing waits for the answer. Writes what came of the calls before. */
  look(isAlive: boolean): void;
}

/** Setting: when the address was last called with success. */
export const DEAD_MAN_KEY = 'dead-man-at';

const FINGERPRINT = 'report:dead-man';
/** An address that hangs is let go long before whoever listens there raises an alarm. */
const CALL_MS = 10_000;
/** One bad answer, or a night's maintenance of ten minutes, is nobody's trouble. */
const FAILURES_TO_TELL = 3;
const TROUBLE_TO_TELL_MS = 10 * 60_000;
/** For the checklist a minute is fine enough: a row for each call would cost more than it tells. */
const KEEP_EVERY_MS = 60_000;

/** Builds the caller of the dead-man address. */
export function createDeadMan(options: {
  /** `alerts.dead_man`, read at each look. */
  readonly deadMan: Fleet['alerts']['deadMan'];
  readonly storage: Storage;
  readonly web: Web;
  readonly clock: Clock;
  readonly log: Log;
  readonly incidents: IncidentRegister;
}): DeadMan {
  const { storage, web, clock, log, incidents } = options;
  let called: string | undefined;
  let isCalling = false;
  let nextAt = 0;
  let failures = 0;
  let failingSince = 0;
  let reason = '';
  let isTold = false;
  /** An earlier process may have told of a trouble that this one never saw. */
  let mayBeOpen = true;
  let hasWorked = false;
  let workedAt: number | undefined;
  let keptAt: number | undefined;

  /** Writes down when it last worked; what the disk refuses now is written with a later look. */
  function keep(): void {
    if (workedAt === undefined || Math.abs(workedAt - (keptAt ?? 0)) < KEEP_EVERY_MS) return;
    const at = workedAt;
    try {
      storage.transaction(() => storage.settings.set(DEAD_MAN_KEY, String(at)));
      keptAt = at;
    } catch (error) {
      if (!isPassingStorageTrouble(error)) throw error;
    }
  }

  async function call(url: string, host: string): Promise<void> {
    isCalling = true;
    const startedAt = clock.monotonic();
    try {
      const answer = await web.call(url, CALL_MS);
      hasWorked = answer.kind === 'ok' && url === called;
      if (answer.kind === 'ok') {
        failures = 0;
        workedAt = clock.now();
        return;
      }
      if (url !== called) return;
      if (failures === 0) failingSince = startedAt;
      failures += 1;
      reason = answer.reason;
      log.warn('the dead-man address does not answer', { host, reason, failures });
    } finally {
      isCalling = false;
    }
  }

  function tell(host: string): void {
    if (hasWorked && mayBeOpen) {
      incidents.resolve(FINGERPRINT, 'It answers again.');
      mayBeOpen = false;
      isTold = false;
    }
    const isTrouble = failures >= FAILURES_TO_TELL && clock.monotonic() - failingSince >= TROUBLE_TO_TELL_MS;
    if (!isTrouble || isTold) return;
    storage.transaction(() =>
      incidents.report({
        kind: 'report',
        fingerprint: FINGERPRINT,
        subject: 'dead-man',
        severity: 'warning',
        title: `The dead-man address at ${host} does not answer`,
        evidence: reason,
        agents: [],
        note: 'Whoever listens there may take me for dead though I am not. Look at alerts.dead_man in fleet.yaml.',
      }),
    );
    isTold = true;
    mayBeOpen = true;
  }

  /** What is known is known of one address: another one has failed nobody yet. */
  function follow(url: string | undefined): void {
    if (url === called) return;
    if (called !== undefined) {
      incidents.resolve(FINGERPRINT, 'fleet.yaml names another address, or none.');
      [nextAt, failures, isTold, hasWorked] = [0, 0, false, false];
    }
    called = url;
  }

  return {
    look(isAlive) {
      const { deadMan } = options;
      follow(deadMan?.url);
      if (deadMan === undefined) return;
      const host = hostOf(deadMan.url);
      tell(host);
      keep();
      if (!isAlive || isCalling || clock.monotonic() < nextAt) return;
      nextAt = clock.monotonic() + deadMan.everyMs;
      // The port never rejects.
      void call(deadMan.url, host);
    },
  };
}

/** Whoever knows the rest of the address can keep the switch from ever going off. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'no address';
}
