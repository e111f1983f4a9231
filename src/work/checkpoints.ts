import { createHash } from 'node:crypto';
import type { CheckpointHead } from '../../storage/checkpoint-store.ts';
import type { RunRow } from '../../storage/run-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import type { Clock, Log } from '../ports.ts';
import { fillOf } from '../runs/context-stops.ts';
import { contextFingerprint, futileFingerprint } from './context-words.ts';
import { isNearlySame } from './likeness.ts';
import { judgeWorkstate, type WorkstateSource, type WorkstateVerdict } from './workstate.ts';
import type { WorkstateFiles } from './workstate-files.ts';

/** An agent that writes more often costs one row each so many ms: the newest text takes the place of the one before. */
const ROW_EVERY_MS = 5_000;

/** A file that changed so many ms ago may be half of what is being written: it is not refused yet. */
const STILL_WRITTEN_MS = 1_000;

/** What the progress clock says of a new version. */
const PROGRESS_NOTE = 'a new WORKSTATE.md';

/** What came of a checkpoint that an agent handed in. */
export type Submitted =
  | {
      readonly kind: 'stored';
      readonly id: number;
      /** False: the newest version says the same already. */
      readonly isNew: boolean;
      /** Why the file could not be written, where it had to be. */
      readonly fileTrouble?: string;
    }
  | { readonly kind: 'refused'; readonly reason: string };

/** What a look at the file came to; `refused` once for each change of it. */
export type Looked =
  | { readonly kind: 'unchanged' }
  | { readonly kind: 'stored' }
  | { readonly kind: 'refused'; readonly reason: string };

/** A WORKSTATE.md as it can be shown: the newest version, or the file where that is newer. */
export interface ShownWorkstate {
  readonly text: string;
  readonly at: number;
  /** The version; of a file that is not kept yet, the version before it. */
  readonly version: CheckpointHead | undefined;
  /** True: it is the file, and no version yet. */
  readonly isFile: boolean;
}

/** Versions of the agents' WORKSTATE.md. */
export interface Checkpoints {
  /** An agent's own word: this text, or without one the file in its workdir. */
  submit(identity: { readonly run: number; readonly agent: string }, text: string | undefined): Submitted;
  /** Keeps the file as a version where it has changed; where nothing has, it costs one look at its entry. */
  look(run: RunRow): Looked;
  /** The same within the transaction of a run's end: reads the file in any case. */
  keepFile(run: RunRow): void;
  /** Keeps what we wrote ourselves. */
  keepOurs(run: RunRow, text: string): void;
  /** Puts a text of ours into the file; trouble is logged: the version stands all the same. */
  writeFile(agent: Agent, text: string): void;
  /** Whether a run's agent has written a version of its own since then. */
  isWritten(run: Pick<RunRow, 'id'>, since: number): boolean;
  /** What there is to read; undefined: nothing. `problem`: why the file, which is newer, cannot be kept; without a version it is shown all the same. */
  shown(agent: Agent): { readonly newest: ShownWorkstate | undefined; readonly problem: string | undefined };
  /** The file as it stands, whether it can be kept or not. */
  read(agent: Agent): WorkstateSource;
}

