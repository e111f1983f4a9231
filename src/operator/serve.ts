import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { openDatabase } from '../../storage/database.ts';
import type { Migration } from '../../storage/migrate.ts';
import { StorageError } from '../../storage/storage-error.ts';
import { createStorage } from '../../storage/storage.ts';
import { createCryptoRandom } from '../adapters/crypto-random.ts';
import { readContainmentOffers } from '../adapters/containment-offers.ts';
import { createDatabaseCopier } from '../adapters/database-copier.ts';
import { createProcesses } from '../adapters/execa-processes.ts';
import { createFileDisk } from '../adapters/file-disk.ts';
import { createGrammyApi } from '../adapters/grammy-api.ts';
import { createHostProbe } from '../adapters/host-facts.ts';
import { createLoopbackServer } from '../adapters/loopback-http.ts';
import { createLog } from '../adapters/pino-log.ts';
import { releaseMemory } from '../adapters/release-memory.ts';
import { createSystemClock } from '../adapters/system-clock.ts';
import { createSystemMachine, loadTotalMemoryBytes } from '../adapters/system-machine.ts';
import { openXtermScreen } from '../adapters/xterm-screen.ts';
import { createSystemdNotify } from '../adapters/systemd-notify.ts';
import { createWeb } from '../adapters/web.ts';
import { createControlPlane, type Ending } from '../app.ts';
import type { Fleet } from '../config/fleet.ts';
import { probeContainment } from '../containment/probe.ts';
import { type Gateway, renderRefusal } from '../gateway/gateway.ts';
import { MAX_REQUEST_BYTES } from '../gateway/limits.ts';
import type { Log } from '../ports.ts';
import type { FleetFile } from '../reload/reading.ts';
import { createScrubber } from '../secrets.ts';
import { describeSelf } from '../sentinel/process.ts';
import type { SelfReplacement } from '../restart/restarter.ts';
import type { RichText } from '../telegram/outbox.ts';
import { CLEAN_KEY } from '../vigil/pulse.ts';
import { isPassingStorageTrouble } from '../worker.ts';
import { EXIT, REPLACE } from './exit-codes.ts';
import { type Home, homeIdentity, loadCallbackKey, prepareHome, tightenSecrets } from './home.ts';
import { takeLocks } from './locks.ts';
import { openSecretSource } from './secret-sources.ts';
import { awaitRoom } from './room-to-start.ts';
import type { Terminal } from './terminal.ts';
import { packageVersion } from './version.ts';

/** A daily copy may come late or fail once; after two days without one the database itself is looked at. */
const TRUSTED_MS = 48 * 3_600_000;

/** How long stopping may take: the contract promises 30 s, and the supervisor kills after that. */
const STOP_WITHIN_MS = 25_000;

/** How long the one message may take that is sent before there is a database. */
const DIRECT_MS = 10_000;

/** After this time what is due at the start has been started, and what that took can go. */
const SETTLED_MS = 10_000;

/** What a control plane is served from. */
export interface ServeOptions {
  readonly fleet: Fleet;
  readonly fleetFile: FleetFile;
  readonly token: string;
  readonly apiRoot: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Values that must appear nowhere, besides the token. */
  readonly secrets?: readonly string[];
  readonly welcome?: RichText;
  /** How a new process takes the place of this one; without it none does. */
  readonly replacement?: SelfReplacement;
}

/**
 * Runs the control plane in the foreground until a signal or its own end; gives the exit code, or that a new process is to take this one's
 * place.
 * One straight line: locks → database → ports → gateway → control plane → ready → wait → stop, last in, first out.
 */
