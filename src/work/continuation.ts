import type { RunRow } from '../../storage/run-store.ts';
import type { Storage } from '../../storage/storage.ts';
import { CONTEXT_COMPACTED, CONTEXT_FLUSHED, CONTEXT_FULL, fillOf } from '../runs/context-stops.ts';
import type { Preface } from '../runs/run-preparation.ts';
import type { Checkpoints } from './checkpoints.ts';
import { WORKSTATE_FILE } from './workstate.ts';

/** So much of a WORKSTATE.md is handed over with the prompt; the rest is read from the file. */
const MOST_CHARACTERS = 32 * 1024;

/** Builds what a fresh session reads first that goes on with the work of one that was spent. */
export function createContinuationPreface(options: {
  readonly storage: Storage;
  readonly checkpoints: Pick<Checkpoints, 'shown'>;
}): Preface {
  const { storage } = options;
  return (run, agent) => {
    if (run.continues === null) return '';
    const before = storage.runs.get(run.continues);
    const { newest, problem } = options.checkpoints.shown(agent);
    const isSound = newest?.isFile === false || problem === undefined;
    return [
      '# You go on with work that was begun',
      '',
      `Your run ${run.continues} ${before === undefined ? 'is over' : `ended because ${reasonOf(before)}`}. This is a fresh session: of that one you know only what stands here. Do not begin anew; go on with what comes next, and do nothing twice.`,
      before === undefined
        ? ''
        : `It was started as one of your runs always is (${before.cause}), with the prompt that follows below; that still stands.`,
      ...describe(isSound ? newest : undefined),
    ]
      .join('\n')
      .trimEnd();
  };
}

function describe(newest: ReturnType<Checkpoints['shown']>['newest']): readonly string[] {
  if (newest === undefined) return ['', `There is no ${WORKSTATE_FILE}: look at your workdir to see how far it came.`];
  const { text, version, isFile } = newest;
  const who =
    isFile || version?.author !== 'nightdesk'
      ? 'You wrote it yourself'
      : 'Nightdesk wrote it, without a model, from what could be seen from outside: check it before you rely on it';
  const isCut = text.length > MOST_CHARACTERS;
  return [
    '',
    `Your ${WORKSTATE_FILE}, as of ${new Date(newest.at).toISOString().slice(0, 16).replace('T', ' ')} UTC. ${who}.`,
    '',
    '<workstate>',
    (isCut ? text.slice(0, MOST_CHARACTERS).toWellFormed() : text).trimEnd(),
    '</workstate>',
    ...(isCut ? [`That is its beginning; the rest stands in ${WORKSTATE_FILE}: read it.`] : []),
  ];
}

function reasonOf(run: RunRow): string {
  const percent = fillOf(run);
  const full = percent === undefined ? 'full' : `${Math.floor(percent)} % full`;
  switch (run.stopReason) {
    case CONTEXT_FLUSHED:
    case CONTEXT_FULL:
      return `its context was ${full}`;
    case CONTEXT_COMPACTED:
      return 'its CLI had compacted its context by itself, so that what it still knew may have been wrong';
    default:
      return run.state === 'lost'
        ? 'Nightdesk itself went down while it ran'
        : `its context was ${full}, and it was cut off`;
  }
}