/** Builds the checkpoints. */
export function createCheckpoints(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly clock: Clock;
  readonly log: Log;
  readonly incidents: Pick<IncidentRegister, 'close'>;
  readonly files: WorkstateFiles;
  readonly scrub: (text: string) => string;
}): Checkpoints {
  const { fleet, storage, clock, files } = options;
  /** What each agent's file looked like when it was last read. */
  const marks = new Map<string, string | undefined>();
  /** The newest row of each agent, while it is young enough to be written over. */
  const young = new Map<string, { readonly id: number; readonly runId: number; readonly madeAt: number }>();

  function judge(agent: Agent, source: WorkstateSource): WorkstateVerdict {
    return judgeWorkstate(source, {
      twinOf: (text) => twinOf(agent, text),
      holdsSecret: (text) => options.scrub(text) !== text,
    });
  }

  /** Agents that share a workdir share its file. */
  function twinOf(agent: Agent, text: string): string | undefined {
    const twin = storage.checkpoints.holderOf(hashOf(text), agent.name);
    return twin !== undefined && fleet.agents.get(twin)?.workdir === agent.workdir ? undefined : twin;
  }

  /** Stores a text that was judged, unless it is the newest version already. The same text again counts where it was asked for. */
  function store(
    run: RunRow,
    text: string,
    at: number,
  ): { readonly id: number; readonly isNew: boolean; readonly isKept: boolean } {
    const hash = hashOf(text);
    const head = storage.checkpoints.newestHead(run.agent);
    const isSame = head?.hash === hash;
    const isAwaited = run.flushAskedAt !== null && at >= run.flushAskedAt && !isWritten(run, run.flushAskedAt);
    if (head !== undefined && isSame && !isAwaited) return { id: head.id, isNew: false, isKept: false };
    const before = isSame ? text : storage.checkpoints.newest(run.agent)?.text;
    const percent = fillOf(run);
    const version = { at, hash, contextPercent: percent === undefined ? null : Math.floor(percent), text };
    const id = overwrite(run, version) ?? add(run, { ...version, author: 'agent' });
    if (!isSame && (before === undefined || !isNearlySame(before, text))) {
      storage.runs.progress(run.id, clock.now(), PROGRESS_NOTE);
      endIncidents(run);
    }
    return { id, isNew: !isSame, isKept: true };
  }

  function overwrite(run: RunRow, version: Parameters<typeof storage.checkpoints.replace>[1]): number | undefined {
    const last = young.get(run.agent);
    if (last === undefined || last.runId !== run.id || clock.monotonic() - last.madeAt >= ROW_EVERY_MS)
      return undefined;
    if (storage.checkpoints.newestHead(run.agent)?.id !== last.id) return undefined;
    storage.checkpoints.replace(last.id, version);
    return last.id;
  }

  function add(run: RunRow, version: Omit<Parameters<typeof storage.checkpoints.add>[0], 'agent' | 'runId'>): number {
    const id = storage.checkpoints.add({ agent: run.agent, runId: run.id, ...version });
    if (version.author === 'agent') young.set(run.agent, { id, runId: run.id, madeAt: clock.monotonic() });
    return id;
  }

  /** A fresh session that keeps a checkpoint of its own has taken the work over: what was told of the run before is past. */
  function endIncidents(run: RunRow): void {
    for (const fingerprint of [contextFingerprint(run.agent), futileFingerprint(run.agent)]) {
      const incident = storage.incidents.unresolved(fingerprint);
      if (incident !== undefined && incident.openedAt <= (run.startedAt ?? run.wantedAt))
        options.incidents.close(fingerprint);
    }
  }

  function isWritten(run: Pick<RunRow, 'id'>, since: number): boolean {
    const head = storage.checkpoints.newestHeadOfRun(run.id);
    return head !== undefined && head.author === 'agent' && head.at >= since;
  }

  /** Keeps what was read of the file; its own time tells whether it was written before it was asked for. */
  function keep(run: RunRow, agent: Agent, source: WorkstateSource): Looked {
    if (source.kind === 'missing') return { kind: 'unchanged' };
    const verdict = judge(agent, source);
    if (verdict.kind === 'refused') return verdict;
    const at = source.kind === 'file' ? Math.min(clock.now(), source.modifiedAt) : clock.now();
    return { kind: store(run, verdict.text, at).isKept ? 'stored' : 'unchanged' };
  }

  function writeFile(agent: Agent, text: string): string | undefined {
    try {
      files.write(agent.workdir, text);
      marks.set(agent.name, files.mark(agent.workdir));
      return undefined;
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? 'unknown';
      options.log.warn('a WORKSTATE.md could not be written', { agent: agent.name, code });
      return code;
    }
  }

  return {
    submit(identity, text) {
      const agent = fleet.agents.get(identity.agent);
      const run = storage.runs.get(identity.run);
      if (agent === undefined || run === undefined)
        return { kind: 'refused', reason: 'fleet.yaml has no agent of your name any more' };
      const verdict = judge(agent, text === undefined ? files.read(agent.workdir) : { kind: 'text', text });
      if (verdict.kind === 'refused') return verdict;
      const { id, isNew } = storage.transaction(() => store(run, verdict.text, clock.now()));
      const fileTrouble = text === undefined ? undefined : writeFile(agent, text);
      return { kind: 'stored', id, isNew, ...(fileTrouble === undefined ? {} : { fileTrouble }) };
    },

    look(run) {
      const agent = fleet.agents.get(run.agent);
      if (agent === undefined) return { kind: 'unchanged' };
      const mark = files.mark(agent.workdir);
      if (mark === undefined || marks.get(agent.name) === mark) return { kind: 'unchanged' };
      const source = files.read(agent.workdir);
      const looked = storage.transaction(() => keep(run, agent, source));
      const isFresh = source.kind === 'file' && Math.abs(clock.now() - source.modifiedAt) < STILL_WRITTEN_MS;
      // The next look finds it whole, or refuses it.
      if (looked.kind === 'refused' && isFresh) return { kind: 'unchanged' };
      marks.set(agent.name, mark);
      return looked;
    },

    keepFile(run) {
      const agent = fleet.agents.get(run.agent);
      if (agent === undefined || files.mark(agent.workdir) === undefined) return;
      keep(run, agent, files.read(agent.workdir));
    },

    keepOurs(run, text) {
      const percent = fillOf(run);
      const contextPercent = percent === undefined ? null : Math.floor(percent);
      add(run, { at: clock.now(), author: 'nightdesk', hash: hashOf(text), contextPercent, text });
    },

    writeFile: (agent, text) => void writeFile(agent, text),
    isWritten,
    read: (agent) => files.read(agent.workdir),

    shown(agent) {
      const version = storage.checkpoints.newest(agent.name);
      const kept: ShownWorkstate | undefined =
        version === undefined ? undefined : { text: version.text, at: version.at, version, isFile: false };
      if (files.mark(agent.workdir) === undefined) return { newest: kept, problem: undefined };
      const source = files.read(agent.workdir);
      const at = source.kind === 'file' ? source.modifiedAt : clock.now();
      if (version !== undefined && at <= version.at) return { newest: kept, problem: undefined };
      const verdict = judge(agent, source);
      if (verdict.kind === 'refused') return { newest: kept ?? asItStands(source), problem: verdict.reason };
      if (version?.hash === hashOf(verdict.text)) return { newest: kept, problem: undefined };
      return { newest: { text: verdict.text, at, version, isFile: true }, problem: undefined };
    },
  };
}

/** A file that cannot be kept, for people to read; undefined where it cannot be shown either. */
function asItStands(source: WorkstateSource): ShownWorkstate | undefined {
  if (source.kind !== 'file') return undefined;
  const text = Buffer.from(source.bytes).toString('utf8').replaceAll('\0', '\uFFFD');
  return { text, at: source.modifiedAt, version: undefined, isFile: true };
}

/** The hash by which texts are compared. */
function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
