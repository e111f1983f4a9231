import { createCustodian } from '../../src/credentials/custodian.ts';
import { DRILL_KINDS, type DrillKind } from '../../src/drills/drill.ts';
import { withDrillAgents } from '../../src/drills/drill-fleet.ts';
import type { Fault, Finding } from '../../src/drills/fault.ts';
import { markDrills } from '../../src/drills/marked-register.ts';
import { createDrillRoom } from '../../src/drills/room.ts';
import { createIncidentRegister } from '../../src/incidents/register.ts';
import { createCallbackData } from '../../src/telegram/callback-data.ts';
import { createOutbox, type Content } from '../../src/telegram/outbox.ts';
import { createFleetFolder } from '../config/fleet-folder.ts';
import { createManualClock } from '../fakes/manual-clock.ts';
import { createMemoryLog } from '../fakes/memory-log.ts';
import { createMemoryVault } from '../fakes/memory-vault.ts';
import { openStorage } from '../fakes/open-storage.ts';

export const SECOND = 1_000;

/** A fault in the hands of a test. */
export interface FaultInHand extends Fault {
  /** What the next looks find. */
  finding: Finding;
  made: number;
  cleared: number;
}

/** The drill room over real SQLite, with faults and a clock in the hands of a test. */
export function createDrillWorld(opened = openStorage()) {
  using folder = createFleetFolder();
  const { fleet: written } = folder.loaded(`timezone: UTC
home: ./state
telegram: { owners: [1] }
agents:
  scout: { runtime: command, command: [/bin/true], schedule: every 1h }
`);
  const fleet = withDrillAgents(written, '/usr/bin/node');
  const { storage } = opened;
  const clock = createManualClock();
  const log = createMemoryLog();
  const outbox = createOutbox({ storage, clock, chatId: 1, scrub: (text) => text, isQuiet: () => false });
  const callbackData = createCallbackData('key');
  const made = new Set<string>();
  const register = createIncidentRegister({
    storage,
    clock,
    outbox,
    callbackData,
    timezone: 'UTC',
    canLogIn: () => false,
  });
  const incidents = markDrills(register, {
    incidents: storage.incidents,
    isMade: ({ fingerprint }) => made.has(fingerprint),
  });
  const random = { fraction: () => 0, token: () => 'x' };
  const custodian = createCustodian({ fleet, storage, clock, random, incidents, outbox, vault: createMemoryVault() });
  const faults = Object.fromEntries(DRILL_KINDS.map((kind) => [kind, createFault()])) as Record<DrillKind, FaultInHand>;
  const fatal: unknown[] = [];
  const build = () =>
    createDrillRoom({ storage, clock, log, incidents, outbox, faults, onFatal: (error) => fatal.push(error) });
  let room = build();
  room.start();

  function createFault(): FaultInHand {
    const fault: FaultInHand = {
      finding: { kind: 'going', facts: {} },
      made: 0,
      cleared: 0,
      make() {
        fault.made += 1;
        return { faultAt: clock.now() };
      },
      look: () => fault.finding,
      describe: () => 'nobody noticed the fault',
      clear: () => void (fault.cleared += 1),
    };
    return fault;
  }

  function textOf(key: string): string | undefined {
    const row = storage.outbox.get(key);
    const content = row === undefined ? undefined : (JSON.parse(row.content) as Content);
    return content?.kind === 'text' ? content.body.text : undefined;
  }

  return {
    ...opened,
    fleet,
    written,
    clock,
    log,
    incidents,
    custodian,
    faults,
    fatal,
    /** Fingerprints that count as the work of the drill. */
    made,
    textOf,
    get room() {
      return room;
    },
    /** What a new process finds: the same rows, nothing of the memory. */
    async restart() {
      await room.stop();
      room = build();
      room.recover();
      room.start();
      await clock.rest();
    },
    /** Something that waits to be sent. */
    say: (key: string) =>
      storage.transaction(() =>
        outbox.send({ key, class: 'reply', content: { kind: 'text', body: { text: key, entities: [] } } }),
      ),
    /** What the phone was shown of an incident. */
    deliver(key: string) {
      const row = storage.outbox.get(key);
      if (row === undefined) throw new Error(`there is no row ${key}`);
      storage.transaction(() => storage.outbox.delivered(row.id, row.wanted, 7, clock.now()));
    },
    /** A run of this agent that is alive. */
    run(agent: string): number {
      const wanted = { agent, cause: 'drill', publicationId: null, wantedAt: clock.now(), generations: '{}' };
      return storage.transaction(() => storage.runs.add(wanted));
    },
    settle(id: number) {
      const end = { state: 'stopped', failure: null, evidence: null, exit: null } as const;
      storage.transaction(() => storage.runs.settle(id, { ...end, endedAt: clock.now() }));
    },
  };
}
