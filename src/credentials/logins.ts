import type { LoginRow } from '../../storage/login-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Credential, Fleet } from '../config/fleet.ts';
import type { Containment } from '../containment/containment.ts';
import { createPatientWriter } from '../patient-writer.ts';
import type { Clock, Log, ProcessIdentity, Processes } from '../ports.ts';
import { createWorker, type Worker } from '../worker.ts';
import type { LoginDesk, LoginOutcome } from './login-desk.ts';
import { createLoginProgram, type ProgramEnd } from './login-program.ts';
import type { OpenScreen } from './login-screen.ts';
import { LOGIN_LIMIT_MS } from './login-steps.ts';
import type { Vault } from './vault.ts';

/**
 * Wide, so that no program wraps a link or a token that it prints in one piece (facts: agent-clis 5: 200 or more; the longest links
 * have some 500 characters).
 */
const TERMINAL = { columns: 1_000, rows: 60 };

/** Runs count up from 1, CLIs outside of runs down from -1: below all of them is room for logins, contained and swept like them. */
const FIRST_MARK = -1_000_000_000;

/** What the prompt for a pasted token asks. */
const PASTE_QUESTION = 'the token';

/** How long a disk that cannot be written is waited for, with a token in hand: the reserve is given back within seconds. */
const STAGING_PAUSE_MS = 2_000;
const MOST_STAGINGS = 30;

const RESTARTED = 'Nightdesk was restarted in the middle of it';

/** The effector of logins, with what it has to settle after a crash. */
export interface Logins extends Worker {
  /** Ends logins that an earlier incarnation left behind, and what is left of their programs. */
  recover(): Promise<void>;
}

/**
 * The effector of logins: starts the programs whose rows ask for it, each on a terminal of its own, and hands what they print and ask to
 * the desk; a pasted token needs no program.
 *
 * Each look: 1. ends what was cancelled before it began; 2. starts what is wanted; 3. takes tokens that were pasted; 4. brings the
 * messages of logins up to date, since a check may have said meanwhile what one was worth.
 */
