import { createStorage } from '../../storage/storage.ts';
import { createFallbackRoute } from '../../src/incidents/fallback.ts';
import { createIncidentRegister } from '../../src/incidents/register.ts';
import type { Trouble } from '../../src/incidents/trouble.ts';
import { createIncidentWatch } from '../../src/incidents/watch.ts';
import type { ProcessExit, Processes, SpawnRequest } from '../../src/ports.ts';
import { createCallbackData } from '../../src/telegram/callback-data.ts';
import { createOutbox, type Content } from '../../src/telegram/outbox.ts';
import { createManualClock } from '../fakes/manual-clock.ts';
import { createMemoryLog } from '../fakes/memory-log.ts';
import { openStorage } from '../fakes/open-storage.ts';

export const SECOND = 1_000;
export const MINUTE = 60_000;
export const HOUR = 3_600_000;
export const SECRET = 'sk-ant-oat01-TEST-incidents';

/** A run of the fallback program, in the hands of the test. */
export interface FallbackRun {
  readonly request: SpawnRequest;
  readonly killed: () => boolean;
  says(text: string): void;
  exits(code: number): void;
}

/** A trouble, as a room reports it. */
export function trouble(name: string, more: Partial<Trouble> = {}): Trouble {
  return {
    kind: 'report',
    fingerprint: `report:${name}`,
    subject: name,
    severity: 'warning',
    title: `${name} reports: search failed`,
    evidence: 'slow',
    agents: [name],
    ...more,
  };
}

/** The register, its watch and the fallback over real SQLite, with a Telegram that shows what the test says. */
export function createIncidentWorld(
  options: {
    readonly hasFallback?: boolean;
    readonly quiet?: boolean;
    /** True: the test ends each run of the fallback; without it they end well at once. */
    readonly endsByHand?: boolean;
  } = {},
) {
  const { hasFallback = true } = options;
  const { database } = openStorage();
  database.pragma('synchronous = OFF'); // The tests end the process, not the machine.
  const clock = createManualClock();
  const log = createMemoryLog();
  const fatal: unknown[] = [];
  const fallbackRuns: FallbackRun[] = [];
  let nextMessage = 1;
  let incarnation = build();

  function spawn(request: SpawnRequest, onOutput: Parameters<Processes['spawn']>[1]) {
    const ended = Promise.withResolvers<ProcessExit>();
    let killed = false;
    fallbackRuns.push({
      request,
      killed: () => killed,
      says: (text) => onOutput(Buffer.from(text), 'stderr'),
      exits: (code) => ended.resolve({ kind: 'exited', code }),
    });
    if (options.endsByHand !== true) ended.resolve({ kind: 'exited', code: 0 });
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
    const outbox = createOutbox({ storage, clock, chatId: 1, scrub, isQuiet: () => options.quiet === true });
    const callbackData = createCallbackData('key');
    const tellers = { storage, clock, outbox, callbackData, timezone: 'UTC', canLogIn: () => true };
    const incidents = createIncidentRegister(tellers);
    const onFatal = (error: unknown): void => void fatal.push(error);
    const fallback = createFallbackRoute({
      argv: hasFallback ? ['/bin/fallback', '--now'] : undefined,
      fleetFolder: '/fleet',
      storage,
      processes: { spawn, sweep: () => Promise.resolve({ kind: 'gone', survivors: [] }) },
      clock,
      log,
      incidents,
      env: { PATH: '/bin' },
      scrub,
      onFatal,
    });
    const watch = createIncidentWatch({
      ...tellers,
      log,
      repeatMs: 30 * MINUTE,
      hasFallback,
      onFallback: fallback.nudge,
      scrub,
      onFatal,
    });
    return { storage, incidents, fallback, watch };
  }

  interface Row {
    readonly id: number;
    readonly key: string;
    readonly content: string;
    readonly wanted: number;
    readonly message_id: number | null;
    readonly silent: number;
  }

  function rows(): Row[] {
    return database
      .prepare<[], Row>(`SELECT id, key, content, wanted, message_id, silent FROM outbox ORDER BY id`)
      .all();
  }

  const world = {
    database,
    clock,
    fatal,
    fallbackRuns,
    get storage() {
      return incarnation.storage;
    },
    get incidents() {
      return incarnation.incidents;
    },
    report: (name: string, more: Partial<Trouble> = {}) => incarnation.incidents.report(trouble(name, more)),
    critical: (name: string, more: Partial<Trouble> = {}) =>
      incarnation.incidents.report(trouble(name, { severity: 'critical', ...more })),
    async start() {
      incarnation.fallback.recover();
      incarnation.fallback.start();
      incarnation.watch.start();
      await clock.rest();
    },
    /** A new process over the same rows. */
    async restart(awayMs = 0) {
      await Promise.all([incarnation.watch.stop(), incarnation.fallback.stop()]);
      await clock.pass(awayMs);
      incarnation = build();
      await world.start();
    },
    /** Telegram shows all that it is asked to. */
    showAll() {
      for (const { id, wanted, message_id } of rows()) {
        if (message_id === null) nextMessage += 1;
        incarnation.storage.outbox.delivered(id, wanted, message_id ?? nextMessage, clock.now());
      }
    },
    /** Telegram cannot be reached: what waits has been tried. */
    failAll() {
      for (const { id, message_id } of rows())
        if (message_id === null) incarnation.storage.outbox.retry(id, clock.now(), 'sendMessage: unreachable');
    },
    /** The fleet's chat refuses what waits; the owner's own chat shows a copy, as the sender sees to it. */
    refuseAll() {
      for (const { id, key, content, message_id } of rows()) {
        if (message_id !== null || key.endsWith(':private')) continue;
        const now = clock.now();
        incarnation.storage.outbox.retry(id, now + 10 * MINUTE, 'sendMessage: forbidden');
        const copy = {
          key: `${key}:private`,
          class: 'alert',
          chatId: 2,
          replyToKey: null,
          content,
          silent: 0,
        } as const;
        incarnation.storage.outbox.add({ ...copy, priority: 1, nextAt: now, giveUpAt: null, createdAt: now });
        const added = incarnation.storage.outbox.get(copy.key);
        nextMessage += 1;
        if (added?.messageId === null) incarnation.storage.outbox.delivered(added.id, 1, nextMessage, now);
      }
    },
    /** Time with a Telegram that shows all at once. */
    async passShown(ms: number) {
      const until = clock.now() + ms;
      while (clock.now() < until) {
        await clock.pass(Math.min(10 * SECOND, until - clock.now()));
        world.showAll();
      }
    },
    messages: () =>
      rows().map((row) => {
        const content = JSON.parse(row.content) as Content & { kind: 'text' };
        return {
          key: row.key,
          text: content.body.text,
          buttons: (content.buttons ?? []).flat().map(({ text }) => text),
          silent: row.silent === 1,
        };
      }),
    message: (key: string) => world.messages().find((message) => message.key === key),
    keys: () => rows().map(({ key }) => key),
    get: (id: number) => incarnation.storage.incidents.get(id),
  };
  return world;
}

export type IncidentWorld = ReturnType<typeof createIncidentWorld>;
