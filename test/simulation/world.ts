import Database from 'better-sqlite3';
import type { MessageClass } from '../../storage/outbox-store.ts';
import { openDatabase } from '../../storage/database.ts';
import { createStorage } from '../../storage/storage.ts';
import { type ControlPlane, createControlPlane } from '../../src/app.ts';
import { copyName } from '../../src/backups/backup-files.ts';
import { createProcessGroup } from '../../src/containment/process-group.ts';
import { createScrubber } from '../../src/secrets.ts';
import { MARK } from '../../src/containment/mark.ts';
import { isPassingStorageTrouble } from '../../src/worker.ts';
import { createChat } from './chat.ts';
import { createInstalledCli } from './cli-versions.ts';
import { createDecisionReader } from './desk-rows.ts';
import { type Stage, thinkOfFaults } from './faults.ts';
import { createFleetFile } from './fleet-file.ts';
import { MINUTE_MS, makeFleet, OWNER, PROMPT, SECOND_MS } from './fleets.ts';
import { type ArmedCrash, clockFor, logFor, storageFor } from './incarnation.ts';
import { readHistory } from './history.ts';
import { createMachine, type Host, isOfRun, type Program, UNSETTLED_MS } from './machine.ts';
import { createOwner } from './owner.ts';
import { createPlatform } from './platform.ts';
import { createGuest } from './guest.ts';
import { listHarmful } from './people-promises.ts';
import { findBroken } from './promises.ts';
import { createRecord, schedulesOf } from './record.ts';
import { createResources, TOTAL_MEMORY_BYTES } from './resources.ts';
import { createRowLookup, createRowReader, listUnsettled, readLoginPids } from './rows.ts';
import { createLeakWatch, findSecrets } from './leaks.ts';
import { createLoginPages } from './login-pages.ts';
import { noteRevenants, noteRivals, noteStart } from './run-starts.ts';
import { createScripts } from './scripts.ts';
import { createSeededRandom, type SeededRandom } from './seeded-random.ts';
import { pickStart, type Story, wallTime, type WorldOptions } from './story.ts';
import { backupTimes, createFakeCopier, listCopies, noteCopy } from './fake-copier.ts';
import { createWorkdirs } from './workdirs.ts';
import { createVirtualClock } from './virtual-clock.ts';
import { startSentinel } from './sentinel.ts';
import { installYields } from './yields.ts';
import { kindWeb, noSecretSource, noSupervisor, somebody } from '../fakes/outside.ts';
import { openPlainScreen } from '../fakes/plain-screen.ts';

const BOT_TOKEN = '123456:TEST-abcdefghijklmnopqrstuvwxyz-0123456789';
/** So many characters tell a message from the others that are on their way with it. */
const SAME_BEGINNING = 20;
/** How late timers may be; the promises know it. */
const GRAIN_MS = 10 * SECOND_MS;
/** How often rows are read and slow promises are looked at. */
const LOOK_EVERY_MS = MINUTE_MS;
/** After the storm the world is looked at this often, and has to be settled within 75 minutes: the hour, and what was under way. */
const CALM_LOOK_MS = 5 * MINUTE_MS;
const MOST_CALM_LOOKS = 15;
/** Stopping may take this long (CONTRACT 1). */
const STOP_WITHIN_MS = 30 * SECOND_MS;

/** Lives through one world from its beginning until a promise breaks or the quiet hour at its end is over. */
export async function liveThrough(options: WorldOptions): Promise<Story> {
  const yields = installYields();
  try {
    return await createWorld(options, yields).live();
  } finally {
    yields.restore();
  }
}

