import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, vi } from 'vitest';
import { createStorage } from '../../storage/storage.ts';
import type { NewIncident } from '../../storage/incident-store.ts';
import type { RunEnd } from '../../storage/run-store.ts';
import { createFileDisk } from '../../src/adapters/file-disk.ts';
import { createLedger } from '../../src/budget/ledger.ts';
import { createDigests } from '../../src/digest/digests.ts';
import { createDigestTeller } from '../../src/digest/teller.ts';
import type { ProcessExit, Processes, SpawnRequest } from '../../src/ports.ts';
import { createOutbox, type Content } from '../../src/telegram/outbox.ts';
import { createFleetFolder } from '../config/fleet-folder.ts';
import { createManualClock } from '../fakes/manual-clock.ts';
import { createMemoryLog } from '../fakes/memory-log.ts';
import { openStorage } from '../fakes/open-storage.ts';

export const MINUTE = 60_000;
export const HOUR = 3_600_000;
export const DAY = 24 * HOUR;
export const SECRET = 'sk-ant-oat01-TEST-digests';
/** Sunday, 22 November 2026, 06:00 in Berlin. */
export const START = Date.UTC(2026, 10, 22, 5);

/** Two agents that run by themselves, a publisher, a login, and a digest at eight in the morning and in the evening. */
export const FLEET = `timezone: Europe/Berlin
home: ./state
telegram: { owners: [4242] }
digest: ["0 8 * * *", "0 20 * * *"]
budget: { monthly: 500 }
alerts: { quiet: "21:00-09:00" }
credentials: { claude: { check: ["/bin/true"], login: ["/bin/true"] } }
agents:
  scout: { runtime: claude, prompt: ./prompts/scout.md, schedule: every 1h, credentials: [claude] }
  writer: { runtime: claude, prompt: ./prompts/scout.md, schedule: every 6h, credentials: [claude] }
  poster: { runtime: command, command: [/bin/true], publishes: [reply] }
`;

/** A run of the drawing program, in the hands of the test. */
export interface DrawRun {
  readonly request: SpawnRequest;
  readonly folder: string;
  readonly killed: () => boolean;
  /** Draws these pictures, and ends well. */
  draws(...files: readonly string[]): void;
  says(stdout: string): void;
  complains(stderr: string): void;
  exits(code: number): void;
}

