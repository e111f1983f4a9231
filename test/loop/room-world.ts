import type Database from 'better-sqlite3';
import { openDatabase } from '../../storage/database.ts';
import { createStorage, type Storage } from '../../storage/storage.ts';
import { createFileDisk } from '../../src/adapters/file-disk.ts';
import { createLedger } from '../../src/budget/ledger.ts';
import { createBudgetMeter } from '../../src/budget/meter.ts';
import { createRaises } from '../../src/budget/raises.ts';
import { createReservations } from '../../src/budget/reservations.ts';
import { createRunMoney } from '../../src/budget/run-money.ts';
import { createRunSpending } from '../../src/budget/run-spending.ts';
import { createProcessGroup } from '../../src/containment/process-group.ts';
import { createCustodian } from '../../src/credentials/custodian.ts';
import { createExpiryWatch } from '../../src/credentials/expiry-watch.ts';
import { createLoginDesk } from '../../src/credentials/login-desk.ts';
import { createLogins } from '../../src/credentials/logins.ts';
import { createProber } from '../../src/credentials/prober.ts';
import { createRenewal } from '../../src/credentials/renewal.ts';
import { createRotator } from '../../src/credentials/rotator.ts';
import { createSecretTeller } from '../../src/credentials/secret-news.ts';
import { createVault } from '../../src/credentials/vault.ts';
import { createBatches } from '../../src/drafts/batches.ts';
import { createDesk } from '../../src/drafts/desk.ts';
import { createDeskTime } from '../../src/drafts/desk-time.ts';
import { createDeskWatch } from '../../src/drafts/desk-watch.ts';
import { createReviews } from '../../src/drafts/review.ts';
import { createVersionPreface } from '../../src/drafts/versions.ts';
import { createMediaRoom } from '../../src/drafts/media-room.ts';
import { createGatewayRooms } from '../../src/gateway/rooms.ts';
import { createIncidentRegister } from '../../src/incidents/register.ts';
import { createOwnerHolds } from '../../src/loop/holds.ts';
import { isWithin } from '../../src/loop/schedule.ts';
import { createScheduler } from '../../src/loop/scheduler.ts';
import type { Clock, ProcessExit, Processes, SpawnRequest, Survivor, SweepRequest } from '../../src/ports.ts';
import { createQuestions } from '../../src/questions/questions.ts';
import { createOrphans } from '../../src/runs/orphans.ts';
import { createRunner } from '../../src/runs/runner.ts';
import { createSettlement } from '../../src/runs/settlement.ts';
import { createToolFailures } from '../../src/runs/tool-failures.ts';
import { commandRuntime } from '../../src/runtimes/command.ts';
import type { Runtime } from '../../src/runtimes/runtime.ts';
import { createClockWatch } from '../../src/vigil/clock-watch.ts';
import { createCheckpoints } from '../../src/work/checkpoints.ts';
import { createRunClosings } from '../../src/work/closing.ts';
import { createLiveFleet } from '../../src/config/live-fleet.ts';
import { renderProblem } from '../../src/config/problem.ts';
import type { FleetFile, FleetReading } from '../../src/reload/reading.ts';
import { createReloads } from '../../src/reload/reloads.ts';
import { createConfirmations } from '../../src/telegram/confirmations.ts';
import { followPlaces } from '../../src/telegram/introduction.ts';
import { createContinuationPreface } from '../../src/work/continuation.ts';
import { createKeeper } from '../../src/work/keeper.ts';
import { createWorkstateRoom } from '../../src/work/workstate-room.ts';
import { createFakeWorkstates } from '../fakes/workstate-files.ts';
import { createTaskPreface } from '../../src/work/task-preface.ts';
import { createTasks } from '../../src/work/tasks.ts';
import { createReceiptWatch } from '../../src/vigil/receipts.ts';
import { createResetting } from '../../src/vigil/set-back.ts';
import { createVigil } from '../../src/vigil/vigil.ts';
import { TELEGRAM_OUTAGE } from '../../src/telegram/poller-watch.ts';
import { createScrubber } from '../../src/secrets.ts';
import { createCallbackData } from '../../src/telegram/callback-data.ts';
import { type Content, createOutbox } from '../../src/telegram/outbox.ts';
import { createOnlyChat, createPlaces } from '../../src/telegram/places.ts';
import { noSecretSource } from '../fakes/outside.ts';
import { openPlainScreen } from '../fakes/plain-screen.ts';
import { createVoidDisk } from '../fakes/void-disk.ts';
import { createFleetFolder } from '../config/fleet-folder.ts';