function createWorld(options: WorldOptions, yields: ReturnType<typeof installYields>): { live(): Promise<Story> } {
  const random = createSeededRandom(options.seed);
  const startAt = options.startAt ?? pickStart(random.fork('start'));
  const fleet = options.fleet ?? makeFleet(random.fork('fleet'), startAt);
  const stormMs = options.stormMs ?? lengthOfStorm(random.fork('length'));
  const clock = createVirtualClock(startAt, GRAIN_MS, yields);
  const record = createRecord(startAt, fleet);
  const { scheduled } = record;
  const file = createFleetFile(fleet, random.fork('fleet file'));
  record.fleetFile.agentsOf = (hash) => file.fleetOf(hash)?.agents;
  record.secrets.push(BOT_TOKEN);
  const isCalm = (): boolean => calm;
  const trace = (line: string): void => options.onTrace?.(`${wallTime(clock.now() - startAt)} ${line}`);

  let calm = options.isCalm === true;
  let database = openDatabase(':memory:', () => '/nowhere');
  let readRows = createRowReader(database, clock);
  let lookup = createRowLookup(database, clock);
  let readDecisions = createDecisionReader(database, clock);
  let host: Host = { isAlive: false };
  let plane: ControlPlane | undefined;
  let armed: (ArmedCrash & { readonly pauseMs: number }) | undefined;
  let incarnation = 0;
  let lookedAt = 0;
  let seenEvents = 0;
  let spawnCrash: { spawns: number; readonly pauseMs: number } | undefined;
  const dyingUntil = new Map<string, number>();
  const backupRandom = random.fork('backups');
  const restartRandom = random.fork('restarts');
  const fileRandom = random.fork('file');
  const backups = { folder: `${fleet.home}/backup`, dueAt: backupTimes(fleet) };

  const prompts = [...fleet.agents.values()].flatMap(({ prompt }) => (prompt === undefined ? [] : [prompt]));
  const leaks = createLeakWatch(record);
  const resources = createResources({
    look: leaks.look,
    clock,
    record,
    home: fleet.home,
    keepFreeBytes: fleet.logs.keepFreeBytes,
    prompts: new Map(prompts.map((path) => [path, PROMPT])),
  });
  const cli = createInstalledCli(clock, record);
  const canNote = (): boolean => !resources.isFull();
  const platform = createPlatform({
    clock,
    random: random.fork('tokens'),
    record,
    credentials: fleet.credentials,
    // What a check says while the control plane stops is nobody's any more.
    canNote: () => canNote() && plane !== undefined,
    isDoubted: (credential) => lookup.isDoubted(credential),
  });
  const machineRandom = random.fork('machine');
  const pages = createLoginPages({ random: random.fork('pages'), record, platform });
  const workdirs = createWorkdirs(clock.machine.now, resources.isFull);
  const scripts = createScripts({
    workdirs,
    clock,
    pages,
    random: random.fork('scripts'),
    record,
    platform,
    fleet,
    machine: () => machine,
    gateway: () => (host.isAlive ? plane?.gateway : undefined),
    isUp: () => host.isAlive,
    isCalm,
    isDying: (agent) => (dyingUntil.get(agent) ?? 0) > clock.now(),
    canNote,
    questionOf: (run, request) => lookup.question(run, request),
    isTrying: (credential) => lookup.isTrying(credential),
    cliVersion: cli.version,
    botToken: BOT_TOKEN,
    trace,
  });
  const machine = createMachine({ clock, random: machineRandom, record, isCalm, hooks: scripts, onSpawned });
  const chat = createChat({
    clock,
    random: random.fork('chat'),
    record,
    isCalm,
    canNote,
    keyOf: findKey,
    look: leaks.look,
    trace,
    fleetChat: fleet.telegram.chat,
  });
  const owners = fleet.telegram.owners.map((by) =>
    createOwner({
      clock,
      random: random.fork(by === OWNER ? 'owner' : `owner:${by}`),
      record,
      chat,
      fleet,
      pages,
      isCalm,
      by,
    }),
  );

  const guests = [...fleet.telegram.approvers, ...fleet.telegram.viewers].map((by) =>
    createGuest({
      clock,
      random: random.fork(`guest:${by}`),
      record,
      chat,
      isCalm,
      agents: [...fleet.agents.keys()],
      fleetChat: fleet.telegram.chat,
      by,
    }),
  );

  /** The row that a new message stands for: the first in the sender's order that shows this text. */
  function findKey(
    text: string,
    buttons: readonly string[],
  ): { readonly key: string; readonly class: MessageClass; readonly askedAt: number } | undefined {
    const unshown = lookup.unshown().toSorted((a, b) => b.isSending - a.isSending);
    const rows = unshown.map((row) => ({
      ...row,
      ...(JSON.parse(row.content) as {
        kind: string;
        body?: { text: string };
        buttons?: readonly (readonly { readonly data?: string }[])[];
      }),
    }));
    const same = rows.filter(({ kind, body }) =>
      // The end of a log is read only when it is sent.
      body === undefined ? false : kind === 'file' ? text.startsWith(body.text) : text === body.text,
    );
    const row =
      // Two of the same words are told apart by what their buttons carry.
      same.find(
        (one) =>
          (one.buttons ?? [])
            .flat()
            .map(({ data }) => data ?? '')
            .join() === buttons.join(),
      ) ??
      same[0] ??
      // One that was changed while its message was on its way: the next edit shows it.
      rows.find(({ body }) => body?.text.slice(0, SAME_BEGINNING) === text.slice(0, SAME_BEGINNING)) ??
      onlySending(rows) ??
      // An alert that is over meanwhile.
      rows.find(({ body, class: of }) => of === 'alert' && body?.text.startsWith('🟢') === true);
    return row && { key: row.key, class: row.class, askedAt: row.askedAt };
  }

  /** The one that is on its way, if it is the only one: what it says may be another thing altogether by now. */
  function onlySending<Row extends { readonly isSending: 0 | 1 }>(rows: readonly Row[]): Row | undefined {
    const sending = rows.filter(({ isSending }) => isSending === 1);
    return sending.length === 1 ? sending[0] : undefined;
  }

  function onSpawned(program: Program): void {
    noteRivals(record, program, machine.alive());
    leaks.look(program.request.argv.join(' '), 'the arguments of a program');
    if (program.role === 'fallback') leaks.look(program.request.stdin ?? '', 'what the fallback tells');
    if (!isOfRun(program) || program.run === undefined) return;
    const inForce = file.fleetOf(lookup.loadHash() ?? '');
    if (inForce !== undefined && fleet.agents.has(program.name) && !inForce.agents.has(program.name))
      record.startedRemoved.push({ run: program.run, agent: program.name });
    noteStart({ record, fleet, ownerOf: scripts.sessionOwner }, program, lookup.startingRun(program.run));
    noteRevenants(record, program, machine.alive());
    if (spawnCrash === undefined || (spawnCrash.spawns -= 1) > 0) return;
    const { pauseMs } = spawnCrash;
    spawnCrash = undefined;
    die('between a spawn and its row', pauseMs);
  }

  /** A new process tries to come up; now and then it would not. */
  function tryReplacement(signal: AbortSignal): Promise<string | undefined> {
    const { promise, resolve } = Promise.withResolvers<string | undefined>();
    signal.addEventListener('abort', () => resolve(undefined), { once: true });
    clock.machine.after(restartRandom.between(300, 4_000), () =>
      resolve(!calm && restartRandom.chance(0.15) ? 'fleet.yaml: agents: expected a map' : undefined),
    );
    return promise;
  }

  function noteFile(): void {
    if (record.fleetFile.hash !== file.hash()) record.fleetFile.writtenAt = clock.now();
    record.fleetFile.hash = file.hash();
  }

  /** Who works on fleet.yaml has it taken over, from the phone or on the host; now and then it is forgotten. */
  function editFleet(): void {
    trace(`somebody ${file.edit()} (fleet.yaml)`);
    noteFile();
    const draw = fileRandom.fraction();
    if (draw < 0.7) clock.after(fileRandom.between(1, 40) * SECOND_MS, () => chat.write('/reload'));
    else if (draw < 0.9) void plane?.hangUp();
  }

  /** From here on the promises are about the fleet that is in force. */
  function followFile(hash: string | undefined): void {
    const { fleetFile } = record;
    const next = file.fleetOf(hash ?? '');
    if (next === undefined || next === fleetFile.inForce) return;
    const before = fleetFile.inForce ?? next;
    for (const { name, schedule } of fleet.agents.values())
      if (
        before.agents.get(name)?.schedule !== next.agents.get(name)?.schedule ||
        schedule !== next.agents.get(name)?.schedule
      )
        fleetFile.changed.add(name);
    fleetFile.inForce = next;
    fleetFile.since = clock.now();
    Object.assign(record, schedulesOf(next));
    // Of whom nobody expects anything any more nothing is owed.
    record.duties.splice(0, record.duties.length);
  }

  function boot(): void {
    incarnation += 1;
    record.downSince = undefined;
    const mine: Host = { isAlive: true };
    host = mine;
    const scrubber = createScrubber([BOT_TOKEN]);
    const { sabotage = {} } = options;
    const api = chat.apiFor(mine);
    const processes = sabotage.processes?.(machine.processesFor(mine)) ?? machine.processesFor(mine);
    const storage = storageFor(mine, createStorage(database), {
      countWrites: writeCounter(database),
      isFull: resources.isFull,
      armed: () => armed,
      die: (why) => die(why, armed?.pauseMs ?? SECOND_MS),
    });
    const read = file.atStart();
    noteFile();
    const created = createControlPlane({
      fleet: sabotage.fleet?.(read.fleet) ?? read.fleet,
      fleetFile: read.file,
      storage: sabotage.storage?.(storage) ?? storage,
      clock: clockFor(mine, clock.machine),
      random: random.fork(`plane:${clock.now()}`),
      log: logFor(mine, (line) => {
        const scrubbed = scrubber.scrub(line);
        leaks.look(scrubbed, 'the log');
        trace(scrubbed);
      }),
      processes,
      containment: createProcessGroup(processes, fleet.home),
      disk: sabotage.disk?.(resources.disk) ?? resources.disk,
      workstateFiles: workdirs.files,
      // Now and then a workdir is no repository.
      readGitState: () =>
        Promise.resolve(machineRandom.chance(0.8) ? { status: ['## main'], commits: ['1234567 begin'] } : undefined),
      machine: sabotage.machine?.(resources.machine) ?? resources.machine,
      copier: createFakeCopier({
        host: mine,
        clock: clock.machine,
        now: clock.now,
        disk: resources.disk,
        database: () => database,
        trouble: () => (!calm && backupRandom.chance(0.15) ? 'EIO: the disk does not answer' : undefined),
        onMade: (copy) => noteCopy(record, sabotage.copy?.(copy) ?? copy, clock.now()),
      }),
      replacement: { check: (signal) => tryReplacement(signal) },
      totalMemoryBytes: TOTAL_MEMORY_BYTES,
      supervisor: noSupervisor,
      web: kindWeb,
      self: { ...somebody, pid: incarnation, bootId: 'boot' },
      secretSourceOf: noSecretSource,
      locate: cli.locate,
      api: sabotage.api?.(api) ?? api,
      scrub: scrubber.scrub,
      learnSecret: scrubber.add,
      openScreen: openPlainScreen,
      openSecretStream: scrubber.openStream,
      launcherFolder: '/fleet/state/bin',
      callbackKey: 'the key of this world',
      baseEnvironment: { PATH: '/bin' },
      gatewayUrl: 'http://127.0.0.1:1',
    });
    plane = created;
    record.upSince = resources.isFull() ? undefined : clock.now();
    trace('the control plane starts');
    const onEnd = (error: unknown): void => {
      if (!mine.isAlive) return;
      record.bugs.push(`it ended by a bug: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      die('by a bug', SECOND_MS);
    };
    created.start().catch((error: unknown) => {
      // Whoever starts it again does so until the disk has room.
      if (mine.isAlive && isPassingStorageTrouble(error)) die('on a full disk', 10 * SECOND_MS);
      else onEnd(error);
    });
    void created.ended.then((ending) => {
      if (!mine.isAlive) return;
      if (ending.kind === 'bug') return onEnd(ending.error);
      trace(`the control plane wants a new process: ${ending.kind}`);
      if (ending.kind === 'unauthorized') record.bugs.push('it took a good token for refused');
      stopThenBoot(2 * SECOND_MS);
    });
  }

  /** kill -9: what is not committed is gone, and nothing of the old incarnation moves again. */
  function die(why: string, pauseMs: number): void {
    if (!host.isAlive) return;
    trace(`the control plane dies ${why}, for ${Math.round(pauseMs / 1_000)} s`);
    const old = host;
    old.isAlive = false;
    plane = undefined;
    armed = undefined;
    if (database.inTransaction) database.exec('ROLLBACK');
    takeOver();
    const now = clock.now();
    const logins = readLoginPids(database);
    const lost = machine.alive().filter((program) => program.host === old && program.role === 'publisher');
    platform.forgetInstant();
    scripts.forgetInstant();
    record.duties.splice(
      0,
      record.duties.length,
      ...record.duties.filter(({ since }) => since <= now - UNSETTLED_MS || since > now),
    );
    // What carries no mark, and no row knows, is out of reach for the next incarnation: this world lets it die with its parent.
    machine.orphan(old, (program) => {
      const isReachable = program.request.env[MARK] !== undefined || logins.has(program.pid);
      if (!isReachable || !machineRandom.chance(0.7)) return false;
      if (!calm && machineRandom.chance(0.1)) program.stuckUntil = now + machineRandom.between(20, 400) * SECOND_MS;
      return true;
    });
    scripts.lostPublishers(lost);
    for (const outage of record.outages) if (outage.endedAt === undefined) outage.excuses.push(now, now);
    chat.hangUp(old);
    goDown();
    clock.machine.after(pauseMs, boot);
  }

  /** Everything that was committed, in a new connection; the old one is closed, so that the dead cannot write. */
  function takeOver(): void {
    const image = database.serialize();
    leaks.lookIntoDatabase(image);
    database.close();
    database = new Database(image);
    database.pragma('foreign_keys = ON');
    readRows = createRowReader(database, clock);
    lookup = createRowLookup(database, clock);
    readDecisions = createDecisionReader(database, clock);
  }

  function goDown(): void {
    record.downSince ??= clock.now();
    record.upSince = undefined;
    record.goodSince = undefined;
    record.rows = undefined;
    record.rowsBefore = undefined;
  }

  function stopThenBoot(pauseMs: number): void {
    const mine = host;
    const stopping = plane;
    if (!mine.isAlive || stopping === undefined) return;
    trace('the control plane is asked to stop');
    // What a check says that it cut off is heard by nobody.
    for (const outage of record.outages) if (outage.endedAt === undefined) outage.excuses.push(clock.now());
    goDown();
    plane = undefined;
    const asked = clock.now();
    clock.machine.after(STOP_WITHIN_MS, () => {
      if (!mine.isAlive) return;
      record.bugs.push('stopping took longer than 30 s');
      die('at last', SECOND_MS);
    });
    void stopping.stop().then(() => {
      if (!mine.isAlive) return;
      trace(`the control plane stopped after ${(clock.now() - asked) / 1_000} s`);
      const left = machine
        .alive()
        .filter((program) => program.host === mine && isOfRun(program) && program.stuckUntil === 0);
      if (left.length > 0) record.bugs.push(`it stopped, and left ${left.map(({ name }) => name).join(', ')} behind`);
      mine.isAlive = false;
      chat.hangUp(mine);
      takeOver();
      clock.machine.after(pauseMs, boot);
    });
  }

  const stage: Stage = {
    clock,
    random: random.fork('plot'),
    platform,
    chat,
    resources,
    cli,
    editFleet,
    copyByHand: () => {
      const at = clock.machine.now();
      resources.disk.writeText(`${backups.folder}/${copyName(at)}`, 'a copy');
      record.strangeCopies.push(clock.now());
    },
    fleet,
    scheduled,
    stormMs,
    isCalm,
    trace,
    crash: (pauseMs) => awake(() => die('between commits', pauseMs)),
    arm: (crash, pauseMs) => {
      armed = { ...crash, pauseMs };
    },
    crashAtSpawn: (spawns, pauseMs) => {
      spawnCrash = { spawns, pauseMs };
    },
    restart: (pauseMs) => awake(() => stopThenBoot(pauseMs)),
    dying: (agent, forMs) => void dyingUntil.set(agent, clock.now() + forMs),
    jump(byMs) {
      trace(`the clock jumps by ${byMs / MINUTE_MS} min`);
      clock.jump(byMs);
      record.jumps.push({ at: clock.now(), byMs });
      platform.clockWasSet();
      scripts.clockWasSet();
      forgetTyped();
      beUnsure();
    },
    sleep(forMs) {
      // It is awake when the storm ends.
      const lastsMs = Math.min(forMs, startAt + stormMs - clock.now() - MINUTE_MS);
      if (lastsMs <= 0 || clock.isAsleep()) return;
      trace(`the machine sleeps for ${Math.round(lastsMs / SECOND_MS)} s`);
      clock.sleep(lastsMs);
      beUnsure();
    },
    ownerLooks: () => [...owners, ...guests].forEach(({ start }) => start()),
  };

  /** Nothing happens on a machine that sleeps. */
  function awake(task: () => void): void {
    clock.machine.after(0, task);
  }

  /** What is on its way while the clock is set may come to nobody: it is no secret any more. */
  function forgetTyped(): void {
    for (const typed of record.typed.filter(({ deletedAt }) => deletedAt === undefined)) {
      record.typed.splice(record.typed.indexOf(typed), 1);
      const index = record.lastingSecrets.indexOf(typed.secret);
      if (index >= 0) record.lastingSecrets.splice(index, 1);
    }
  }

  /** From here on all times count anew. */
  function beUnsure(): void {
    record.goodSince = undefined;
    record.upSince = undefined;
    record.rows = undefined;
    record.rowsBefore = undefined;
  }

  /** After each step: the cheap promises at once, those that need rows every half minute. */
  function afterStep(): void {
    record.now = clock.now();
    if (clock.isAsleep()) beUnsure();
    else if (resources.isFull()) record.upSince = undefined;
    else if (host.isAlive && plane !== undefined) record.upSince ??= record.now;
    for (const limit of record.limits)
      if (limit.knownAt === undefined && limit.refusedRuns.length > 0 && limit.resetsAt > record.now)
        limit.knownAt = lookup.isLimitKnown(limit.refusedRuns) ? record.now : undefined;
    const isGood = !clock.isAsleep() && host.isAlive && record.upSince !== undefined && chat.isGood();
    record.goodSince = isGood ? (record.goodSince ?? record.now) : undefined;
    const isLook = record.now - lookedAt >= LOOK_EVERY_MS;
    if (isLook) look();
    const { publications, showings, calls, bugs, started, strayAnswers, asksTold, impatient } = record;
    const told = record.permissions.reduce((sum, { tellings }) => sum + tellings.length, 0);
    const size = [publications, showings, calls, bugs, started, strayAnswers, asksTold, impatient].reduce(
      (sum, list) => sum + list.length,
      told,
    );
    if (!isLook && size === seenEvents) return;
    seenEvents = size;
    for (let index = record.duties.length - 1; index >= 0; index -= 1)
      if (record.duties[index]?.isTold(record) === true) record.duties.splice(index, 1);
    const broken = findBroken(record, isLook);
    if (broken !== undefined) throw new Broken(broken.name, broken.how);
  }

  function look(): void {
    lookedAt = record.now;
    if (!host.isAlive || plane === undefined || clock.isAsleep()) return;
    readDecisions(record);
    followFile(lookup.loadHash());
    record.rowsBefore = record.rows;
    record.rows = readRows(record.now, {
      programs: machine.alive(),
      permissions: record.permissions,
      oldUpdates: listHarmful(record),
      guests: [...fleet.telegram.approvers, ...fleet.telegram.viewers],
      listCopies: () => listCopies(resources.disk, backups.folder),
      backupDueAt: backups.dueAt,
      timeoutOf: (agent) => fleet.agents.get(agent)?.timeoutMs ?? 0,
      heartbeatOf: (agent) => {
        const { runtime, heartbeatMs, active } = fleet.agents.get(agent) ?? {};
        return runtime === 'command' && active === undefined ? heartbeatMs : undefined;
      },
    });
  }

  return {
    async live() {
      boot();
      startSentinel({
        clock,
        random: random.fork('sentinel'),
        record,
        home: fleet.home,
        darkAfterMs: fleet.alerts.darkAfterMs,
        readText: resources.disk.readText,
        isThere: ({ pid }) => host.isAlive && pid === incarnation,
      });
      (options.plot ?? thinkOfFaults)(stage);
      try {
        await clock.runUntil(startAt + stormMs, afterStep);
        beCalm();
        const calmAt = clock.now();
        for (let look = 1; look <= MOST_CALM_LOOKS; look += 1) {
          await clock.runUntil(clock.now() + CALM_LOOK_MS, afterStep);
          if (look >= 3 && findUnsettled(calmAt).length === 0) break;
        }
        leaks.lookIntoDatabase(database.serialize());
        record.leaks.push(...findSecrets(database, record.secrets));
        record.unsettled = findUnsettled(calmAt);
        record.history = readHistory(database, fleet, clock);
        lookedAt = 0;
        afterStep();
        return { broken: undefined, record };
      } catch (error) {
        if (!(error instanceof Broken)) throw error;
        return { broken: { name: error.promise, how: error.message, at: wallTime(clock.now() - startAt) }, record };
      } finally {
        host.isAlive = false;
        database.close();
      }
    },
  };

  /** The storm is over: no new faults, and the owner has time. */
  function beCalm(): void {
    trace('the storm is over');
    if (clock.wrongByMs() !== 0) stage.jump(-clock.wrongByMs());
    calm = true;
    armed = undefined;
    spawnCrash = undefined;
    dyingUntil.clear();
    resources.relax();
    chat.heal();
    file.restore();
    noteFile();
    for (const credential of fleet.credentials.values())
      if (credential.login === undefined) clock.after(MINUTE_MS, () => platform.renew(credential.name));
  }

  function findUnsettled(calmAt: number): readonly string[] {
    if (plane === undefined) return ['the control plane is away'];
    // Agents with active hours may be outside of them.
    const agents = scheduled.filter((name) => fleet.agents.get(name)?.active === undefined);
    const unsettled = listUnsettled(database, clock.now(), agents, calmAt);
    // By a clock that was set back the time to try again may be hours ahead.
    return record.jumps.length === 0 ? unsettled : unsettled.filter((what) => !what.startsWith('incident backup'));
  }
}

/** One in ten lasts long enough for Telegram to be away for hours. */
function lengthOfStorm(random: SeededRandom): number {
  return (random.chance(0.1) ? random.between(240, 360) : random.between(45, 150)) * MINUTE_MS;
}

class Broken extends Error {
  readonly promise: string;
  constructor(promise: string, how: string) {
    super(how);
    this.promise = promise;
  }
}

function writeCounter(database: Database.Database): () => number {
  const statement = database.prepare('SELECT total_changes()').pluck();
  return () => statement.get() as number;
}
