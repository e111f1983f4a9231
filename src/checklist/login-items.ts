import { isOlder } from '../clis/readiness.ts';
import { RUNTIMES } from '../runtimes/list.ts';
import { count, duration, shorten } from '../telegram/cards/words.ts';
import type { ChecklistFacts, CredentialFacts, RowFacts } from './facts.ts';
import { fail, type Finding, type MendButton, notHere, pass, unknown } from './item.ts';
import { ago, byHost, byRows, type Judge, oldest, some } from './judge.ts';

/** A rotation that is due for so long is not coming. */
const ROTATION_LATE_MS = 2 * 3_600_000;
/** A version younger than this is told as a change. */
const LATELY_MS = 7 * 86_400_000;

/** Whether each credential that agents name is validated before a session starts, and works. */
export const judgeAuth: Judge = byRows((rows, { now }) => {
  const used = rows.credentials.filter(({ isUsed }) => isUsed);
  if (used.length === 0) return notHere('no agent has a login', rows.at);
  const dead = used.filter(({ state }) => state === 'dead' || state === 'logging-in');
  const [first] = dead;
  if (first !== undefined)
    return fail(
      dead
        .map(
          ({ title, state, since }) => `${title} is ${state}${since === null ? '' : ` since ${duration(now - since)}`}`,
        )
        .join('; '),
      rows.at,
      first.canLogIn ? `log in: /reauth ${first.name}` : `log in on the host, then have it checked`,
      buttonFor(first),
    );
  const unclear = rows.incidents.find(({ kind }) => kind === 'check');
  if (unclear !== undefined)
    return fail(unclear.title, unclear.lastSeenAt, 'mend its check: it has to print AUTH_OK, or AUTH_FAILED: reason');
  const unproved = used.filter(({ provedAt }) => provedAt === null);
  const [missing] = unproved;
  if (missing !== undefined) {
    const canCheck = unproved.find(({ hasCheck }) => hasCheck);
    return unknown(
      `never proved: ${some(unproved.map(({ title }) => title))}`,
      null,
      canCheck === undefined
        ? 'give it a check in fleet.yaml, or let one of its agents run once (/run AGENT)'
        : 'have it checked now',
      canCheck === undefined ? undefined : buttonFor(canCheck),
    );
  }
  const times = used.flatMap(({ provedAt }) => provedAt ?? []);
  const unchecked = used.filter(({ hasCheck }) => !hasCheck).map(({ title }) => title);
  const how = unchecked.length === 0 ? 'each has a check' : `by their runs alone: ${some(unchecked)}`;
  return pass(
    `${count(used.length, 'login')} proved, the oldest ${ago(oldest(times, now), now)}; ${how}`,
    oldest(times, rows.at),
  );
});

/** Whether nothing ends without a rotation, or at least a warning. */
export const judgeRotation: Judge = byRows((rows, { now }) => {
  const named = rows.credentials.filter(({ name }) => !name.startsWith('~'));
  if (named.length === 0) return notHere('fleet.yaml names no credential', rows.at);
  for (const credential of named) {
    const trouble = troubleOf(credential, rows, now);
    if (trouble !== undefined) return trouble;
  }
  return pass(named.map((credential) => describeEnd(credential, now)).join('; '), rows.at);
});

/** Whether settings of the user's own would make a CLI use another login than the one that its run is given. */
export const judgeOverrides: Judge = byHost(
  'overrides',
  'see that the settings of the agent CLIs can be read',
  ({ read, beating }, at) =>
    beating.length === 0
      ? pass(`${count(read, 'settings file')} of agent CLIs read, none names a login of its own`, at)
      : fail(some(beating), at, 'take these keys out: they beat the login that fleet.yaml names, and may be billed'),
);

