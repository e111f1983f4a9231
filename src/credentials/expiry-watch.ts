import type { Storage } from '../../storage/storage.ts';
import type { Fleet } from '../config/fleet.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import { dateAndTime } from '../loop/wall-clock.ts';
import type { Clock, Log, Random } from '../ports.ts';
import { duration } from '../telegram/cards/words.ts';
import { createWorker, type Worker } from '../worker.ts';
import { createCredentialBook, type KnownCredential } from './book.ts';
import { credentialHeading } from './credential.ts';
import type { Custodian } from './custodian.ts';
import { canLogIn, expiryFingerprint } from './deaths.ts';
import { decideWarning, endOfSecret, nextWarningAt, thresholdsOf } from './expiry.ts';

/** Warnings are days ahead, and each look says when the next one is due: this only bears a clock that was set. */
const EVERY_MS = 60_000;
const HOUR_MS = 3_600_000;

/**
 * Watches what only the clock changes about credentials.
 *
 * Each look: 1. warns of each end at each of its thresholds once: one incident per end, sent anew at each; 2. probes at once what is past its
 * end; 3. ends the warnings of ends that have moved away, and the alerts of credentials that kept dying and have been quiet.
 */
export function createExpiryWatch(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  readonly random: Random;
  readonly incidents: IncidentRegister;
  readonly custodian: Pick<Custodian, 'settleFlapping'>;
  readonly onFatal: (error: unknown) => void;
}): Worker {
  const { fleet, storage, clock, incidents } = options;
  const book = createCredentialBook(options);

  function whatToDo({ credential, row }: KnownCredential): string {
    const rotation = storage.rotations.openOf(row.name);
    if (rotation?.state === 'waiting')
      return `Its rotation is due on ${dateAndTime(rotation.dueAt, fleet.timezone, clock.now())}.`;
    if (canLogIn(credential)) return 'Press Re-auth to log in anew; the agents go on with the new login by themselves.';
    return credential.expiresAt === undefined
      ? 'Renew it on the host.'
      : 'Renew it on the host, and write the new date into fleet.yaml.';
  }

  function source({ credential, row }: KnownCredential, end: number): string {
    const when = dateAndTime(end, fleet.timezone, clock.now());
    const from = row.renewedAt === null ? 'first seen' : 'renewed';
    const since = dateAndTime(row.renewedAt ?? row.firstSeenAt ?? row.since, fleet.timezone, clock.now());
    const ends = end <= clock.now() ? 'ended' : 'ends';
    return credential.expiresAt === undefined
      ? `it ${ends} on ${when}: ${from} on ${since}, lifetime ${duration(credential.lifetimeMs ?? 0)}`
      : `it ${ends} on ${when}, by fleet.yaml`;
  }

  function warn(known: KnownCredential, end: number, thresholdMs: number): void {
    const { credential, row } = known;
    const { name } = credential;
    const now = clock.now();
    const fingerprint = expiryFingerprint(name);
    // One incident per end: the one of an earlier end is over.
    if (row.warnedEnd !== end) incidents.close(fingerprint);
    const isRepeated = storage.incidents.unresolved(fingerprint) !== undefined;
    const heading = credentialHeading(name);
    const isOver = thresholdMs === 0;
    const check = credential.check === undefined ? '' : 'Its check is asked now. ';
    incidents.report({
      kind: 'expiry',
      fingerprint,
      subject: name,
      severity: 'warning',
      title: isOver ? `${heading} has expired` : `${heading} expires in ${duration(rounded(end - now))}`,
      evidence: source(known, end),
      agents: book.agentsOf(name).map((agent) => agent.name),
      note: `${isOver ? check : ''}${whatToDo(known)}`,
    });
    if (isRepeated) incidents.remind(fingerprint);
    book.change(row, {
      warnedMs: thresholdMs,
      warnedEnd: end,
      ...(isOver && credential.check !== undefined ? { checkWantedAt: now } : {}),
    });
  }

  function watch(known: KnownCredential): number | undefined {
    const { credential, row } = known;
    const now = clock.now();
    const end = endOfSecret(credential, row);
    const thresholds = thresholdsOf(credential);
    if (end === undefined || end - now > (thresholds[0] ?? 0)) incidents.close(expiryFingerprint(row.name));
    // What is dead is told as dead; what is being replaced has another end in a moment.
    if (end === undefined || row.state === 'dead' || row.state === 'logging-in') return undefined;
    const step = decideWarning(thresholds, end, now, { ms: row.warnedMs, end: row.warnedEnd });
    if (step.kind === 'rearm') book.change(row, { warnedMs: step.warnedMs });
    if (step.kind === 'warn') warn(known, end, step.thresholdMs);
    return nextWarningAt(thresholds, end, now);
  }

  function look(): number | undefined {
    const nextAt = storage.transaction(() => book.names.map((name) => watchOf(name)));
    const next = [...nextAt, options.custodian.settleFlapping()].filter((at) => at !== undefined);
    return next.length === 0 ? undefined : Math.min(...next) - clock.now();
  }

  function watchOf(name: string): number | undefined {
    const known = book.rowOf(name);
    return known === undefined ? undefined : watch(known);
  }

  return createWorker({
    name: 'expiry',
    clock,
    log: options.log,
    everyMs: EVERY_MS,
    look,
    onFatal: options.onFatal,
  });
}

/** A look some minutes after a threshold still says the threshold: days are what counts here. */
function rounded(ms: number): number {
  return ms < 12 * HOUR_MS ? ms : Math.round(ms / HOUR_MS) * HOUR_MS;
}
