import { basename, dirname, join } from 'node:path';
import { createCommands } from '../commands/list.ts';
import { findNewestWork } from './adapters/newest-work.ts';
import { createBackupKeeper } from './backups/keeper.ts';
import { tellRestored } from './backups/restored.ts';
import { tellUpgrade } from './backups/upgraded.ts';
import { createLedger } from './budget/ledger.ts';
import { createBudgetMeter } from './budget/meter.ts';
import { createRaises } from './budget/raises.ts';
import { createReservations } from './budget/reservations.ts';
import { createRunMoney } from './budget/run-money.ts';
import { createRunSpending } from './budget/run-spending.ts';
import { createChecklistRoom } from './checklist/checklist.ts';
import { DATABASE_READ_KEY } from './checklist/integrity.ts';
import { createVersionWatch } from './clis/version-watch.ts';
import { createLiveFleet } from './config/live-fleet.ts';
import type { Agent } from './config/fleet.ts';
import { createCustodian } from './credentials/custodian.ts';
import { createLoginDesk } from './credentials/login-desk.ts';
import { createLogins } from './credentials/logins.ts';
import { createExpiryWatch } from './credentials/expiry-watch.ts';
import { createProber } from './credentials/prober.ts';
import { createRenewal } from './credentials/renewal.ts';
import { createRotator } from './credentials/rotator.ts';
import { createSecretTeller } from './credentials/secret-news.ts';
import { createVault } from './credentials/vault.ts';
import { createBatches } from './drafts/batches.ts';
import { createDigests } from './digest/digests.ts';
import { drawProgram } from './digest/drawing.ts';
import { createDigestTeller } from './digest/teller.ts';
import { createDesk } from './drafts/desk.ts';
import { createMediaRoom } from './drafts/media-room.ts';
import { createDeskTime } from './drafts/desk-time.ts';
import { createDeskWatch } from './drafts/desk-watch.ts';
import { createReviews } from './drafts/review.ts';
import { createVersionPreface } from './drafts/versions.ts';
import { withDrillAgents } from './drills/drill-fleet.ts';
import { createDrills } from './drills/drills.ts';
import { markDrills } from './drills/marked-register.ts';
import { pretendSurvivors } from './drills/pretended-survivor.ts';
import { createTelegramGate } from './drills/telegram-gate.ts';
import type { Foundations } from './foundations.ts';
import { createGateway, type Gateway } from './gateway/gateway.ts';
import { createGatewayRooms } from './gateway/rooms.ts';
import { createFallbackRoute } from './incidents/fallback.ts';
import { createIncidentRegister } from './incidents/register.ts';
import { restartAgent } from './incidents/restart.ts';
import { createIncidentWatch } from './incidents/watch.ts';
import { createInstructionComposer } from './instructions/compose.ts';
import { createOwnerHolds } from './loop/holds.ts';
import { createRoomFor } from './loop/room-for.ts';
import { isWithin } from './loop/schedule.ts';
import { createScheduler } from './loop/scheduler.ts';
import { createOwnerWishes } from './loop/wishes.ts';
import { createQuestions } from './questions/questions.ts';
import { createRestarter } from './restart/restarter.ts';
import { createLogKeeper } from './runs/log-keeper.ts';
import { createOrphans } from './runs/orphans.ts';
import { createRunner } from './runs/runner.ts';
import { createSettlement } from './runs/settlement.ts';
import { createToolFailures } from './runs/tool-failures.ts';
import { createReloads } from './reload/reloads.ts';
import { RUNTIMES } from './runtimes/list.ts';
import type { LogLineReader } from './runtimes/log-entries.ts';
import { type RunningPart, stopInOrder } from './teardown.ts';
import { createAccess } from './telegram/access.ts';
import { createBot } from './telegram/bot.ts';
import { createCallbackData } from './telegram/callback-data.ts';
import { createConfirmations } from './telegram/confirmations.ts';
import { createFleetMenu } from './telegram/fleet-menu.ts';
import { createFleetScreens } from './telegram/fleet-screens.ts';
import { createInboxWorker } from './telegram/inbox.ts';
import { createRoleMenus, followPlaces, introduce, tellTopicless } from './telegram/introduction.ts';
import { createPlaces } from './telegram/places.ts';
import { createMeLearner, type Me } from './telegram/me.ts';
import { createOutbox } from './telegram/outbox.ts';
import { createPoller, type PollerDeath } from './telegram/poller.ts';
import { createPresses } from './telegram/presses.ts';
import { createSender } from './telegram/sender.ts';
import { createTextFiles } from './telegram/text-files.ts';
import { createPollerWatch, TELEGRAM_OUTAGE } from './telegram/poller-watch.ts';
import { tellAbsence } from './vigil/absence.ts';
import { createClockWatch } from './vigil/clock-watch.ts';
import { createHousekeeper } from './vigil/housekeeper.ts';
import { createMachineWatch } from './vigil/machine-watch.ts';
import { createPulse, loadLastLife } from './vigil/pulse.ts';
import { createReceiptWatch } from './vigil/receipts.ts';
import { createResetting } from './vigil/set-back.ts';
import { CONTAINMENT_KEY, noteInterrupted } from './vigil/status.ts';
import { createVigil } from './vigil/vigil.ts';
import { createWorkstateFiles } from './adapters/workstate-files.ts';
import { createCheckpoints } from './work/checkpoints.ts';
import { createRunClosings } from './work/closing.ts';
import { createContinuationPreface } from './work/continuation.ts';
import { createGitReader } from './work/git-state.ts';
import { createKeeper } from './work/keeper.ts';
import { describeOutput, readPrompt } from './work/quotes.ts';
import { createWorkstateRoom } from './work/workstate-room.ts';
import { createTaskPreface } from './work/task-preface.ts';
import { createTasks } from './work/tasks.ts';

