import { createLedger } from '../../src/budget/ledger.ts';
import { createRunMoney } from '../../src/budget/run-money.ts';
import { createRunSpending } from '../../src/budget/run-spending.ts';
import { createCustodian } from '../../src/credentials/custodian.ts';
import { createIncidentRegister } from '../../src/incidents/register.ts';
import { createSettlement } from '../../src/runs/settlement.ts';
import { createToolFailures } from '../../src/runs/tool-failures.ts';
import { createTasks } from '../../src/work/tasks.ts';
import { createCallbackData } from '../../src/telegram/callback-data.ts';
import { type Content, createOutbox } from '../../src/telegram/outbox.ts';
import type { RunEnd, RunRow } from '../../storage/run-store.ts';
import { createFleetFolder } from '../config/fleet-folder.ts';
import { createManualClock } from '../fakes/manual-clock.ts';
import { openStorage } from '../fakes/open-storage.ts';
import { createMemoryVault } from '../fakes/memory-vault.ts';

/** What happens to runs and what follows from it, over real SQLite: no program runs, no loop turns, the test says how each run ends. */
export function createSettlingWorld(yaml: string, fraction = 0) {
  const folder = createFleetFolder();
  const { fleet } = folder.loaded(yaml);
  folder[Symbol.dispose]();
  const { storage } = openStorage();
  const clock = createManualClock(Date.UTC(2026, 0, 12, 8));
  const scrub = (text: string): string => text.replaceAll('TEST-secret', '[secret]');
  const random = { fraction: () => fraction, token: (bytes: number) => 't'.repeat(bytes) };
  const outbox = createOutbox({ storage, clock, chatId: 1, scrub, isQuiet: () => false });
  const callbackData = createCallbackData('key');
  const incidents = createIncidentRegister({
    storage,
    clock,
    outbox,
    callbackData,
    timezone: fleet.timezone,
    canLogIn: () => false,
  });
  const custodian = createCustodian({
    fleet,
    storage,
    clock,
    random,
    incidents,
    outbox,
    vault: createMemoryVault(),
  });
  const desk = { publicationEnded: () => undefined };
  const withdrawn: number[] = [];
  const questions = { withdraw: (runId: number) => void withdrawn.push(runId) };
  const tasks = createTasks({ fleet, storage, clock, incidents, outbox, scrub });
  const ledger = createLedger({ fleet, storage, clock });
  const spending = createRunSpending({ fleet, storage, clock, ledger, scrub });
  const money = createRunMoney({ fleet, ledger, spending, incidents });
  const rooms = { fleet, storage, clock, random, custodian, incidents, desk, questions, tasks, money };
  const settlement = createSettlement(rooms);
  const toolFailures = createToolFailures({ fleet, storage, clock, custodian, incidents, scrub });
  custodian.start();

  function begin(agent: string): RunRow {
    const run = fleet.agents.get(agent);
    if (run === undefined) throw new Error(`the fleet has no ${agent}`);
    const generations = JSON.stringify(custodian.generations(run));
    const id = storage.runs.add({ agent, cause: 'schedule', publicationId: null, wantedAt: clock.now(), generations });
    const claim = { startedAt: clock.now(), tokenHash: `hash-${id}`, logPath: '/log', containment: 'none' };
    storage.runs.claim(id, { ...claim, cliVersion: null, resumeToken: null });
    storage.runs.started(id, { pid: id, startTicks: '1', bootId: 'b' });
    return current({ id });
  }

  function current({ id }: { readonly id: number }): RunRow {
    const run = storage.runs.get(id);
    if (run === undefined) throw new Error(`there is no run ${id}`);
    return run;
  }

  return {
    fleet,
    storage,
    clock,
    incidents,
    toolFailures,
    settlement,
    withdrawn,
    begin,
    current,
    /** Ends a run that is alive, or one that begins now. */
    end(run: RunRow | string, end: Partial<RunEnd>): void {
      const row = typeof run === 'string' ? begin(run) : current(run);
      const whole = {
        state: 'failed',
        failure: null,
        evidence: null,
        exit: 'exit 1',
        endedAt: clock.now(),
        ...end,
      } as const;
      settlement.settle(row, whole);
    },
    endWell(run: RunRow | string): void {
      this.end(run, { state: 'done', exit: 'exit 0' });
    },
    holds: () =>
      storage.holds
        .active()
        .map(({ agent, kind, until }) => `${agent} ${kind} ${until === null ? '' : until - clock.now()}`.trim()),
    /** The unresolved incidents, as their fingerprints. */
    open: () => storage.incidents.listUnresolved().map(({ fingerprint }) => fingerprint),
    incident(fingerprint: string) {
      const incident = storage.incidents.unresolved(fingerprint);
      return incident === undefined ? undefined : { ...incident, agents: storage.incidents.agents(incident.id) };
    },
    /** The texts of all messages that were asked for, oldest first. */
    messages: (): string[] =>
      storage.outbox
        .due(Number.MAX_SAFE_INTEGER, 1_000)
        .toSorted((a, b) => a.id - b.id)
        .map((row) => JSON.parse(row.content) as Content)
        .map((content) => (content.kind === 'text' ? content.body.text : '')),
  };
}

export type SettlingWorld = ReturnType<typeof createSettlingWorld>;
