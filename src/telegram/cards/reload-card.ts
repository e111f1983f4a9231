import type { Change } from '../../config/fleet-diff.ts';
import type { ReloadOutcome } from '../../reload/reloads.ts';
import { bold, clockTime, count, line, lines, listText, type Piece, shorten } from './words.ts';

/** Lines of a message: more fill no phone, and the file itself has them all. */
const MOST_LINES = 40;
const LONGEST_LINE = 200;
/** What all lines together may take of a message, so that its end is never cut off. */
const LONGEST_LIST = 3_000;

const SIGNS: Readonly<Record<Change['kind'], string>> = { removed: '➖', added: '➕', changed: '✏️' };

/** What came of reading fleet.yaml anew, for its owner. */
export function renderReload(
  outcome: ReloadOutcome,
  { timezone, now, how }: { readonly timezone: string; readonly now: number; readonly how: 'reload' | 'signal' },
): Piece {
  const head = how === 'signal' ? 'SIGHUP on the host. ' : '';
  switch (outcome.kind) {
    case 'bad':
      return lines(
        bold(`🛑 ${head}fleet.yaml is not valid: nothing was changed`),
        ...cut(outcome.problems, outcome.omitted),
      );
    case 'fixed':
      return lines(
        bold(`🛑 ${head}Nothing was taken over`),
        `${listText(outcome.keys)} cannot change while I run. /restart nightdesk takes the file as it is.`,
      );
    case 'same':
      return outcome.last === undefined
        ? `${head}Nothing has changed: what fleet.yaml says is in force.`
        : line(
            `${head}Nothing has changed: what fleet.yaml says is in force, since `,
            clockTime(outcome.last.at, timezone, now),
            ` (${describeLoad(outcome.last)}).`,
          );
    case 'stale':
      return 'fleet.yaml has changed since I asked, so I did nothing. /reload shows what it says now.';
    case 'ask':
      return lines(
        bold(`❓ ${head}This fleet.yaml takes something away`),
        ...listChanges(outcome.changes),
        '',
        'Nothing is changed before you say so.',
      );
    case 'taken':
      return lines(
        bold(`✅ ${head}fleet.yaml is taken over`),
        ...listChanges(outcome.changes),
        ...(outcome.toKnow.length === 0 ? [] : ['', ...cut(outcome.toKnow, 0)]),
      );
  }
}

/** The same in one line, for the terminal. */
export function outcomeText(outcome: ReloadOutcome): string {
  switch (outcome.kind) {
    case 'bad':
      return ['fleet.yaml is not valid, nothing was changed:', ...outcome.problems].join('\n');
    case 'fixed':
      return `nothing was taken over: ${listText(outcome.keys)} cannot change while Nightdesk runs; restart it`;
    case 'same':
      return 'nothing has changed';
    case 'stale':
      return 'the file has changed meanwhile, nothing was taken over';
    case 'ask':
      return 'the file takes something away: it is asked for in Telegram first';
    case 'taken':
      return `taken over: ${count(outcome.changes.length, 'change')}`;
  }
}

function describeLoad({ how, actor }: NonNullable<Extract<ReloadOutcome, { kind: 'same' }>['last']>): string {
  if (how === 'start') return 'read at the start';
  return how === 'signal' ? 'taken over by SIGHUP' : `taken over by /reload of ${actor ?? 'nobody'}`;
}

/** What is gone first: it is what has to be read. */
function listChanges(changes: readonly Change[]): readonly string[] {
  const sorted = [
    ...changes.filter(({ takesAway, kind }) => takesAway || kind === 'removed'),
    ...changes.filter(({ takesAway, kind }) => !takesAway && kind !== 'removed'),
  ];
  return cut(
    sorted.map(({ kind, text }) => `${SIGNS[kind]} ${text}`),
    0,
  );
}

/** As many as fit, and how many more there are. */
function cut(texts: readonly string[], omitted: number): readonly string[] {
  let room = LONGEST_LIST;
  const shown = texts.slice(0, MOST_LINES).map((text) => shorten(text, LONGEST_LINE));
  const fitting = shown.filter((text) => {
    room -= text.length + 1;
    return room >= 0;
  });
  const more = texts.length - fitting.length + omitted;
  return more === 0 ? fitting : [...fitting, `… and ${more} more`];
}
