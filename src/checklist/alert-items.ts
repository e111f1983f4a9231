import type { DrillRow } from '../../storage/drill-store.ts';
import type { DrillKind } from '../drills/drill.ts';
import { seconds } from '../drills/report.ts';
import { count, duration, shorten } from '../telegram/cards/words.ts';
import { fail, notHere, pass, unknown } from './item.ts';
import { ago, byHost, byRows, type Judge, oldest, some } from './judge.ts';

/** A drill shows for a season that the alarm goes off. */
const DRILL_EVERY_MS = 90 * 86_400_000;
/** An alert that is not shown for so long does not get through. */
const ALERT_WAITS_MS = 5 * 60_000;
/** The sentinel's timer looks each minute; a machine under load may miss a few. */
const SENTINEL_WITHIN_MS = 5 * 60_000;
/** The proof of life comes every ten seconds. */
const PROOF_WITHIN_MS = 2 * 60_000;
/** Calls of the dead-man address that may be missing. */
const DEAD_MAN_CALLS = 3;
const CONFLICT = 'conflict';
const DEAD_MAN = 'report:dead-man';

/** Whether an alert reaches the phone. */
export const judgeAlerts: Judge = byRows((rows, { fleet, now }) => {
  const { shownAt, waiting } = rows;
  if (waiting.alerts > 0 && waiting.oldestAt !== null && now - waiting.oldestAt > ALERT_WAITS_MS)
    return fail(
      `${count(waiting.alerts, 'alert')} not shown, the oldest for ${duration(now - waiting.oldestAt)}`,
      rows.at,
      'see that the Bot API can be reached, and that the chat is not blocked',
    );
  if (shownAt === null)
    return unknown('Telegram has shown none of my messages', null, 'start Nightdesk, and send it /status');
  const passed = rows.drills.flatMap(({ last }) => (last?.state === 'passed' ? [last] : []));
  const newest = passed.toSorted((a, b) => (b.endedAt ?? 0) - (a.endedAt ?? 0))[0];
  const { quiet } = fleet.alerts;
  const sound = quiet === undefined ? '' : '; in quiet hours only criticals make a sound';
  if (newest === undefined)
    return fail(
      `the last message was shown ${ago(shownAt, now)}, but no drill has ever shown that an alert comes`,
      shownAt,
      'drill one: /drill auth',
      { kind: 'drill', drill: 'auth' },
    );
  return pass(
    `last message shown ${ago(shownAt, now)}; drill ${newest.kind} passed ${ago(newest.endedAt ?? newest.startedAt, now)}${took(newest)}${sound}`,
    shownAt,
  );
});

/** When each kind of alarm was last tried. */
export const judgeDrills: Judge = byRows((rows, { now }) => {
  const failed = rows.drills.find(({ last }) => last?.state === 'failed');
  if (failed?.last !== undefined && failed.last !== null)
    return fail(
      `drill ${failed.drill} failed ${ago(failed.last.endedAt ?? failed.last.startedAt, now)}: ${shorten(failed.last.detail ?? 'without a reason', 200)}`,
      failed.last.endedAt ?? failed.last.startedAt,
      `drill it again: /drill ${failed.drill}`,
      { kind: 'drill', drill: failed.drill },
    );
  const due = rows.drills.filter(
    ({ last }) =>
      last?.state !== 'running' && (last === null || now - (last.endedAt ?? last.startedAt) > DRILL_EVERY_MS),
  );
  const [first] = due;
  const words = rows.drills.flatMap(({ drill, last }) =>
    last?.state === 'passed' ? [`${drill} ${ago(last.endedAt ?? last.startedAt, now)}${took(last)}`] : [],
  );
  const times = rows.drills.flatMap(({ last }) => last?.endedAt ?? []);
  if (first !== undefined)
    return fail(
      `${describeDue(due)}${words.length === 0 ? '' : `; passed: ${words.join(', ')}`}`,
      oldest(times, rows.at),
      `drill it: /drill ${first.drill}`,
      { kind: 'drill', drill: first.drill },
    );
  return pass(words.join(', '), oldest(times, rows.at));
});

/** Whether the second route works. */
export const judgeFallback: Judge = (facts) =>
  facts.fleet.alerts.fallback === undefined
    ? notHere('fleet.yaml has no alerts.fallback: where Telegram fails, nobody hears', null)
    : byRows(({ fallback }, { now }) => {
        const { sentAt, failedAt, error } = fallback;
        const drill = { kind: 'drill', drill: 'telegram' } as const;
        if (failedAt !== null && failedAt > (sentAt ?? 0))
          return fail(
            `it failed ${ago(failedAt, now)}: ${shorten(error ?? 'without a reason', 200)}`,
            failedAt,
            'mend the program, then drill it: /drill telegram',
            drill,
          );
        return sentAt === null
          ? unknown('it was never used', null, 'drill it: /drill telegram', drill)
          : pass(`it last told something ${ago(sentAt, now)}`, sentAt);
      })(facts);