export async function serve(options: ServeOptions, terminal: Terminal): Promise<number | typeof REPLACE> {
  const { fleet, token } = options;
  const random = createCryptoRandom();
  const hasRoom = await awaitRoom({
    home: fleet.home,
    machine: createSystemMachine(),
    disk: createFileDisk(),
    terminal,
    tell: (text) => sendDirectly(options, text),
  });
  if (!hasRoom) return EXIT.ok;
  const binPath = join(import.meta.dirname, '..', 'bin.js');
  const prepared = tryPrepareHome(fleet.home, { nodePath: process.execPath, binPath }, terminal);
  if (prepared === undefined) return EXIT.config;
  const home: Home = prepared;

  const locks = takeLocks(home, fleet.home, options, terminal);
  if (locks === undefined) return EXIT.taken;

  try {
    let migration: Migration | undefined;
    let databaseReadAt: number | undefined;
    const database = openDatabase(
      home.database,
      home.backup,
      undefined,
      (done) => {
        migration = done;
        terminal.print(`the database went from schema ${done.from} to ${done.to}; a copy of before: ${done.backup}`);
      },
      {
        cleanKey: CLEAN_KEY,
        verifiedSince: Date.now() - TRUSTED_MS,
        onRead: () => {
          databaseReadAt = Date.now();
        },
      },
    );
    try {
      return await runControlPlane();
    } finally {
      database.close();
    }

    async function runControlPlane(): Promise<number | typeof REPLACE> {
      const scrubber = createScrubber([token, ...(options.secrets ?? [])]);
      const log = createLog({ level: logLevel(options.env['LOG_LEVEL']), scrub: scrubber.scrub });
      for (const finding of tightenSecrets(home)) log.warn(finding);
      const clock = createSystemClock();
      const processes = createProcesses(log);
      const runEnvironment = baseEnvironment(options.env, fleet.timezone);
      // Its trials run while everything else is built.
      const probing = probeContainment({
        processes,
        clock,
        home: homeIdentity(fleet.home),
        wanted: fleet.containment,
        offers: readContainmentOffers(runEnvironment.PATH),
      });
      const rooms: { gateway?: Gateway } = {};
      const server = await createLoopbackServer(
        (request, gone) => rooms.gateway?.serve(request, gone) ?? { status: 503, body: '{"error":"starting"}' },
        { maxBodyBytes: MAX_REQUEST_BYTES, log, renderRefusal },
      );
      const storage = createStorage(database);
      const { chosen: containment } = await probing;
      log.info('runs are contained', { by: containment.name });
      const controlPlane = createControlPlane({
        fleet,
        fleetFile: options.fleetFile,
        storage,
        migration,
        databaseReadAt,
        clock,
        random,
        log,
        processes,
        containment,
        disk: createFileDisk(),
        machine: createSystemMachine(),
        copier: createDatabaseCopier(home.database),
        totalMemoryBytes: loadTotalMemoryBytes(),
        supervisor: createSystemdNotify(options.env, log),
        web: createWeb(),
        replacement: options.replacement,
        self: { ...describeSelf(), version: packageVersion() },
        hostProbe: createHostProbe({
          processes,
          clock,
          machine: createSystemMachine(),
          env: options.env,
          access: { kind: 'access', token, apiRoot: options.apiRoot },
          triesContainment: false,
        }),
        secretSourceOf: (credential) =>
          openSecretSource(credential, {
            processes,
            clock,
            runEnvironment,
            fleetFolder: dirname(fleet.file),
            env: terminal.env,
          }),
        api: createGrammyApi(token, options.apiRoot),
        scrub: scrubber.scrub,
        learnSecret: scrubber.add,
        openScreen: openXtermScreen,
        openSecretStream: scrubber.openStream,
        callbackKey: loadCallbackKey(home, random),
        launcherFolder: home.bin,
        baseEnvironment: runEnvironment,
        gatewayUrl: server.url,
        ...(options.welcome === undefined ? {} : { welcome: options.welcome }),
      });
      rooms.gateway = controlPlane.gateway;
      void controlPlane.ready.then(() => {
        terminal.print('ready');
        clock.after(SETTLED_MS, releaseMemory);
      });
      let isInterrupted = false;
      void terminal.interrupted.then(() => {
        isInterrupted = true;
      });
      await controlPlane.start();
      // Only now: a start reads the file anyway.
      terminal.onHangUp?.(
        () => void controlPlane.hangUp().then((said) => terminal.complain(`nightdesk: SIGHUP: ${said}`)),
      );
      const end = await Promise.race([controlPlane.ended, terminal.interrupted]);
      const isRestart = typeof end !== 'string' && end.kind === 'restart';
      const code = typeof end === 'string' || end.kind === 'restart' ? EXIT.ok : reportEnding(end, log, terminal);
      const stopped = await within(STOP_WITHIN_MS, controlPlane.stop());
      await server.close();
      if (!stopped) log.error('stopping took too long; what is left is swept at the next start');
      // A supervisor that wants the end while we restart gets it. What did not stop in time ends with this process's memory.
      if (isRestart && !isInterrupted) return REPLACE;
      return stopped ? code : EXIT.software;
    }
  } catch (error) {
    const cause = error instanceof StorageError ? error.cause : error;
    // Full or locked may pass: a supervisor has to try again, which it does not after 78.
    if (isPassingStorageTrouble(cause)) {
      terminal.complain(`nightdesk: the database in ${fleet.home} cannot be written right now (${cause.code})`);
      return EXIT.tempfail;
    }
    if (!(error instanceof StorageError)) throw error;
    terminal.complain(`nightdesk: ${error.message}; ${error.hint}`);
    return EXIT.config;
  } finally {
    locks.release();
  }
}