/** 12 January 2026, 09:00 UTC: a Monday. */
export const START = Date.UTC(2026, 0, 12, 9);
export const SECOND = 1_000;
export const MINUTE = 60_000;
export const HOUR = 3_600_000;

/** A program that was started in the world, in the hands of the test. */
export interface FakeProgram {
  readonly request: SpawnRequest;
  readonly name: string;
  readonly pid: number;
  /** What was written to its stdin after its start, in order. */
  readonly written: string[];
  readonly isInputOpen: () => boolean;
  /** What it was sent, in order. */
  readonly signals: string[];
  readonly startedAt: number;
  readonly isOver: () => boolean;
  /** Called with each line that is typed into its terminal. */
  onLine: ((line: string) => void) | undefined;
  says(text: string, stream?: 'stdout' | 'stderr'): void;
  exits(code: number): void;
  dies(signal: string): void;
}

/** What a program does once it runs; by the name of the program, without folder. */
export type Behaviours = Record<string, (program: FakeProgram) => void>;

/** A message as the outbox holds it. */
export interface Shown {
  readonly key: string;
  readonly text: string;
  readonly buttons: readonly string[];
  readonly silent: boolean;
}

/** Time that only the test moves; timers run in their order. */
export function createVirtualClock(start = START) {
  let now = start;
  /** How far the clock on the wall is ahead of what really passed. */
  let wrongMs = 0;
  let sequence = 0;
  const timers = new Map<number, { at: number; task: () => void }>();
  const clock: Clock = {
    now: () => now + wrongMs,
    monotonic: () => now,
    after(delayMs, task) {
      const id = (sequence += 1);
      timers.set(id, { at: now + delayMs, task });
      return () => void timers.delete(id);
    },
  };

  /** Lets everything settle that waits for no timer. */
  async function settle(): Promise<void> {
    for (let turn = 0; turn < 12; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }

  async function advance(ms: number): Promise<void> {
    const end = now + ms;
    await settle();
    for (;;) {
      const [next] = [...timers]
        .filter(([, timer]) => timer.at <= end)
        .sort((a, b) => a[1].at - b[1].at || a[0] - b[0]);
      if (next === undefined) break;
      timers.delete(next[0]);
      now = Math.max(now, next[1].at);
      next[1].task();
      await settle();
    }
    now = end;
    await settle();
  }

  return {
    clock,
    advance,
    settle,
    jump: (ms: number) => void (now += ms),
    /** Sets the clock on the wall, forwards or backwards; timers and the monotonic clock know nothing of it. */
    setWall: (byMs: number) => void (wrongMs += byMs),
    forget: () => timers.clear(),
  };
}

/** Chance that always says the same. */
const EVEN = { fraction: () => 0, token: (bytes: number) => `token-${(tokens += 1)}-${'x'.repeat(bytes)}` };
let tokens = 0;

/** The rooms with scheduler, runner and prober over real SQLite, in a world whose time and programs the test moves. */
export function createRoomWorld(
  yaml: string,
  options: {
    readonly fraction?: number;
    /** Has heartbeats, progress, receipts and the clock watched; others are not to be told of their agents' silence. */
    readonly withVigil?: true;
    /** Has the desk watched: reminders, bursts, rules, triage, preflight; others have a desk where time does nothing but expire. */
    readonly withDesk?: true;
    /** Has budgets measured; money is set aside and runs are judged in any case. */
    readonly withBudget?: true;
    readonly runtimes?: readonly Runtime[];
    /** Files beside fleet.yaml, by name. */
    readonly files?: Readonly<Record<string, string>>;
  } = {},
) {
  const folder = createFleetFolder();
  for (const [name, text] of Object.entries(options.files ?? {})) folder.write(name, text);
  const live = createLiveFleet(folder.loaded(yaml).fleet);
  const { fleet } = live;
  const time = createVirtualClock();
  const { clock } = time;
  const programs: FakeProgram[] = [];
  const behaviours: Behaviours = {};
  const swept: number[] = [];
  const sweeps: SweepRequest[] = [];
  /** Who lives on through every sweep; the test may say. */
  const survivors: Survivor[] = [];
  /** What one more run has to wait for; the test may say. */
  const room: { lacks: string | undefined; holdsAll?: string | undefined } = { lacks: undefined };
  /** What the agents' folders show; the test may say. */
  const work: { newest: { path: string; at: number } | undefined } = { newest: undefined };
  /** The agents' WORKSTATE.md files; they outlive a crash. */
  const workstates = createFakeWorkstates(time.clock.now);
  const fatal: unknown[] = [];
  const file = `${folder.folder}/world.db`;
  let incarnation = start();

  function start() {
    const database = openDatabase(file, (version) => `${file}.${version}`);
    database.pragma('synchronous = OFF'); // The tests kill the incarnation, not the machine.
    const storage = createStorage(database);
    const rooms = compose(database, storage);
    return { database, ...rooms };
  }

  function compose(database: Database.Database, storage: Storage) {
    const {
      scrub,
      add: learnSecret,
      openStream: openSecretStream,
    } = createScrubber(['123456:TEST-the-bot-token-of-the-world']);
    const random = { ...EVEN, fraction: () => options.fraction ?? 0 };
    const log = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
    const onFatal = (error: unknown): void => {
      if (!database.open) return; // An incarnation that crashed: nothing that it still does counts.
      fatal.push(error);
    };
    const { quiet } = fleet.alerts;
    const isQuiet = (at: number): boolean => quiet !== undefined && isWithin(quiet, at, fleet.timezone);
    const places = fleet.telegram.places.size === 0 ? createOnlyChat(1) : createPlaces({ fleet, storage });
    const outbox = createOutbox({ storage, clock, places, scrub, isQuiet });
    const callbackData = createCallbackData('key');
    const canLogIn = (name: string): boolean => Array.isArray(fleet.credentials.get(name)?.login);
    const incidents = createIncidentRegister({ storage, clock, outbox, callbackData, timezone: 'UTC', canLogIn });
    const vault = createVault({
      fleet,
      disk: createFileDisk(),
      folder: `${folder.folder}/secrets`,
      sourceOf: noSecretSource,
      learn: (secret) => learnSecret(secret, 'lasting'),
      onNews: createSecretTeller({ fleet, incidents, clock, log, onFatal }).onNews,
    });
    const custodian = createCustodian({ fleet, storage, clock, random, incidents, outbox, vault });
    const deskTime = createDeskTime({ fleet, storage, clock, custodian, telegramOutage: TELEGRAM_OUTAGE });
    const desk = createDesk({
      fleet,
      storage,
      clock,
      outbox,
      callbackData,
      scrub,
      ...(options.withDesk ? deskTime : {}),
    });
    const batches = createBatches({ storage, clock, desk });
    const reviews = createReviews({ storage, clock, outbox, callbackData, desk, batches });
    const canBeAsked = (runId: number): boolean => runner.signs(runId)?.canBeAsked === true;
    const holds = createOwnerHolds({ fleet, storage, clock, incidents, canBeAsked });
    const questions = createQuestions({ fleet, storage, clock, outbox, callbackData, scrub });
    const toolFailures = createToolFailures({ fleet, storage, clock, custodian, incidents, scrub });
    const reloads = createReloads({
      live,
      file: readFile(),
      storage,
      clock,
      log,
      incidents,
      questions,
      outbox,
      confirmations: createConfirmations({ storage, callbackData }),
      followChats: (next) => followPlaces(storage, next),
      learnSecret: (secret) => learnSecret(secret, 'lasting'),
      scrub,
      onFatal,
    });
    const orphans = createOrphans({ storage, clock, incidents });
    const checkpoints = createCheckpoints({ fleet, storage, clock, log, incidents, files: workstates, scrub });
    const workstateRoom = createWorkstateRoom({
      fleet,
      storage,
      clock,
      outbox,
      callbackData,
      checkpoints,
      canBeAsked,
    });
    const keeper = createKeeper({
      fleet,
      storage,
      clock,
      log,
      incidents,
      checkpoints,
      answers: workstateRoom,
      close: createRunClosings({
        fleet,
        storage,
        clock,
        incidents,
        checkpoints,
        readGitState: () => Promise.resolve({ status: ['## main'], commits: ['abc1234 begin'] }),
        readable: (_agent, output) => output,
        promptOf: () => 'Look for news.',
        scrub,
      }),
      canBeAsked,
      tell: (runId, text) => runner.tell(runId, text),
      onFatal,
    });
    const tasks = createTasks({ fleet, storage, clock, incidents, outbox, scrub });
    const ledger = createLedger({ fleet, storage, clock });
    const spending = createRunSpending({ fleet, storage, clock, ledger, scrub });
    const raises = createRaises({ fleet, storage, clock, ledger, incidents });
    const money = createRunMoney({ fleet, ledger, spending, incidents });
    const rooms = { fleet, storage, clock, random, custodian, incidents, desk, questions, tasks, money };
    const settlement = createSettlement(rooms);
    const media = createMediaRoom({ fleet, storage, clock, disk: createFileDisk(), mayWrite: () => true, scrub });
    const agents = createGatewayRooms({
      fleet,
      storage,
      clock,
      desk,
      media,
      questions,
      tasks,
      checkpoints,
      toolFailures,
      scrub,
    });
    const processes: Processes = {
      spawn,
      sweep: (whom) => {
        sweeps.push(whom);
        if (survivors.length > 0) return Promise.resolve({ kind: 'survived', survivors: [...survivors] });
        const left = whom.identity === undefined ? undefined : programs[whom.identity.pid - 1];
        if (left === undefined || left.isOver()) return Promise.resolve({ kind: 'gone', survivors: [] });
        swept.push(left.pid);
        left.dies('SIGKILL');
        return Promise.resolve({ kind: 'killed', survivors: [] });
      },
    };
    const scheduler = createScheduler({
      fleet,
      storage,
      clock,
      log,
      custodian,
      desk,
      questions,
      tasks,
      reservations: createReservations({ fleet, storage, ledger, incidents }),
      roomFor: () => room.holdsAll ?? room.lacks,
      holdsAll: () => room.holdsAll,
      onFatal,
    });
    const runner = createRunner({
      keeper,
      fleet,
      storage,
      processes,
      containment: createProcessGroup(processes, '/world'),
      disk: createVoidDisk(createFileDisk().readText),
      mayWriteLogs: () => true,
      onLogClosed: () => {},
      checkMedia: media.check,
      clock,
      random,
      log,
      runtimes: new Map([
        ['command', commandRuntime],
        ...(options.runtimes ?? []).map((runtime) => [runtime.name, runtime] as const),
      ]),
      custodian,
      settlement,
      incidents,
      questions,
      toolFailures,
      spending,
      orphans,
      versions: { refusal: () => undefined, versionOf: () => undefined },
      instructions: () => ({ kind: 'composed', text: 'You run unattended.' }),
      publicationInput: desk.publicationInput,
      prefaces: [
        createContinuationPreface({ storage, checkpoints }),
        createTaskPreface(storage),
        createVersionPreface({ storage }),
      ],
      environment: {
        base: { PATH: '/bin' },
        gatewayUrl: 'http://127.0.0.1:1',
        launcherFolder: '/launcher',
        secretsOf: (credentials) => vault.environmentFor(credentials),
      },
      learnSecret,
      openSecretStream,
      scrub,
      onFatal,
    });
    const rotator = createRotator({
      fleet,
      fleetFolder: folder.folder,
      storage,
      processes,
      clock,
      log,
      custodian,
      vault,
      env: { PATH: '/bin' },
      learnSecret,
      scrub,
      onFatal,
    });
    const renewal = createRenewal({ fleet, storage, clock, log, onFatal });
    const expiryWatch = createExpiryWatch({ fleet, storage, clock, log, random, incidents, custodian, onFatal });
    const prober = createProber({
      fleet,
      vault,
      fleetFolder: folder.folder,
      storage,
      processes,
      clock,
      log,
      custodian,
      env: { PATH: '/bin' },
      scrub,
      onFatal,
    });
    const loginDesk = createLoginDesk({
      storage,
      clock,
      outbox,
      callbackData,
      custodian,
      fleetChatId: 1,
      isOwner: (userId) => fleet.telegram.owners.includes(userId),
      learnSecret,
    });
    const logins = createLogins({
      fleet,
      fleetFolder: folder.folder,
      storage,
      processes,
      containment: createProcessGroup(processes, '/world'),
      clock,
      log,
      desk: loginDesk,
      vault,
      openScreen: openPlainScreen,
      env: { PATH: '/bin' },
      scrub,
      learnSecret,
      onFatal,
    });
    const clockWatch = createClockWatch({
      storage,
      clock,
      log,
      incidents,
      timezone: fleet.timezone,
      resetting: createResetting({ storage, desk, questions }),
      onSetBack: runner.noProofLaterThan,
      onFatal,
    });
    const vigil = createVigil({
      fleet,
      storage,
      clock,
      log,
      incidents,
      runner,
      clockWatch,
      findNewestWork: () => Promise.resolve(work.newest),
      lineReaderOf: () => undefined,
      scrub,
      onFatal,
    });
    const deskWatch = createDeskWatch({ fleet, storage, clock, log, outbox, desk, reviews, time: deskTime, onFatal });
    const budgetMeter = createBudgetMeter({ fleet, storage, clock, log, incidents, ledger, spending, onFatal });
    const receiptWatch = createReceiptWatch({ fleet, storage, clock, log, incidents, clockWatch, onFatal });
    return {
      reloads,
      clockWatch,
      vigil,
      receiptWatch,
      deskWatch,
      reviews,
      storage,
      outbox,
      callbackData,
      incidents,
      custodian,
      desk,
      media,
      holds,
      settlement,
      questions,
      orphans,
      checkpoints,
      workstateRoom,
      keeper,
      tasks,
      ledger,
      spending,
      raises,
      budgetMeter,
      agents,
      scheduler,
      runner,
      prober,
      loginDesk,
      logins,
      vault,
      rotator,
      renewal,
      expiryWatch,
    };
  }

  /** The fleet.yaml of the world, whose programs need not exist. */
  function readFile(): FleetFile {
    const loaded = folder.load();
    if (loaded.kind === 'invalid') throw new Error('an incarnation cannot start with a bad file');
    const read = (): FleetReading => {
      const now = folder.load();
      if (now.kind === 'invalid')
        return { kind: 'bad', problems: now.problems.map(renderProblem), omitted: now.omitted };
      return { kind: 'valid', fleet: now.fleet, raw: now.source.raw, hash: now.source.hash, secrets: [], fixed: [] };
    };
    return { raw: loaded.source.raw, hash: loaded.source.hash, read };
  }

  function spawn(request: SpawnRequest, onOutput: Parameters<Processes['spawn']>[1]) {
    const ended = Promise.withResolvers<ProcessExit>();
    const name = request.argv[0].replace(/^.*\//, '');
    const signals: string[] = [];
    const written: string[] = [];
    let inputOpen = request.keepsInputOpen === true;
    let over = false;
    let typed = '';
    function finish(exit: ProcessExit): void {
      over = true;
      ended.resolve(exit);
    }
    const program: FakeProgram = {
      request,
      name,
      pid: programs.length + 1,
      written,
      isInputOpen: () => inputOpen,
      signals,
      startedAt: clock.now(),
      isOver: () => over,
      onLine: undefined,
      says: (text, stream = 'stdout') => onOutput(Buffer.from(text), stream),
      exits: (code) => finish({ kind: 'exited', code }),
      dies: (signal) => finish({ kind: 'signalled', signal }),
    };
    programs.push(program);
    setImmediate(() => behaviours[name]?.(program));
    return {
      identity: { pid: programs.length, startTicks: '1', bootId: 'b' },
      exit: ended.promise,
      write(text: string) {
        written.push(text);
        typed += text;
        for (let end = typed.indexOf('\r'); end >= 0; end = typed.indexOf('\r')) {
          const line = typed.slice(0, end);
          typed = typed.slice(end + 1);
          program.onLine?.(line);
        }
      },
      closeInput: () => void (inputOpen = false),
      signal(signal: 'SIGTERM' | 'SIGKILL') {
        if (over) return;
        signals.push(signal);
        if (signal === 'SIGKILL' || behaviours[`${name}:term`] === undefined) program.dies(signal);
        else behaviours[`${name}:term`]?.(program);
      },
    };
  }

  return {
    fleet,
    file,
    programs,
    behaviours,
    swept,
    sweeps,
    survivors,
    room,
    work,
    workstates,
    advance: time.advance,
    settle: () => time.advance(0),
    jump: time.jump,
    setWall: time.setWall,
    now: clock.now,
    get rooms() {
      return incarnation;
    },
    get storage() {
      return incarnation.storage;
    },
    /** Writes another fleet.yaml, which nobody has taken over yet. */
    rewrite: (text: string) => void folder.write('fleet.yaml', text),
    /** Starts what works on rows, as the control plane does. */
    async begin() {
      incarnation.custodian.start();
      incarnation.reloads.started();
      if (options.withDesk) incarnation.deskWatch.recover();
      await incarnation.runner.recover();
      await incarnation.logins.recover();
      await incarnation.rotator.recover();
      incarnation.prober.start();
      incarnation.logins.start();
      incarnation.rotator.start();
      incarnation.renewal.start();
      incarnation.expiryWatch.start();
      incarnation.runner.start();
      incarnation.keeper.start();
      if (options.withVigil) {
        incarnation.clockWatch.start();
        incarnation.vigil.start();
        incarnation.receiptWatch.start();
      }
      if (options.withDesk) incarnation.deskWatch.start();
      if (options.withBudget) incarnation.budgetMeter.start();
      incarnation.scheduler.start();
      await time.advance(0);
    },
    /** What `kill -9` leaves, after `awayMs` taken up again by a new incarnation. */
    async crash(awayMs = 0) {
      incarnation.database.close();
      time.forget();
      time.jump(awayMs);
      const loaded = folder.load();
      if (loaded.kind === 'loaded') live.replace(loaded.fleet);
      incarnation = start();
      await this.begin();
    },
    running: () => programs.filter((program) => !program.isOver()),
    named: (name: string) => programs.filter((program) => program.name === name),
    /** Every message that was ever asked for and not yet sent, in the order of their keys' first use. */
    shown(): Shown[] {
      return incarnation.storage.outbox
        .due(Number.MAX_SAFE_INTEGER, 1_000)
        .toSorted((a, b) => a.id - b.id)
        .map((row) => {
          const content = JSON.parse(row.content) as Content;
          const text = content.kind === 'text' || content.kind === 'document' ? content.body.text : '';
          const buttons = 'buttons' in content ? (content.buttons ?? []).flat().map((button) => button.text) : [];
          return { key: row.key, text, buttons, silent: row.silent === 1 };
        });
    },
    holds: () => incarnation.storage.holds.active().map((hold) => `${hold.agent || '*'}: ${hold.reason}`),
    /** The receipts of an agent, oldest first. */
    receipts: (agent: string) =>
      incarnation.storage.dues
        .receipts(agent, 100)
        .toReversed()
        .map(
          (due) =>
            `${due.state}${due.times === 1 ? '' : ` x${due.times}`}${due.reason === null ? '' : `: ${due.reason}`}`,
        ),
    /** Ends the world; throws what a room took for a bug. */
    close() {
      incarnation.database.close();
      folder[Symbol.dispose]();
      if (fatal.length > 0) throw new AggregateError(fatal, 'a room met a bug');
    },
  };
}

export type RoomWorld = ReturnType<typeof createRoomWorld>;
