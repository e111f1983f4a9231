import type { CliRow } from '../../storage/cli-store.ts';
import type { Storage } from '../../storage/storage.ts';
import type { Agent, Fleet } from '../config/fleet.ts';
import { createProgramLocator, type LocateProgram, type ProgramSight } from '../config/programs.ts';
import type { Containment } from '../containment/containment.ts';
import type { Custodian } from '../credentials/custodian.ts';
import type { IncidentRegister } from '../incidents/register.ts';
import { createPatientWriter } from '../patient-writer.ts';
import type { Clock, Disk, Log, Processes, Random } from '../ports.ts';
import type { RunEnvironmentParts } from '../runs/run-environment.ts';
import type { Cli, Runtime } from '../runtimes/runtime.ts';
import type { Outbox } from '../telegram/outbox.ts';
import { createWorker, type Worker } from '../worker.ts';
import { createCliPrograms } from './contained-program.ts';
import { type CliReadiness, decideCliReadiness, isOlder } from './readiness.ts';
import { createVersionNews } from './version-news.ts';

/** Keeps the versions of the agents' CLIs. */
export interface VersionWatch extends Worker {
  /** Whether the agent's CLI lets it start; always, for agents that are no known CLI. */
  readiness(agent: Agent): CliReadiness;
  /** What a due agent waits for, in words; undefined: nothing. What it is refused for it waits for, too: the owner has been told. */
  waitFor(agent: Agent): string | undefined;
  /** Why a run of the agent would be of no use, in a sentence that says what to do. */
  refusal(agent: Agent): string | undefined;
  /** The version that a run of the agent starts with, as far as it is known. */
  versionOf(agent: Agent): string | undefined;
}

/** An update shows within this time. */
const EVERY_MS = 60_000;
/** How soon a CLI that did not tell its version is asked again: it may be in the middle of an update. */
const AGAIN_MS = 15_000;

/** An agent's CLI, and what stands where it would be started. */
interface Sighting {
  readonly agent: Agent;
  readonly cli: Cli;
  readonly sight: ProgramSight;
}

/**
 * The effector of versions.
 *
 * Each look: 1. finds the CLI of every agent, and wants the version of each file that is new or another one than before; 2. reads the
 * versions that are wanted, and makes the probes that are due: one for each change of a version; 3. tells of CLIs that cannot be run.
 * A row says what is wanted until its result is written, so that a crash in between repeats the act, never what is told of it.
 */
