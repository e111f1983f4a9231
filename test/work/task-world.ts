import { createIncidentRegister } from '../../src/incidents/register.ts';
import { createCallbackData } from '../../src/telegram/callback-data.ts';
import { type Content, createOutbox } from '../../src/telegram/outbox.ts';
import { createTaskPreface } from '../../src/work/task-preface.ts';
import { createTasks, type TaskCaller } from '../../src/work/tasks.ts';
import type { RunEnd, RunRow } from '../../storage/run-store.ts';
import { createFleetFolder } from '../config/fleet-folder.ts';
import { createManualClock } from '../fakes/manual-clock.ts';
import { openStorage } from '../fakes/open-storage.ts';

/** The room of tasks over real SQLite; the test says which runs there are, and how they end. */
export function createTaskWorld(agents: string) {
  const folder = createFleetFolder();
  folder.write('scout.md', 'Look for news.');
  const { fleet } = folder.loaded(`timezone: UTC\nhome: ./state\ntelegram: { owners: [1] }\nagents:\n${agents}`);
  folder[Symbol.dispose]();
  const opened = openStorage();
  const { storage } = opened;
  const clock = createManualClock(Date.UTC(2026, 0, 12, 9));
  const scrub = (text: string): string => text.replaceAll(/sk-ant-oat01-TEST-\w+/g, '[secret]');
  const outbox = createOutbox({ storage, clock, chatId: 1, scrub, isQuiet: () => false });
  const callbackData = createCallbackData('key');
  const incidents = createIncidentRegister({
    storage,
    clock,
    outbox,
    callbackData,
    timezone: 'UTC',
    canLogIn: () => false,
  });
  const tasks = createTasks({ fleet, storage, clock, incidents, outbox, scrub });
  const preface = createTaskPreface(storage);

  function begin(agent: string, cause = 'task'): TaskCaller {
    const run = storage.runs.add({ agent, cause, publicationId: null, wantedAt: clock.now(), generations: '{}' });
    const claim = { startedAt: clock.now(), tokenHash: `hash-${run}`, logPath: '/log', containment: 'none' };
    storage.runs.claim(run, { ...claim, cliVersion: null, resumeToken: null });
    return { run, agent };
  }

  function row({ run }: TaskCaller): RunRow {
    const found = storage.runs.get(run);
    if (found === undefined) throw new Error(`there is no run ${run}`);
    return found;
  }

  return {
    ...opened,
    fleet,
    clock,
    tasks,
    begin,
    row,
    preface: (caller: TaskCaller) => preface(row(caller)),
    /** Hands a task over, as an agent that runs on. */
    give(task: Parameters<typeof tasks.add>[1], by = boss()): number {
      const added = tasks.add(by, task);
      if (added.kind === 'refused') throw new Error(added.reason);
      return added.id;
    },
    end(caller: TaskCaller, end: Partial<RunEnd> = {}): void {
      const whole: RunEnd = { state: 'done', failure: null, evidence: null, exit: null, endedAt: clock.now(), ...end };
      const run = row(caller);
      storage.transaction(() => {
        storage.runs.settle(caller.run, whole);
        tasks.runEnded(run, whole);
      });
    },
    shown: () =>
      storage.outbox
        .due(Number.MAX_SAFE_INTEGER, 100)
        .map(({ content }) => JSON.parse(content) as Content)
        .flatMap((content) => (content.kind === 'text' ? [content.body.text] : [])),
    due: (agent: string) => storage.dues.waitingOf(agent),
  };

  /** The run that hands over. */
  function boss(): TaskCaller {
    const alive = storage.runs.aliveOf('boss');
    return alive === undefined ? begin('boss', 'schedule') : { run: alive.id, agent: 'boss' };
  }
}

export const MINUTE = 60_000;