/** Whether the agents' CLIs can be run, and what changed about them lately. */
export const judgeClis: Judge = (facts) => {
  const needed = new Map(
    [...facts.fleet.agents.values()].flatMap(({ runtime }) => {
      const cli = RUNTIMES.get(runtime)?.cli;
      return cli === undefined ? [] : [[runtime as string, cli] as const];
    }),
  );
  if (needed.size === 0) return notHere('no agent is a known CLI', facts.now);
  return byRows((rows, { now }) => {
    const refused = rows.incidents.find(({ kind }) => kind === 'cli');
    if (refused !== undefined)
      return fail(refused.title, refused.lastSeenAt, 'install it, or see what its new version says');
    const known = rows.clis.filter(({ runtime }) => needed.has(runtime));
    for (const row of known) {
      const cli = needed.get(row.runtime);
      if (row.state === 'unreadable')
        return fail(
          `${row.program} does not tell its version: ${row.detail ?? 'it said nothing'}`,
          row.seenAt,
          `run ${row.program} --version`,
        );
      if (cli !== undefined && row.version !== null && isOlder(row.version, cli.oldest))
        return fail(`${row.program} ${row.version} is too old`, row.seenAt, `update it to ${cli.oldest} or newer`);
      const gone = standingOf(facts, row.program) === null;
      if (gone)
        return fail(`${row.program} is not there any more`, now, 'install it, or give PATH under env in fleet.yaml');
    }
    const unseen = [...needed.keys()].filter(
      (runtime) => !known.some((row) => row.runtime === runtime && row.version !== null),
    );
    if (unseen.length > 0)
      return unknown(
        `no version is known of ${some(unseen)}`,
        null,
        'let Nightdesk run for a minute: it asks each CLI',
      );
    const replaced = known.find((row) => isReplaced(facts, row));
    if (replaced !== undefined)
      return unknown(
        `${replaced.program} was replaced since its version was read`,
        replaced.seenAt,
        'let Nightdesk run for a minute: it asks again',
      );
    const words = known.map(({ program, version, previous, seenAt, detail }) => {
      const lately = previous !== null && previous !== version && now - seenAt < LATELY_MS;
      return `${program.split('/').at(-1) ?? program} ${version ?? ''}${lately ? ` (was ${previous ?? ''}, changed ${ago(seenAt, now)}${detail === null ? '' : `; its probe: ${detail}`})` : ` since ${duration(now - seenAt)}`}`;
    });
    return pass(words.join('; '), facts.host?.clis.at ?? rows.at);
  })(facts);
};

function standingOf({ host }: ChecklistFacts, path: string): string | null | undefined {
  return host?.clis.kind === 'known' ? host.clis.value.find((seen) => seen.path === path)?.file : undefined;
}

function isReplaced(
  facts: ChecklistFacts,
  { program, file }: { readonly program: string; readonly file: string },
): boolean {
  const standing = standingOf(facts, program);
  return typeof standing === 'string' && standing !== file;
}

function troubleOf(credential: CredentialFacts, rows: RowFacts, now: number): Finding | undefined {
  const { name, title, expiresAt, warnMs, rotates, rotatesAt, lastRotation } = credential;
  const reauth = credential.canLogIn ? ({ kind: 'reauth', credential: name } as const) : undefined;
  if (lastRotation?.state === 'failed')
    return fail(
      `the last rotation of ${title} failed${lastRotation.endedAt === null ? '' : ` ${ago(lastRotation.endedAt, now)}`}: ${shorten(lastRotation.detail ?? 'without a reason', 200)}`,
      lastRotation.endedAt ?? rows.at,
      'see what its rotation command says, or log in anew',
      reauth,
    );
  if (rotates && rotatesAt !== null && now - rotatesAt > ROTATION_LATE_MS)
    return fail(
      `the rotation of ${title} is due since ${duration(now - rotatesAt)}`,
      rows.at,
      'see that Nightdesk runs; a missed rotation is made up',
    );
  if (rotates && rotatesAt === null)
    return unknown(`no rotation of ${title} is planned yet`, null, 'start Nightdesk: it plans the next one');
  if (expiresAt !== null && expiresAt <= now)
    return fail(
      `${title} ended ${ago(expiresAt, now)}`,
      rows.at,
      `log in: /reauth ${name}, then correct expires in fleet.yaml`,
      reauth,
    );
  if (expiresAt !== null && !rotates && warnMs.length === 0)
    return fail(
      `${title} ends in ${duration(expiresAt - now)}, and nobody is told before`,
      rows.at,
      `give ${name} a rotate or a warn in fleet.yaml`,
    );
  return undefined;
}

function describeEnd(
  { title, expiresAt, warnMs, rotates, rotatesAt, renewedAt }: CredentialFacts,
  now: number,
): string {
  const last = renewedAt === null ? 'never renewed yet' : `renewed ${ago(renewedAt, now)}`;
  if (rotates && rotatesAt !== null) return `${title}: ${last}, rotates in ${duration(rotatesAt - now)}`;
  if (expiresAt === null) return `${title}: no end is known`;
  return `${title}: ends in ${duration(expiresAt - now)}, told ${duration(Math.max(...warnMs))} before`;
}

function buttonFor({ name, canLogIn, hasCheck, state }: CredentialFacts): MendButton | undefined {
  if (canLogIn && state === 'dead') return { kind: 'reauth', credential: name };
  return hasCheck && state !== 'logging-in' ? { kind: 'check', credential: name } : undefined;
}