/** Why the control plane ended by itself. */
export type Ending =
  | { readonly kind: 'bug'; readonly error: unknown }
  /** Its owner wants another process in its place. */
  | { readonly kind: 'restart' }
  | PollerDeath;

/** The running control plane. */
export interface ControlPlane {
  readonly gateway: Gateway;
  /** Resolves once what an earlier incarnation left behind is settled and everything works on its rows. */
  start(): Promise<void>;
  /** Resolves with the first completed getUpdates after which every due thing has been picked up. */
  readonly ready: Promise<void>;
  /** Resolves when the control plane cannot go on: the process has to end. */
  readonly ended: Promise<Ending>;
  /** SIGHUP: takes fleet.yaml over anew, as far as it may be; gives what came of it, for the terminal. */
  hangUp(): Promise<string>;
  /** Stops everything, agents included. */
  stop(): Promise<void>;
}

/**
 * Composes the control plane: storage → rooms → effectors → bot, one straight line. It is long because it only lists: who gets whom, in which
 * order all start and in which they stop, is read here and nowhere else.
 */
export function createControlPlane(foundations: Foundations): ControlPlane {
  const { storage, clock, random, log, processes, disk, machine, scrub } = foundations;
  const live = createLiveFleet(foundations.fleet);
  const { fleet } = live;
  // What drills make to fail: for rooms that act, hidden agents as well; those that show get `fleet`.
  const wholeFleet = withDrillAgents(fleet, process.execPath);
  const api = createTelegramGate(foundations.api);
  const containment = pretendSurvivors(foundations.containment);
  const ended = Promise.withResolvers<Ending>();
  const ready = Promise.withResolvers<void>();
  const heard = Promise.withResolvers<void>();
  const onFatal = (error: unknown): void => ended.resolve({ kind: 'bug', error });

  // Telegram, the queue side
  const places = createPlaces({ fleet, storage });
  const isQuiet = (at: number): boolean =>
    fleet.alerts.quiet !== undefined && isWithin(fleet.alerts.quiet, at, fleet.timezone);
  const outbox = createOutbox({
    storage,
    clock,
    places,
    scrub,
    isQuiet,
  });
  const callbackData = createCallbackData(foundations.callbackKey);

  // Rooms
  const canLogIn = (name: string): boolean => fleet.credentials.get(name)?.login !== undefined;
  const tellers = { storage, clock, outbox, callbackData, timezone: fleet.timezone, canLogIn };
  const incidents = markDrills(createIncidentRegister(tellers), {
    incidents: storage.incidents,
    isMade: ({ fingerprint }) => fingerprint === TELEGRAM_OUTAGE && api.isClosed(),
  });
  const ledger = createLedger({ fleet: wholeFleet, storage, clock });
  const spending = createRunSpending({ fleet: wholeFleet, storage, clock, ledger, scrub });
  const raises = createRaises({ fleet: wholeFleet, storage, clock, ledger, incidents });
  const secretTeller = createSecretTeller({ fleet, incidents, clock, log, onFatal });
  const vault = createVault({
    fleet,
    disk,
    folder: join(fleet.home, 'secrets'),
    sourceOf: foundations.secretSourceOf,
    learn: (secret) => foundations.learnSecret(secret, 'lasting'),
    onNews: secretTeller.onNews,
  });
  const custodian = createCustodian({ fleet: wholeFleet, storage, clock, random, incidents, outbox, vault });
  const deskTime = createDeskTime({
    fleet: wholeFleet,
    storage,
    clock,
    custodian,
    telegramOutage: TELEGRAM_OUTAGE,
  });
  const desk = createDesk({ fleet, storage, clock, outbox, callbackData, scrub, ...deskTime });
  const batches = createBatches({ storage, clock, desk });
  const reviews = createReviews({ storage, clock, outbox, callbackData, desk, batches });
  const canBeAsked = (runId: number): boolean => runner.signs(runId)?.canBeAsked === true;
  const holds = createOwnerHolds({ fleet, storage, clock, incidents, canBeAsked });
  const questions = createQuestions({ fleet, storage, clock, outbox, callbackData, scrub });
  const toolFailures = createToolFailures({ fleet: wholeFleet, storage, clock, custodian, incidents, scrub });
  const orphans = createOrphans({ storage, clock, incidents });
  const checkpoints = createCheckpoints({
    fleet: wholeFleet,
    storage,
    clock,
    log,
    incidents,
    files: foundations.workstateFiles ?? createWorkstateFiles(),
    scrub,
  });
  const workstates = createWorkstateRoom({ fleet, storage, clock, outbox, callbackData, checkpoints, canBeAsked });
  const tasks = createTasks({ fleet: wholeFleet, storage, clock, incidents, outbox, scrub });
  const settlement = createSettlement({
    fleet: wholeFleet,
    storage,
    clock,
    random,
    custodian,
    incidents,
    desk,
    questions,
    money: createRunMoney({ fleet: wholeFleet, ledger, spending, incidents }),
    tasks,
  });
  const mayWriteMedia = (): boolean => machineWatch.mayWrite();
  const media = createMediaRoom({ fleet: wholeFleet, storage, clock, disk, mayWrite: mayWriteMedia, scrub });
  const gateway = createGateway(
    createGatewayRooms({
      fleet: wholeFleet,
      storage,
      clock,
      desk,
      media,
      questions,
      tasks,
      checkpoints,
      toolFailures,
      scrub,
    }),
    log,
  );
  const pollerWatch = createPollerWatch({ incidents });

  function lineReaderOf(agent: string): LogLineReader | undefined {
    return RUNTIMES.get(fleet.agents.get(agent)?.runtime ?? '')?.readLogLine;
  }

  const textFiles = createTextFiles({ storage, outbox, desk, scrub });

  // Effectors
  const sender = createSender({
    onFetched: textFiles.received,
    storage,
    api,
    clock,
    log,
    disk,
    scrub,
    // A log is HOME/logs/AGENT/RUN.log.
    lineReaderOf: (logPath) => lineReaderOf(basename(dirname(logPath))),
    places,
    get ownerChatId() {
      return fleet.telegram.owners[0] ?? fleet.telegram.chat;
    },
    onFatal,
  });
  const environment = {
    base: foundations.baseEnvironment,
    gatewayUrl: foundations.gatewayUrl,
    launcherFolder: foundations.launcherFolder,
    secretsOf: (credentials: readonly string[]) => vault.environmentFor(credentials),
  };
  const versions = createVersionWatch({
    fleet,
    storage,
    processes,
    containment,
    disk,
    clock,
    random,
    log,
    runtimes: RUNTIMES,
    custodian,
    incidents,
    outbox,
    environment,
    scrub,
    onFatal,
    ...(foundations.locate === undefined ? {} : { locate: foundations.locate }),
  });
  const logKeeper = createLogKeeper({ fleet, storage, disk, machine, clock, log, onFatal });
  const machineWatch = createMachineWatch({
    fleet,
    storage,
    disk,
    machine,
    clock,
    log,
    incidents,
    logKeeper,
    totalMemoryBytes: foundations.totalMemoryBytes,
    onFatal,
  });
  const reservations = createReservations({ fleet: wholeFleet, storage, ledger, incidents });
  const restarter = createRestarter({
    fleet,
    storage,
    clock,
    log,
    outbox,
    callbackData,
    version: foundations.self.version,
    replacement: foundations.replacement,
    onGo: () => ended.resolve({ kind: 'restart' }),
    onFatal,
  });
  const roomLeftFor = createRoomFor({
    isAwaited: vault.isAwaited,
    fleet,
    storage,
    clock,
    machine,
    versions,
    totalMemoryBytes: foundations.totalMemoryBytes,
  });
  const roomFor = (agent: Agent): string | undefined => restarter.holds() ?? roomLeftFor(agent);
  const scheduler = createScheduler({
    fleet: wholeFleet,
    storage,
    clock,
    log,
    custodian,
    desk,
    questions,
    tasks,
    reservations,
    roomFor,
    holdsAll: restarter.holds,
    onFatal,
  });
  const keeper = createKeeper({
    fleet: wholeFleet,
    storage,
    clock,
    log,
    incidents,
    checkpoints,
    answers: workstates,
    close: createRunClosings({
      fleet: wholeFleet,
      storage,
      clock,
      incidents,
      checkpoints,
      readGitState: foundations.readGitState ?? createGitReader(processes, clock, foundations.baseEnvironment),
      readable: (agent, output) => describeOutput(lineReaderOf(agent), output),
      promptOf: (agent) => readPrompt(disk, agent),
      scrub,
    }),
    canBeAsked,
    tell: (runId, text) => runner.tell(runId, text),
    onFatal,
  });
  const runner = createRunner({
    checkMedia: media.check,
    fleet: wholeFleet,
    storage,
    processes,
    containment,
    disk,
    mayWriteLogs: machineWatch.mayWrite,
    onLogClosed: logKeeper.ended,
    clock,
    random,
    log,
    runtimes: RUNTIMES,
    custodian,
    settlement,
    keeper,
    incidents,
    questions,
    toolFailures,
    spending,
    orphans,
    versions,
    instructions: createInstructionComposer(disk),
    publicationInput: desk.publicationInput,
    prefaces: [
      createContinuationPreface({ storage, checkpoints }),
      createTaskPreface(storage),
      createVersionPreface({ storage }),
    ],
    environment,
    scrub,
    learnSecret: foundations.learnSecret,
    openSecretStream: foundations.openSecretStream,
    onFatal,
  });
  const rotator = createRotator({
    fleet,
    fleetFolder: dirname(fleet.file),
    storage,
    processes,
    clock,
    log,
    custodian,
    vault,
    env: foundations.baseEnvironment,
    learnSecret: (secret) => foundations.learnSecret(secret, 'lasting'),
    scrub,
    onFatal,
  });
  const renewal = createRenewal({ fleet, storage, clock, log, onFatal });
  const expiryWatch = createExpiryWatch({ fleet, storage, clock, log, random, incidents, custodian, onFatal });
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
    fleet: wholeFleet,
    storage,
    clock,
    log,
    incidents,
    runner,
    clockWatch,
    findNewestWork: foundations.findNewestWork ?? findNewestWork,
    lineReaderOf,
    scrub,
    onFatal,
  });
  const receiptWatch = createReceiptWatch({ fleet, storage, clock, log, incidents, clockWatch, onFatal });
  const prober = createProber({
    fleet: wholeFleet,
    vault,
    fleetFolder: dirname(fleet.file),
    storage,
    processes,
    clock,
    log,
    custodian,
    env: foundations.baseEnvironment,
    scrub,
    onFatal,
  });
  const fallback = createFallbackRoute({
    get argv() {
      return fleet.alerts.fallback;
    },
    fleetFolder: dirname(fleet.file),
    storage,
    processes,
    clock,
    log,
    incidents,
    env: foundations.baseEnvironment,
    scrub,
    onFatal,
  });
  const incidentWatch = createIncidentWatch({
    ...tellers,
    log,
    get repeatMs() {
      return fleet.alerts.repeatMs;
    },
    get hasFallback() {
      return fleet.alerts.fallback !== undefined;
    },
    onFallback: fallback.nudge,
    scrub,
    onFatal,
  });
  const loginDesk = createLoginDesk({
    storage,
    clock,
    outbox,
    callbackData,
    custodian,
    isOwner: (userId) => fleet.telegram.owners.includes(userId),
    followChat: places.follow,
    get fleetChatId() {
      return places.of().chatId;
    },
    learnSecret: foundations.learnSecret,
  });
  const logins = createLogins({
    fleet,
    fleetFolder: dirname(fleet.file),
    storage,
    processes,
    containment,
    clock,
    log,
    desk: loginDesk,
    vault,
    openScreen: foundations.openScreen,
    env: foundations.baseEnvironment,
    scrub,
    learnSecret: foundations.learnSecret,
    onFatal,
  });
  const budgetMeter = createBudgetMeter({
    fleet: wholeFleet,
    storage,
    clock,
    log,
    incidents,
    ledger,
    spending,
    onFatal,
  });
  const deskWatch = createDeskWatch({ fleet, storage, clock, log, outbox, desk, reviews, time: deskTime, onFatal });
  const backupKeeper = createBackupKeeper({
    fleet,
    storage,
    clock,
    log,
    disk,
    machine,
    copier: foundations.copier,
    incidents,
    onFatal,
  });
  const digests = createDigests({ fleet, storage, ledger, clock, outbox });
  const digestTeller = createDigestTeller({
    fleet,
    storage,
    ledger,
    digests,
    outbox,
    processes,
    disk,
    clock,
    log,
    program: drawProgram(),
    env: foundations.baseEnvironment,
    mayWrite: machineWatch.mayWrite,
    scrub,
    onFatal,
  });
  const housekeeper = createHousekeeper({ storage, clock, log, clearMedia: media.clear, onFatal });

  const drills = createDrills({
    fleet: wholeFleet,
    storage,
    clock,
    log,
    disk,
    incidents,
    outbox,
    generations: custodian.generations,
    containment,
    gate: api,
    telegramOutage: TELEGRAM_OUTAGE,
    machineWatch,
    pretendDark: (untilMs) => pulse.pretendDark(untilMs),
    onFatal,
  });
  const checklist = createChecklistRoom({
    fleet,
    storage,
    clock,
    log,
    disk,
    outbox,
    callbackData,
    custodian,
    drills,
    instructions: createInstructionComposer(disk),
    pid: foundations.self.pid,
    probe: foundations.hostProbe,
    onFatal,
  });

  // The bot
  const access = createAccess({ fleet, storage, outbox, clock, log });
  const restart = (agent: string, by: string): string => restartAgent({ fleet, storage, clock, incidents }, agent, by);
  const confirmations = createConfirmations({ storage, callbackData });
  const reloads = createReloads({
    live,
    file: foundations.fleetFile,
    storage,
    clock,
    log,
    incidents,
    questions,
    outbox,
    confirmations,
    followChats: (next) => followPlaces(storage, next),
    learnSecret: (secret) => foundations.learnSecret(secret, 'lasting'),
    scrub,
    onFatal,
  });
  const wishes = createOwnerWishes({ fleet, storage, clock, reserve: reservations.reserve, roomFor });
  const screens = createFleetScreens({ fleet, storage, clock, ledger, callbackData });
  const fleetMenu = createFleetMenu({ fleet, storage, clock, outbox, screens });
  const commands = createCommands({
    fleet,
    storage,
    workstates,
    custodian,
    holds,
    wishes,
    screens,
    restart,
    restarter,
    incidents,
    callbackData,
    ledger,
    digests,
    reviews,
    tail: runner.tail,
    scrub,
    lineReaderOf,
    drills,
    checklist,
    reloads,
    confirmations,
  });
  const press = createPresses({
    fleet,
    storage,
    clock,
    outbox,
    callbackData,
    commands,
    screens,
    desk,
    reviews,
    batches,
    incidents,
    custodian,
    holds,
    wishes,
    questions,
    logins: loginDesk,
    restart,
    restarter,
    workstates,
    checklist,
    ledger,
    raises,
  });
  let handle: ReturnType<typeof createBot> | undefined;
  const inbox = createInboxWorker({
    storage,
    clock,
    log,
    outbox,
    onFatal,
    handle: async (update, awayMs) => await handle?.(update, awayMs),
  });
  const me = createMeLearner({ api, storage, clock, log, onKnown: meet, onDeath: ended.resolve, onFatal });
  const poller = createPoller({
    api,
    storage,
    clock,
    random,
    log,
    scrub,
    claim: loginDesk.claim,
    isKnown: access.isKnown,
    onStranger: access.onStranger,
    heardBefore: () => heardBefore,
    onNews(news) {
      pollerWatch.onNews(news);
      deskWatch.nudge();
    },
    onDeath: ended.resolve,
    onFirst: heard.resolve,
    onFatal,
  });

  const pulse = createPulse({
    fleet,
    storage,
    clock,
    log,
    disk,
    supervisor: foundations.supervisor,
    web: foundations.web,
    incidents,
    self: foundations.self,
    clockWatch,
    poller,
    loop: scheduler,
    onFatal,
  });

  /** Telegram told who we are: from here on updates can be handled. */
  function meet(bot: Me): void {
    handle = createBot({
      textFiles,
      me: bot,
      storage,
      clock,
      outbox,
      access,
      places,
      onMet: createRoleMenus({ storage, outbox }, commands.listed),
      commands,
      confirmations,
      desk,
      reviews,
      logins: loginDesk,
      press,
      fleetMenu,
      questions,
    });
    introduce({ storage, outbox }, bot.id, commands.listed, foundations.welcome);
    tellTopicless({ storage, outbox, fleet }, bot);
    inbox.start();
  }

  /** When an earlier process heard of Telegram last. */
  let heardBefore: number | undefined;
  // Whoever waits for a time, or knows what was there at the start, looks anew.
  live.onChange(() => {
    pulse.settingsChanged();
    // One that is under way asks whom it knew when it began.
    void vault.refresh().then(vault.refresh).then(scheduler.nudge);
    for (const part of [
      versions,
      prober,
      rotator,
      expiryWatch,
      budgetMeter,
      machineWatch,
      logKeeper,
      incidentWatch,
      deskWatch,
      vigil,
      backupKeeper,
      digestTeller,
    ])
      part.nudge();
  });

  let isStopping = false;
  let starting = Promise.resolve();
  let endedBy: 'asked' | 'itself' | 'restart' = 'asked';
  void ended.promise.then((ending) => {
    endedBy = ending.kind === 'restart' ? 'restart' : 'itself';
  });

  /** Last in, first out: what feeds others stops before what it feeds. */
  const teardown: readonly RunningPart[] = [
    { name: 'restarter', stop: restarter.stop },
    { name: 'drills', stop: drills.stop },
    { name: 'checklist', stop: checklist.stop },
    { name: 'reload', stop: reloads.stop },
    { name: 'scheduler', stop: scheduler.stop },
    { name: 'budget meter', stop: budgetMeter.stop },
    { name: 'desk watch', stop: deskWatch.stop },
    { name: 'digests', stop: digestTeller.stop },
    { name: 'receipt watch', stop: receiptWatch.stop },
    { name: 'vigil', stop: vigil.stop },
    { name: 'clock watch', stop: clockWatch.stop },
    { name: 'me', stop: me.stop },
    { name: 'poller', stop: poller.stop },
    { name: 'inbox', stop: inbox.stop },
    { name: 'logins', stop: logins.stop },
    { name: 'expiry', stop: expiryWatch.stop },
    { name: 'renewal', stop: renewal.stop },
    { name: 'rotator', stop: rotator.stop },
    { name: 'prober', stop: prober.stop },
    { name: 'versions', stop: versions.stop },
    { name: 'keeper', stop: keeper.stop },
    { name: 'runner', stop: runner.stop },
    { name: 'secret teller', stop: secretTeller.stop },
    { name: 'log keeper', stop: logKeeper.stop },
    { name: 'machine watch', stop: machineWatch.stop },
    { name: 'incident watch', stop: incidentWatch.stop },
    { name: 'fallback', stop: fallback.stop },
    { name: 'backup keeper', stop: backupKeeper.stop },
    { name: 'housekeeper', stop: housekeeper.stop },
    { name: 'sender', stop: sender.stop },
    { name: 'pulse', stop: pulse.stop },
    { name: 'farewell', stop: () => pulse.farewell(endedBy) },
  ];

  return {
    gateway,
    ready: ready.promise,
    ended: ended.promise,
    hangUp: reloads.hangUp,

    start() {
      starting = begin();
      return starting;
    },

    async stop() {
      isStopping = true;
      // A supervisor that is told so waits for our end, which does not come with a new process in our place.
      if (endedBy !== 'restart') foundations.supervisor.stopping();
      // A start that is still settling what was left behind goes no further.
      await starting.catch(() => undefined);
      await stopInOrder(teardown, log);
    },
  };

  async function begin(): Promise<void> {
    const last = loadLastLife(storage);
    noteInterrupted(storage);
    const outage = storage.incidents.unresolved(TELEGRAM_OUTAGE)?.openedAt;
    heardBefore = last && Math.min(last.aliveAt, outage ?? last.aliveAt);
    clockWatch.recover(last?.aliveAt);
    pulse.start();
    // Before anything is said: what stands in our files is known from here on; what others keep is awaited before the first run.
    const secretsRead = vault.refresh();
    machineWatch.recover();
    custodian.start();
    followPlaces(storage, fleet);
    reloads.started();
    const isRestored = tellRestored({ storage, clock, outbox, timezone: fleet.timezone, desk, reviews });
    tellUpgrade({ storage, outbox, version: foundations.self.version, migration: foundations.migration });
    deskWatch.recover();
    sender.recover();
    sender.start();
    me.start();
    poller.start();
    machineWatch.start();
    const interrupted = await runner.recover();
    await secretsRead;
    await logins.recover();
    await rotator.recover();
    if (isStopping) return;
    const isAwaited = restarter.recover() && interrupted === 0;
    // Of how long nobody was there a restored database knows nothing.
    if (!isRestored && !isAwaited) tellAbsence({ storage, clock, outbox }, last, interrupted);
    storage.transaction(() => {
      storage.settings.set(CONTAINMENT_KEY, containment.name);
      const { databaseReadAt } = foundations;
      if (databaseReadAt !== undefined) storage.settings.set(DATABASE_READ_KEY, String(databaseReadAt));
    });
    fallback.recover();
    fallback.start();
    incidentWatch.start();
    housekeeper.start();
    backupKeeper.recover();
    backupKeeper.start();
    logKeeper.start();
    versions.start();
    prober.start();
    rotator.start();
    renewal.start();
    expiryWatch.start();
    logins.start();
    runner.start();
    keeper.start();
    restarter.start();
    clockWatch.start();
    vigil.start();
    drills.recover();
    drills.start();
    checklist.start();
    budgetMeter.start();
    scheduler.start();
    deskWatch.start();
    digestTeller.start();
    receiptWatch.start();
    Promise.all([heard.promise, scheduler.ticked]).then(() => {
      pulse.nudge();
      foundations.supervisor.ready();
      ready.resolve();
    }, onFatal);
  }
}
