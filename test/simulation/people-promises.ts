import { MINUTE_MS, SECOND_MS } from './fleets.ts';
import type { WorldPromise } from './promise.ts';
import type { OwnerPress, WorldRecord } from './record.ts';

/** What waited longer than this is asked for again (CONTRACT 5); a date is in whole seconds. */
const STALE_MS = 10 * MINUTE_MS + SECOND_MS;

/** Commands that end, start or free what runs. */
const HARMFUL = /^\/(?:pause \w+ now|(?:stop|run|restart|resume) \w+)/;

/** What an approver is there for: the tables, and subjects of the journal, that may name one. */
const OF_APPROVERS: readonly string[] = ['decision', 'draft', 'publication', 'question', 'batch'];
/** Buttons of the desk and of questions. */
const DESK = /^(?:approve|edit|reject|live|again|undo|snooze|revise|show|review|next|batch|batchyes|choose)$/;
/** Buttons that only show something. */
const SHOWS = /^(?:log|workstate|panel|status|incidents|checklist|digest)$|^fleet\//;

/** What is promised of the people of a fleet: each does what is his to do, and what an outage held back is asked for again. */
export const PEOPLE_PROMISES: readonly WorldPromise[] = [
  { name: 'nobody acts beyond his right', broken: usurped, isSlow: true },
  { name: 'nobody is told that he did what is not his', broken: flattered, isSlow: true },
  { name: 'what waited through an outage is asked for again', broken: unasked, isSlow: true },
  { name: 'nothing is confirmed but by who pressed', broken: inventedYes, isSlow: true },
];

/** Updates that hold such a command, and are old by now. */
export function listHarmful({ texts, now }: WorldRecord): readonly number[] {
  return texts
    .filter(({ by, text, at }) => now - at > STALE_MS && by.startsWith('owner:') && HARMFUL.test(text))
    .map(({ update }) => update);
}

function usurped({ rows }: WorldRecord): string | undefined {
  const act = rows?.acts.find(({ what, by }) => !by.startsWith('approver:') || !OF_APPROVERS.includes(what));
  return act && `${act.by} is written down for a ${act.what}`;
}

function flattered({ presses }: WorldRecord): string | undefined {
  const press = presses.find((one) => one.answer?.isAlert === false && !isHis(one));
  return press && `${press.by} pressed ${press.verb}, and was told "${press.answer?.text}"`;
}

function isHis({ by, verb }: OwnerPress): boolean {
  if (by.startsWith('owner:') || SHOWS.test(verb)) return true;
  return by.startsWith('approver:') && DESK.test(verb);
}

function unasked({ rows, texts, jumps, fleetFile }: WorldRecord): string | undefined {
  // By a clock that was set nobody knows how old a command is.
  if (rows === undefined || jumps.length > 0) return undefined;
  for (const { update, receivedAt, question } of rows.stale) {
    const said = texts.find((text) => text.update === update);
    if (said === undefined || question !== null || receivedAt - said.at <= STALE_MS) continue;
    // Of whom nobody knows any more nothing is done.
    if (fleetFile.changed.has(said.text.split(' ')[1] ?? '')) continue;
    return `"${said.text}" was done ${Math.round((receivedAt - said.at) / MINUTE_MS)} min after it was said, and nobody was asked`;
  }
  return undefined;
}

function inventedYes({ rows, presses }: WorldRecord): string | undefined {
  const invented = rows?.confirmations.find(
    ({ id, state, decidedBy }) =>
      state === 'confirmed' &&
      !presses.some((press) => press.verb === 'confirm' && press.id === id && press.by === decidedBy),
  );
  return invented && `confirmation ${invented.id} of /${invented.command} is confirmed, and nobody pressed it`;
}
