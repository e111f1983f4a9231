import type {
  AgentDecision,
  DraftSubmission,
  GatewayRooms,
  RunIdentity,
  ToolFailure,
} from '../../src/gateway/contract.ts';
import type { Log } from '../../src/ports.ts';
import type { Look, NewAsk } from '../../src/questions/questions.ts';
import type { TaskCalls } from '../../src/work/tasks.ts';

export const TOKEN = 'token-of-run-7';
export const ENDED_TOKEN = 'token-of-run-6';
export const RUN: RunIdentity = { run: 7, agent: 'scout' };

export type Act =
  | { readonly act: 'draft'; readonly run: RunIdentity; readonly draft: DraftSubmission }
  | { readonly act: 'media'; readonly run: RunIdentity; readonly paths: readonly string[] }
  | { readonly act: 'beat'; readonly run: RunIdentity; readonly note: string | undefined; readonly forMs?: number }
  | { readonly act: 'progress'; readonly run: RunIdentity; readonly text: string }
  | { readonly act: 'fail'; readonly run: RunIdentity; readonly failure: ToolFailure }
  | {
      readonly act: 'version';
      readonly run: RunIdentity;
      readonly version: { readonly draft: number; readonly body: string };
    }
  | { readonly act: 'checkpoint'; readonly run: RunIdentity; readonly text?: string }
  | { readonly act: 'decisions'; readonly agent: string; readonly since: number | undefined }
  | { readonly act: 'ask'; readonly run: RunIdentity; readonly ask: NewAsk };

/** What is left of the run's timeout: a longer step is cut. */
const CUT_TO_MS = 12 * 60_000;

/** When it is in the rooms. */
export const NOW = Date.UTC(2026, 6, 1, 8);

/** Rooms that remember what they were asked; a key given twice is the same draft, and `overrides` answer otherwise. */
export function createFakeRooms(overrides: Partial<GatewayRooms> = {}) {
  const acts: Act[] = [];
  const keys = new Map<string, number>();
  let lastId = 11;
  /** Question 1 is the only one; `settle` ends it. */
  let look: Look = { kind: 'open' };
  const waiters = new Set<() => void>();
  const rooms: GatewayRooms = {
    identify(token) {
      if (token === TOKEN) return { kind: 'known', run: RUN };
      return { kind: token === ENDED_TOKEN ? 'ended' : 'unknown' };
    },
    takeMedia(run, paths) {
      acts.push({ act: 'media', run, paths });
      const media = paths.map((path) => ({ name: path, type: 'image/png' as const, sizeBytes: 3, sha256: 'abc' }));
      return Promise.resolve({ kind: 'taken', media });
    },
    submitDraft(run, draft) {
      acts.push({ act: 'draft', run, draft });
      const known = draft.key === undefined ? undefined : keys.get(draft.key);
      if (known !== undefined) return { kind: 'accepted', id: known, existing: true };
      lastId += 1;
      if (draft.key !== undefined) keys.set(draft.key, lastId);
      return { kind: 'accepted', id: lastId, existing: false };
    },
    submitVersion(run, version) {
      acts.push({ act: 'version', run, version });
      return { kind: 'accepted', id: version.draft, existing: false };
    },
    beat(run, note, forMs) {
      acts.push({ act: 'beat', run, note, ...(forMs === undefined ? {} : { forMs }) });
      return forMs !== undefined && forMs > CUT_TO_MS ? { cutToMs: CUT_TO_MS } : undefined;
    },
    progress: (run, text) => void acts.push({ act: 'progress', run, text }),
    checkpoint(run, text) {
      acts.push({ act: 'checkpoint', run, ...(text === undefined ? {} : { text }) });
      if (text === 'bad') return { kind: 'refused', reason: 'WORKSTATE.md has no heading Next' };
      return { kind: 'stored', id: 3, isNew: true, ...(text === 'unwritten' ? { fileTrouble: 'EROFS' } : {}) };
    },
    reportFailure(run, failure) {
      acts.push({ act: 'fail', run, failure });
      return { kind: 'answer', answer: 'wait 60' };
    },
    decisions(agent, since) {
      acts.push({ act: 'decisions', agent, since });
      return [];
    },
    ask(run, ask) {
      acts.push({ act: 'ask', run, ask });
      return { kind: 'asked', id: 1, key: ask.key ?? 'ask-1' };
    },
    look: (_run, id) => (id === 1 ? look : { kind: 'unknown' }),
    wait: (run, id, forMs, gone) =>
      new Promise((resolve) => {
        const end = (): void => resolve(rooms.look(run, id));
        waiters.add(end);
        gone.addEventListener('abort', end);
        setTimeout(end, forMs).unref();
      }),
    tasks: createFakeTasks(),
    now: () => NOW,
    ...overrides,
  };
  function settle(next: Look): void {
    look = next;
    for (const end of waiters) end();
  }
  return { rooms, acts, settle, waiting: () => waiters.size };
}

/** One task, number 5: it is there to be claimed once, and takes whatever it is told. */
export function createFakeTasks(overrides: Partial<TaskCalls> = {}): TaskCalls {
  return {
    add: () => ({ kind: 'added', id: 5, existing: false, differs: false }),
    claim: () => undefined,
    show: () => undefined,
    output: () => ({ kind: 'output', output: 'line one\n' }),
    phaseDone: () => ({ kind: 'done' }),
    done: () => ({ kind: 'done' }),
    fail: () => ({ kind: 'done' }),
    ...overrides,
  };
}

/** A log that keeps its lines. */
export function createFakeLog() {
  const lines: string[] = [];
  const write =
    (level: string): Log['info'] =>
    (message, fields) =>
      void lines.push(`${level} ${message} ${JSON.stringify(fields ?? {})}`);
  const log: Log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') };
  return { log, lines };
}

export function decision(changes: Partial<AgentDecision> = {}): AgentDecision {
  return {
    draft: 12,
    key: null,
    kind: 'reply',
    to: '@ada',
    verdict: 'approved',
    reason: null,
    body_before: null,
    body_after: null,
    url: null,
    at: '2026-07-01T08:00:00.000Z',
    ...changes,
  };
}