/** The digests over real SQLite and a real disk, with a drawing program and a Telegram that the test plays. */
export function createDigestWorld(options: { readonly fleet?: string; readonly startAt?: number } = {}) {
  const folder = createFleetFolder();
  const { fleet } = folder.loaded(options.fleet ?? FLEET);
  const { database, file } = openStorage();
  database.pragma('synchronous = OFF'); // The tests end the process, not the machine.
  const clock = createManualClock(options.startAt ?? START);
  const log = createMemoryLog();
  const fatal: unknown[] = [];
  const draws: DrawRun[] = [];
  let mayWrite = true;
  let isQuiet = false;
  let incarnation = build();

  function spawn(request: SpawnRequest, onOutput: Parameters<Processes['spawn']>[1]) {
    const ended = Promise.withResolvers<ProcessExit>();
    let killed = false;
    const target = request.argv.at(-1) ?? '';
    const run: DrawRun = {
      request,
      folder: target,
      killed: () => killed,
      draws(...files) {
        mkdirSync(target, { recursive: true });
        for (const name of files) writeFileSync(join(target, name), `PNG ${name} ${draws.length}`, { mode: 0o600 });
        run.says(
          `drawing\n${JSON.stringify({ pictures: files.map((name) => ({ file: name, caption: `See ${name}` })) })}\n`,
        );
        run.exits(0);
      },
      says: (stdout) => onOutput(Buffer.from(stdout), 'stdout'),
      complains: (stderr) => onOutput(Buffer.from(stderr), 'stderr'),
      exits: (code) => ended.resolve({ kind: 'exited', code }),
    };
    draws.push(run);
    return {
      identity: undefined,
      exit: ended.promise,
      write: () => {},
      closeInput: () => {},
      signal() {
        killed = true;
        ended.resolve({ kind: 'signalled', signal: 'SIGKILL' });
      },
    };
  }

  function build() {
    const storage = createStorage(database);
    const scrub = (text: string): string => text.replaceAll(SECRET, '[secret]');
    const outbox = createOutbox({ storage, clock, chatId: 1, scrub, isQuiet: () => isQuiet });
    const ledger = createLedger({ fleet, storage, clock });
    const digests = createDigests({ fleet, storage, ledger, clock, outbox });
    const teller = createDigestTeller({
      fleet,
      storage,
      ledger,
      digests,
      outbox,
      processes: { spawn },
      disk: createFileDisk(),
      clock,
      log,
      program: ['/bin/draw', '--now'],
      env: { PATH: '/bin' },
      mayWrite: () => mayWrite,
      scrub,
      onFatal: (error) => void fatal.push(error),
    });
    return { storage, outbox, ledger, digests, teller };
  }

  interface Row {
    readonly id: number;
    readonly key: string;
    readonly content: string;
    readonly silent: number;
    readonly reply_to_key: string | null;
    readonly chat_id: number | null;
    readonly message_id: number | null;
    readonly class: string;
  }

  function rows(): Row[] {
    return database.prepare<[], Row>('SELECT * FROM outbox ORDER BY id').all();
  }

  const world = {
    fleet,
    clock,
    log,
    fatal,
    draws,
    database,
    databaseFile: file,
    get rooms() {
      return incarnation;
    },
    get storage() {
      return incarnation.storage;
    },
    set mayWrite(may: boolean) {
      mayWrite = may;
    },
    set isQuiet(is: boolean) {
      isQuiet = is;
    },
    /** Ends this incarnation as a power cut does: nothing is said, nothing is cleared up. */
    async crash() {
      await incarnation.teller.stop();
      incarnation = build();
    },
    rows,
    keys: () => rows().map(({ key }) => key),
    text(key: string): string {
      const row = rows().find((other) => other.key === key);
      const content = row === undefined ? undefined : (JSON.parse(row.content) as Content);
      return content?.kind === 'text' ? content.body.text : '';
    },
    /** Lets what is under way go on until this is so; a file is read on the real disk. */
    until: (isSo: () => boolean) =>
      vi.waitFor(
        async () => {
          await clock.pass(0);
          expect(isSo()).toBe(true);
        },
        { timeout: 5_000, interval: 5 },
      ),
    /** Telegram shows what waits. */
    showAll() {
      for (const row of incarnation.storage.outbox.due(clock.now(), 100))
        incarnation.storage.outbox.delivered(row.id, row.wanted, row.id, clock.now());
    },
    /** A run that ended like this, and took ten minutes. */
    ran(
      agent: string,
      endedAt: number,
      end: Partial<RunEnd> & { readonly usd?: number; readonly tookMs?: number } = {},
    ): number {
      const { usd, tookMs = 10 * MINUTE, ...settled } = end;
      const { runs } = incarnation.storage;
      return incarnation.storage.transaction(() => {
        const id = runs.add({
          agent,
          cause: 'schedule',
          publicationId: null,
          wantedAt: endedAt - tookMs,
          generations: '{}',
        });
        if (usd !== undefined)
          runs.usage(id, {
            inputTokens: 1_000,
            outputTokens: 500,
            costMicroUsd: usd * 1_000_000,
            contextTokens: null,
            contextLimit: null,
          });
        runs.settle(id, { state: 'done', failure: null, evidence: null, exit: null, endedAt, ...settled });
        return id;
      });
    },
    incident(more: Partial<NewIncident>, agents: readonly string[] = []): number {
      return incarnation.storage.transaction(() => {
        const id = incarnation.storage.incidents.open({
          kind: 'crash',
          fingerprint: `crash:${database.prepare<[], { n: number }>('SELECT count(*) AS n FROM incident').get()?.n}`,
          subject: 'scout',
          severity: 'critical',
          title: 'scout crashed',
          evidence: 'exit 1',
          openedAt: clock.now(),
          isDrill: 0,
          ...more,
        });
        incarnation.storage.incidents.addAgents(id, agents);
        return id;
      });
    },
    /** A draft that became this; it had a window of four hours. */
    draft(
      agent: string,
      createdAt: number,
      decision?: { verdict: 'approved' | 'rejected' | 'expired' | 'edited'; actor: string; at: number },
    ): number {
      const { storage } = incarnation;
      const runId = world.ran(agent, createdAt - MINUTE);
      return storage.transaction(() => {
        const id = storage.drafts.add({
          agent,
          runId,
          key: null,
          kind: 'reply',
          recipient: '@reader',
          url: null,
          context: null,
          priority: 3,
          createdAt,
          windowEndsAt: createdAt + 4 * HOUR,
          body: 'Hello',
          hash: 'h',
          media: '[]',
        });
        if (decision !== undefined) storage.drafts.decide({ draftId: id, revision: 1, reason: null, ...decision });
        return id;
      });
    },
    async stop() {
      await incarnation.teller.stop();
      folder[Symbol.dispose]();
    },
  };
  return world;
}

export type DigestWorld = ReturnType<typeof createDigestWorld>;
