import { sizeText } from '../telegram/cards/size.ts';
import { shorten } from '../telegram/cards/words.ts';
import { fail, notHere, pass, unknown } from './item.ts';
import { ago, byHost, byRows, type Judge } from './judge.ts';

/** One is made each day: with one missed, the last is two days old. */
const BACKUP_WITHIN_MS = 50 * 3_600_000;
const MAKE_ONE = 'nightdesk backup --config fleet.yaml makes one now';
/** Beyond this something is kept that should not be: a year of a busy fleet has some hundred MB. */
const LARGE_DATABASE_BYTES = 5_000_000_000;
/** The whole of it is read at each start, and by each doctor. */
const INTEGRITY_WITHIN_MS = 400 * 86_400_000;

/** Whether there is a copy to go back to. */
export const judgeBackup: Judge = (facts) =>
  facts.fleet.backup.keep === 0
    ? notHere('fleet.yaml wants none (backup.keep: 0)', null)
    : byRows(({ backup }, { now }) => {
        const { doneAt, failedAt, sizeBytes, error, isOpen } = backup;
        const button = isOpen ? undefined : ({ kind: 'backup' } as const);
        if (failedAt !== null && failedAt > (doneAt ?? 0))
          return fail(
            `the last one failed ${ago(failedAt, now)}: ${shorten(error ?? 'without a reason', 200)}`,
            failedAt,
            'see that HOME/backup has room, then make one',
            button,
          );
        if (doneAt === null)
          return fail(isOpen ? 'the first one is being made' : 'there is none', now, MAKE_ONE, button);
        const words = `made ${ago(doneAt, now)}${sizeBytes === null ? '' : `, ${sizeText(sizeBytes)}`}`;
        return now - doneAt > BACKUP_WITHIN_MS
          ? fail(`${words}: too long ago`, doneAt, MAKE_ONE, button)
          : pass(words, doneAt);
      })(facts);

/** Whether the database is sound. */
export const judgeDatabase: Judge = (facts) =>
  facts.rows.kind === 'none' && facts.rows.code === 'damaged'
    ? fail(facts.rows.reason, facts.now, facts.rows.mend)
    : judgeSoundness(facts);

const judgeSoundness: Judge = byRows(({ integrity, databaseBytes }, { now }) => {
  const size = sizeText(databaseBytes);
  if (integrity === null) return unknown(`${size}; nobody has read all of it`, null, 'nightdesk doctor reads it');
  const { at, found } = integrity;
  if (found !== 'ok') return fail(`it is damaged: ${shorten(found, 200)}`, at, 'restore a copy of HOME/backup');
  if (now - at > INTEGRITY_WITHIN_MS)
    return unknown(`${size}; last read as a whole ${ago(at, now)}`, at, 'nightdesk doctor reads it');
  return databaseBytes > LARGE_DATABASE_BYTES
    ? fail(
        `${size}: it keeps more than a year of any fleet takes`,
        at,
        'ask why: nothing older than its time should be in it',
      )
    : pass(`${size}, sound when it was read as a whole ${ago(at, now)}`, at);
});

/** Whether the database is of this version. */
export const judgeMigrations: Judge = ({ rows, now }) => {
  if (rows.kind === 'rows') return pass('the database is of this version', rows.at);
  switch (rows.code) {
    case 'never-ran':
      return notHere('there is no database yet', now);
    case 'older':
    case 'newer':
      return fail(rows.reason, now, rows.mend);
    case 'damaged':
    case 'unreadable':
      return unknown(rows.reason, null, rows.mend);
  }
};

/** Whether what fleet.yaml says is what is done. */
export const judgeConfiguration: Judge = byHost(
  'configuration',
  'see that fleet.yaml can be read',
  ({ hash, modifiedAt }, at, { rows, life, now }) => {
    if (!life.isRunning) return notHere('nothing is in force: Nightdesk does not run', at);
    const load = rows.kind === 'rows' ? rows.load : null;
    const differs = 'fleet.yaml was changed after it was taken over';
    const mend = 'take it over: /reload';
    if (load !== null)
      return load.hash === hash ? pass(`taken over ${ago(load.at, now)}`, at) : fail(differs, at, mend);
    const { startedAt } = life;
    if (startedAt === null) return unknown('nobody knows when it was taken over', at, '/reload takes it over');
    return modifiedAt > startedAt
      ? fail(differs, at, mend)
      : pass(`not changed since the start ${ago(startedAt, now)}`, at);
  },
);
