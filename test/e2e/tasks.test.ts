import { afterEach, describe, expect, it } from 'vitest';
import { openReadOnly } from '../../storage/database.ts';
import { createStorage } from '../../storage/storage.ts';
import { badLogLines, fixture, openStage, type Stage, until } from './program.ts';

const stages: Stage[] = [];

afterEach(async () => {
  await Promise.all(stages.splice(0).map((stage) => stage.close()));
});

async function open(): Promise<Stage> {
  const stage = await openStage();
  stages.push(stage);
  return stage;
}

const NINE = ['find', 'read', 'sort', 'outline', 'draft', 'check', 'rewrite', 'proof', 'hand-over'];

/** The first task and its outputs, as the database has them. */
function loadTask(stage: Stage) {
  const database = openReadOnly(stage.path('state/nightdesk.db'));
  try {
    const { tasks } = createStorage(database);
    return { ...tasks.get(1), outputs: tasks.phases(1).map(({ position }) => tasks.outputOf(1, position)) };
  } finally {
    database.close();
  }
}

/** What each start of the worker was told. */
function seen(stage: Stage): { phase: string; attempt: number; phases: { output: string | null }[] }[] {
  return stage
    .read('seen')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as { phase: string; attempt: number; phases: { output: string | null }[] });
}

describe('a task of nine phases, end to end', () => {
  it('ends with nine outputs though its agent and the control plane are killed in the seventh', {
    timeout: 120_000,
  }, async () => {
    const stage = await open();
    const phases = NINE.flatMap((name) => ['--phase', name]).join(', ');
    stage.fleet(`agents:
  boss: { runtime: command, command: [${fixture('hand-over.sh')}, ${stage.path('added')}, --for, worker, --title, Report, --key, k, ${phases}], schedule: every 1s }
  worker: { runtime: command, command: [${fixture('do-phase.sh')}, ${stage.folder}, rewrite], on: task }
`);
    const first = await stage.startReady();
    await until(() => stage.list('.').includes('waits'), 'the seventh phase is begun again', 60_000);
    expect(loadTask(stage)).toMatchObject({ state: 'claimed', attempts: 1 });

    await first.kill();
    const second = await stage.startReady();
    await until(() => loadTask(stage).state === 'done', 'the task is done', 60_000);

    expect(loadTask(stage).outputs).toEqual(NINE.map((name) => `what ${name} gave\n`));
    const told = seen(stage);
    expect(told.map(({ phase, attempt }) => `${phase} ${attempt}`)).toEqual(
      NINE.flatMap((name) => (name === 'rewrite' ? [`${name} 1`, `${name} 2`, `${name} 3`] : [`${name} 1`])),
    );
    for (const { phase, phases: shown } of told)
      expect(shown.filter(({ output }) => output !== null)).toHaveLength(NINE.indexOf(phase));
    const added = new Set(stage.read('added').trimEnd().split('\n'));
    expect([...added]).toEqual(['1 0']);
    expect(await second.stop()).toBe(0);
    expect(badLogLines(second.stderr(), [stage.token])).toEqual([]);
  });
});