export function createLogins(options: {
  readonly fleet: Fleet;
  readonly fleetFolder: string;
  readonly storage: Storage;
  readonly processes: Processes;
  readonly containment: Containment;
  readonly clock: Clock;
  readonly log: Log;
  readonly desk: LoginDesk;
  readonly vault: Pick<Vault, 'stage'>;
  readonly openScreen: OpenScreen;
  readonly env: Readonly<Record<string, string>>;
  readonly scrub: (text: string) => string;
  readonly learnSecret: (secret: string) => void;
  readonly onFatal: (error: unknown) => void;
}): Logins {
  const { fleet, storage, clock, log, desk, containment } = options;
  const driven = new Set<number>();
  const flights = new Set<Promise<void>>();
  const writer = createPatientWriter({ name: 'logins', clock, log });
  const { promise: stopped, resolve: stopAll } = Promise.withResolvers<void>();
  let stopping = false;

  async function end(row: LoginRow, outcome: LoginOutcome): Promise<void> {
    log.info('login ended', { credential: row.credential, outcome: outcome.kind });
    await writer.write(() => desk.end(row, outcome));
  }

  /**
   * Keeps a secret that a login brought until its check has passed with it. It cannot be had a second time: a disk that is full is waited
   * out for a while.
   */
  async function keep(row: LoginRow, secret: string): Promise<LoginOutcome> {
    options.learnSecret(secret);
    for (let tries = 1; ; tries += 1) {
      try {
        options.vault.stage(row.credential, secret);
        return { kind: 'done' };
      } catch (error) {
        // What has no code is no trouble of the disk: this secret is never taken.
        const { code } = error as NodeJS.ErrnoException;
        const words = error instanceof Error ? options.scrub(error.message) : 'unknown';
        if (code === undefined || tries >= MOST_STAGINGS || stopping)
          return { kind: 'failed', reason: `its token could not be stored (${words})` };
        if (storage.logins.get(row.id)?.cancelWantedAt !== null) return { kind: 'cancelled' };
        log.error('logins: a token cannot be written down right now; trying again', {
          credential: row.credential,
          code,
        });
        await Promise.race([pause(STAGING_PAUSE_MS), stopped]);
      }
    }
  }

  function pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => void clock.after(delayMs, resolve));
  }

  async function runProgram(
    row: LoginRow,
    credential: Credential,
    argv: readonly [string, ...string[]],
  ): Promise<void> {
    const mark = FIRST_MARK - row.id;
    const program = createLoginProgram(clock);
    // Of the layer only its mark: a wrapper would take the terminal from the program.
    const { env } = containment.wrap({ argv, cwd: options.fleetFolder, env: options.env }, mark);
    const process = options.processes.spawn(
      { argv, cwd: options.fleetFolder, env, terminal: TERMINAL },
      program.onOutput,
    );
    const { identity } = process;
    if (identity !== undefined) await writer.write(() => noteStarted(row.id, identity));
    const screen = await options.openScreen(TERMINAL);
    let ended: ProgramEnd | undefined;
    try {
      ended = await program.drive({
        process,
        screen,
        clock,
        capture: credential.capture,
        scrub: options.scrub,
        row: () => storage.logins.get(row.id),
        answer: () => desk.answerFor(row.id),
        show: (shown, view, refusal) => writer.write(() => desk.show(shown, view, refusal)),
        stopped,
      });
    } finally {
      screen.close();
      process.signal('SIGKILL');
    }
    await process.exit;
    const swept = await containment.sweep({ id: mark, identity });
    if (swept.kind === 'survived')
      log.warn('processes of a login could not be ended', { program: argv[0], survivors: swept.survivors.length });
    if (ended === undefined || stopping) return;
    await end(row, await outcomeOf(row, ended));
  }

  async function outcomeOf(row: LoginRow, ended: ProgramEnd): Promise<LoginOutcome> {
    if (ended.kind !== 'done' || ended.secret === undefined) return ended.kind === 'done' ? { kind: 'done' } : ended;
    return await keep(row, ended.secret);
  }

  async function takePasted(row: LoginRow, token: string): Promise<void> {
    await end(row, await keep(row, token));
  }

  function noteStarted(id: number, identity: ProcessIdentity): void {
    storage.transaction(() => storage.logins.started(id, identity));
  }

  /** A pasted token: no program, only a prompt; its row is all that there is, so that it outlives a restart. */
  function lookAfterPaste(row: LoginRow, now: number): void {
    if (row.cancelWantedAt !== null) return launch(row.id, end(row, { kind: 'cancelled' }));
    if (row.stage === 'starting')
      return desk.show(row, { stage: 'asking', link: null, userCode: null, question: PASTE_QUESTION });
    const token = row.stage === 'typed' ? desk.answerFor(row.id) : undefined;
    if (token !== undefined) return launch(row.id, takePasted(row, token));
    if (row.stage === 'typed') return launch(row.id, end(row, { kind: 'failed', reason: RESTARTED }));
    if (now - row.wantedAt >= LOGIN_LIMIT_MS)
      launch(row.id, end(row, { kind: 'failed', reason: 'no token came within 10 minutes' }));
  }

  function launch(id: number, flight: Promise<void>): void {
    driven.add(id);
    const settled = flight.catch(options.onFatal).finally(() => {
      driven.delete(id);
      flights.delete(settled);
      worker.nudge();
    });
    flights.add(settled);
  }

  function look(): number | undefined {
    const now = clock.now();
    desk.refresh();
    for (const row of storage.logins.open()) {
      if (driven.has(row.id)) continue;
      const credential = fleet.credentials.get(row.credential);
      if (row.state === 'wanted') begin(row, credential);
      else if (credential?.login === 'paste') lookAfterPaste(row, now);
    }
    return undefined;
  }

  function begin(row: LoginRow, credential: Credential | undefined): void {
    if (row.cancelWantedAt !== null) return launch(row.id, end(row, { kind: 'cancelled' }));
    const login = credential?.login;
    if (credential === undefined || login === undefined)
      return launch(row.id, end(row, { kind: 'failed', reason: 'fleet.yaml names no login program for it' }));
    if (!storage.transaction(() => storage.logins.claim(row.id))) return;
    if (login === 'paste') lookAfterPaste({ ...row, state: 'running' }, row.wantedAt);
    else launch(row.id, runProgram(row, credential, login));
  }

  const worker = createWorker({
    name: 'logins',
    clock,
    log,
    everyMs: 5_000,
    stepsAside: true,
    look,
    onFatal: options.onFatal,
  });
  storage.onChange('credentials', worker.nudge);

  return {
    ...worker,
    async recover() {
      for (const row of storage.logins.open()) {
        if (row.state !== 'running') continue;
        if (row.stage === 'asking' && fleet.credentials.get(row.credential)?.login === 'paste') continue;
        const { pid, startTicks, bootId } = row;
        await containment.sweep({
          id: FIRST_MARK - row.id,
          identity: pid === null ? undefined : { pid, startTicks: startTicks ?? '', bootId: bootId ?? '' },
        });
        desk.end(row, { kind: 'failed', reason: RESTARTED });
      }
    },
    async stop() {
      stopping = true;
      stopAll();
      writer.stop();
      await worker.stop();
      await Promise.all(flights);
    },
  };
}