/** Whether somebody off this machine would notice its end. */
export const judgeDeadMan: Judge = (facts) => {
  const { deadMan } = facts.fleet.alerts;
  if (deadMan === undefined)
    return notHere('fleet.yaml has no alerts.dead_man: nobody hears of a machine that is gone', null);
  return byRows((rows, { now, life }) => {
    const trouble = rows.incidents.find(({ fingerprint }) => fingerprint === DEAD_MAN);
    if (trouble !== undefined) return fail(trouble.title, trouble.lastSeenAt, 'see alerts.dead_man in fleet.yaml');
    const { deadManAt } = rows;
    if (deadManAt === null)
      return unknown('it was never called with success', null, 'let Nightdesk run for a minute: it calls it');
    const lateMs = Math.max(DEAD_MAN_CALLS * deadMan.everyMs, PROOF_WITHIN_MS);
    if (now - deadManAt > lateMs)
      return fail(
        `last called ${ago(deadManAt, now)}${life.isRunning ? '' : ': Nightdesk does not run'}`,
        deadManAt,
        life.isRunning ? 'see that its address can be reached from here' : 'start it',
      );
    return pass(`last called ${ago(deadManAt, now)}, every ${duration(deadMan.everyMs)}`, deadManAt);
  })(facts);
};

/** Whether something outside the control plane looks after it. */
export const judgeSentinel: Judge = ({ life, now }) => {
  const { sentinel } = life;
  const install = 'nightdesk install --config fleet.yaml has it look every minute';
  if (sentinel === null) return fail('none has ever looked', now, install);
  if (now - sentinel.lookedAt > SENTINEL_WITHIN_MS)
    return fail(`it last looked ${ago(sentinel.lookedAt, now)}`, sentinel.lookedAt, install);
  const saw = sentinel.cause === null ? 'found it alive' : `saw it dark (${sentinel.cause})`;
  return pass(`it looked ${ago(sentinel.lookedAt, now)}, and ${saw}`, sentinel.lookedAt);
};

/** Whether the Bot API answers, now and to the control plane. */
export const judgeApi: Judge = byHost('bot', 'see that this machine reaches the Bot API', (bot, at, { life, now }) => {
  if (bot.kind === 'failed') return fail(bot.reason, at, bot.mend);
  const answered = `@${bot.name} answered in ${bot.tookMs} ms`;
  if (!life.isRunning) return pass(`${answered}; I do not run, so nobody polls`, at);
  const { provedAt } = life;
  if (provedAt === null)
    return unknown(`${answered}, but no getUpdates has completed yet`, at, 'wait for its first answer');
  return now - provedAt > PROOF_WITHIN_MS
    ? fail(
        `${answered}, but the control plane proved nothing for ${duration(now - provedAt)}`,
        provedAt,
        'see its log, or /restart nightdesk',
      )
    : pass(`${answered}; getUpdates works (proved ${ago(provedAt, now)})`, at);
});

/** Whether somebody else takes our updates. */
export const judgeConflict: Judge = (facts) => {
  const open = facts.rows.kind === 'rows' ? facts.rows.incidents.find(({ kind }) => kind === CONFLICT) : undefined;
  if (open !== undefined)
    return fail(
      open.title,
      open.lastSeenAt,
      'stop the other program; if you know of none, make a new token with @BotFather',
    );
  return byHost('bot', 'see that this machine reaches the Bot API', (bot, at, { life, now, rows }) => {
    if (bot.kind === 'failed') return unknown(bot.reason, at, bot.mend);
    if (bot.webhook !== null)
      return fail(
        `a webhook at ${bot.webhook} takes the updates`,
        at,
        'take it away: whoever set it calls deleteWebhook',
      );
    const isProved = life.isRunning && life.provedAt !== null && now - life.provedAt <= PROOF_WITHIN_MS;
    if (!isProved || rows.kind !== 'rows')
      return unknown('no webhook is set; whether somebody else polls shows only while Nightdesk runs', at, 'start it');
    return pass('no webhook is set, and nobody else polls', at);
  })(facts);
};

function took({ faultAt, deliveredAt }: DrillRow): string {
  return faultAt === null || deliveredAt === null ? '' : ` (told after ${seconds(Math.max(0, deliveredAt - faultAt))})`;
}

function describeDue(due: readonly { readonly drill: DrillKind; readonly last: DrillRow | null }[]): string {
  const never = due.filter(({ last }) => last === null).map(({ drill }) => drill);
  const old = due.filter(({ last }) => last !== null).map(({ drill }) => drill);
  return [
    never.length === 0 ? '' : `never drilled: ${some(never, 8)}`,
    old.length === 0 ? '' : `not for three months: ${some(old, 8)}`,
  ]
    .filter((part) => part !== '')
    .join('; ');
}