export function createVersionWatch(options: {
  readonly fleet: Fleet;
  readonly storage: Storage;
  readonly processes: Processes;
  readonly containment: Containment;
  readonly disk: Disk;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly runtimes: ReadonlyMap<string, Runtime>;
  readonly custodian: Custodian;
  readonly incidents: IncidentRegister;
  readonly outbox: Outbox;
  readonly environment: RunEnvironmentParts;
  readonly scrub: (text: string) => string;
  readonly onFatal: (error: unknown) => void;
  /** Where programs are looked for; by default on the disk of this machine. */
  readonly locate?: LocateProgram;
}): VersionWatch {
  const { fleet, storage, clock, log, custodian, scrub } = options;
  const locate = options.locate ?? createProgramLocator(options.environment.base['PATH']);
  const programs = createCliPrograms(options);
  const news = createVersionNews(options);
  const writer = createPatientWriter({ name: 'versions', clock, log });
  const busy = new Set<string>();
  const flights = new Set<Promise<void>>();
  let sightings: ReadonlyMap<string, Sighting> = new Map();
  let stopping = false;

  function findAll(): ReadonlyMap<string, Sighting> {
    const known = new Map<string, ProgramSight>();
    const found = new Map<string, Sighting>();
    for (const agent of fleet.agents.values()) {
      const cli = options.runtimes.get(agent.runtime)?.cli;
      if (cli === undefined) continue;
      const path = agent.env['PATH'];
      // Agents share their sights, unless their PATH leads into their own folders.
      const isShared = (path ?? '').split(':').every((folder) => folder === '' || folder.startsWith('/'));
      const key = JSON.stringify([cli.program, path, isShared ? '' : agent.workdir]);
      const sight = known.get(key) ?? locate(cli.program, agent.workdir, path);
      known.set(key, sight);
      found.set(agent.name, { agent, cli, sight });
    }
    return found;
  }

  function readinessOf(cli: Cli, sight: ProgramSight | undefined): CliReadiness {
    return decideCliReadiness(cli, sight, sight?.kind === 'found' ? storage.clis.get(sight.path) : undefined);
  }

  function readiness(agent: Agent): CliReadiness {
    const cli = options.runtimes.get(agent.runtime)?.cli;
    return cli === undefined ? { kind: 'ready' } : readinessOf(cli, sightings.get(agent.name)?.sight);
  }

  /** The agents of each file that was found, by its path. */
  function usersByPath(): Map<string, { readonly file: string; readonly cli: Cli; readonly agents: Agent[] }> {
    const users = new Map<string, { readonly file: string; readonly cli: Cli; readonly agents: Agent[] }>();
    for (const { agent, cli, sight } of sightings.values()) {
      if (sight.kind !== 'found') continue;
      const known = users.get(sight.path);
      if (known === undefined) users.set(sight.path, { file: sight.file, cli, agents: [agent] });
      else known.agents.push(agent);
    }
    return users;
  }

  async function read(row: CliRow, cli: Cli, agent: Agent): Promise<void> {
    const answer = await programs.readVersion(cli, agent);
    if (stopping) return;
    await writer.write(() =>
      storage.transaction(() => {
        const { program, file, previous } = row;
        if (answer.kind === 'unreadable')
          return void storage.clis.unreadable(program, file, scrub(answer.reason), clock.now());
        const { version } = answer;
        const isChange = previous !== null && previous !== version && !isOlder(version, cli.oldest);
        if (storage.clis.read(program, file, version, isChange ? 'probing' : 'known') && previous !== version)
          news.note(program, previous === null ? version : `${previous} → ${version}`);
      }),
    );
    log.info('read the version of a CLI', { program: row.program, answer: answer.kind });
  }

  /** A login that is known to be dead is not knocked at again: its probe is its custodian's. */
  async function probe(row: CliRow, cli: Cli, agents: readonly Agent[]): Promise<void> {
    const agent = agents.find((candidate) => custodian.readiness(candidate).kind !== 'dead');
    const generations = agent === undefined ? {} : custodian.generations(agent);
    const answer = agent === undefined ? undefined : await programs.probe(cli, agent);
    if (stopping) return;
    const names = agents.map(({ name }) => name);
    await writer.write(() =>
      storage.transaction(() => {
        const { outcome } = answer ?? {};
        const detail = outcome === undefined ? 'not probed' : outcome.kind === 'done' ? 'answered' : outcome.failure;
        if (!storage.clis.probed(row.program, row.file, detail)) return;
        news.changed({ row, name: cli.program, agents: names, answer });
        if (agent !== undefined && outcome?.kind === 'failed' && outcome.failure === 'auth')
          custodian.sign({ agent: agent.name, evidence: scrub(outcome.evidence), generations });
      }),
    );
    log.info('probed a CLI after its update', { program: row.program, answer: answer?.outcome.kind ?? 'not probed' });
  }

  function launch(path: string, flight: Promise<void>): void {
    busy.add(path);
    const settled = flight.catch(options.onFatal).finally(() => {
      busy.delete(path);
      flights.delete(settled);
      worker.nudge();
    });
    flights.add(settled);
  }

  function wantChanged(now: number): void {
    for (const [path, { file, agents }] of usersByPath()) {
      const row = storage.clis.get(path);
      const runtime = agents[0]?.runtime ?? 'command';
      if (row?.file !== file) storage.clis.want({ program: path, runtime, file, seenAt: now });
      else if (row.state === 'unreadable' && now - row.seenAt >= AGAIN_MS) storage.clis.wantAgain(path, file);
    }
  }

  function act(): void {
    for (const [path, { file, cli, agents }] of usersByPath()) {
      const row = storage.clis.get(path);
      const [agent] = agents;
      if (row === undefined || agent === undefined || busy.has(path)) continue;
      if (row.state === 'probing') launch(path, probe(row, cli, agents));
      else if (storage.transaction(() => storage.clis.claim(path, file))) launch(path, read(row, cli, agent));
    }
  }

  function look(): number | undefined {
    const now = clock.now();
    sightings = findAll();
    storage.transaction(() => wantChanged(now));
    act();
    const refused = storage.transaction(() => {
      news.ranWell();
      return news.refusals(
        [...sightings.values()].map(({ agent, cli, sight }) => ({
          agent: agent.name,
          program: cli.program,
          readiness: readinessOf(cli, sight),
        })),
      );
    });
    return refused ? AGAIN_MS : undefined;
  }

  const worker = createWorker({ name: 'versions', clock, log, everyMs: EVERY_MS, look, onFatal: options.onFatal });

  return {
    ...worker,
    readiness,
    waitFor(agent) {
      const ready = readiness(agent);
      return ready.kind === 'ready' ? undefined : ready.reason;
    },
    refusal(agent) {
      const ready = readiness(agent);
      return ready.kind === 'refuse' ? ready.reason : undefined;
    },
    versionOf(agent) {
      const sight = sightings.get(agent.name)?.sight;
      const row = sight?.kind === 'found' ? storage.clis.get(sight.path) : undefined;
      return row?.version ?? undefined;
    },
    async stop() {
      stopping = true;
      writer.stop();
      await worker.stop();
      programs.stop();
      await Promise.all(flights);
    },
  };
}