function reportEnding(ending: Exclude<Ending, { kind: 'restart' }>, log: Log, terminal: Terminal): number {
  switch (ending.kind) {
    case 'unauthorized':
      terminal.complain(
        'nightdesk: Telegram refused the bot token: check TELEGRAM_BOT_TOKEN, or make a new one with @BotFather',
      );
      return EXIT.refused;
    case 'hung':
      log.error('getUpdates hung over many new connections; ending, so that the supervisor starts a new process', {
        forMs: ending.sinceMs,
      });
      return EXIT.tempfail;
    case 'bug': {
      const { error } = ending;
      const reason = error instanceof Error ? (error.stack ?? error.message) : 'unknown';
      log.error('ending because of a bug; everything that was decided is in the database', { reason });
      return EXIT.software;
    }
  }
}

/** Sends a message to the owner without a row; false when it did not arrive. */
async function sendDirectly({ fleet, token, apiRoot }: ServeOptions, text: string): Promise<boolean> {
  try {
    await createGrammyApi(token, apiRoot).call(
      'sendMessage',
      { chat_id: fleet.telegram.chat, text },
      { timeoutMs: DIRECT_MS },
    );
    return true;
  } catch {
    return false;
  }
}

/** The state folder, or nothing and the reason has been said: a disk or a path that cannot be written is no bug. */
function tryPrepareHome(
  folder: string,
  launcher: Parameters<typeof prepareHome>[1],
  terminal: Terminal,
): Home | undefined {
  try {
    return prepareHome(folder, launcher);
  } catch (error) {
    const { code, path } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    terminal.complain(
      `nightdesk: the state folder ${folder} cannot be used (${code} at ${path ?? folder}): correct \`home\`, or its permissions`,
    );
    return undefined;
  }
}

/** What every run, check and login gets of the control plane's own environment (CONTRACT 3). */
function baseEnvironment(
  env: Readonly<Record<string, string | undefined>>,
  timezone: string,
): { readonly PATH: string } & Readonly<Record<string, string>> {
  return {
    PATH: env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: env['HOME'] ?? homedir(),
    LANG: env['LANG'] ?? 'C.UTF-8',
    TZ: timezone,
    TERM: env['TERM'] ?? 'dumb',
  };
}

function logLevel(name: string | undefined): 'trace' | 'debug' | 'info' | 'warn' | 'error' {
  const levels = ['trace', 'debug', 'info', 'warn', 'error'] as const;
  return levels.find((level) => level === name) ?? 'info';
}

/** Whether the work ended in time. */
async function within(limitMs: number, work: Promise<void>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), limitMs);
  });
  const done = await Promise.race([work.then(() => true), late]);
  clearTimeout(timer);
  return done;
}
