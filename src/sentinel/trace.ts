import type { DarkCause } from './life.ts';
import { parseState, statePath } from './state.ts';

/** What a sentinel left behind of its looks. */
export interface SentinelTrace {
  /** When one looked last; undefined: none ever did. */
  readonly lookedAt: number | undefined;
  /** When it last told the owner of the outage that it knows of; undefined while it knows of none, or could not tell. */
  readonly toldAt: number | undefined;
  readonly cause: DarkCause | undefined;
}

/** A memory is 2 kB; more than that is none of ours. */
const MAX_BYTES = 16_384;

/** Whether a sentinel looks after the control plane of this state folder at all. */
export function loadSentinelTrace(
  home: string,
  disk: {
    readText(path: string, maxBytes: number): { readonly text: string; readonly modifiedAt: number } | undefined;
  },
): SentinelTrace {
  const file = disk.readText(statePath(home), MAX_BYTES);
  const state = file === undefined ? undefined : parseState(file.text);
  const outage = state?.outages.current;
  return { lookedAt: state?.lookedAt, toldAt: outage?.toldAt, cause: outage?.cause };
}
