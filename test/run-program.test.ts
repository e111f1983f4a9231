import { expect, test } from 'vitest';
import { createProcesses } from '../src/adapters/execa-processes.ts';
import { createSystemClock } from '../src/adapters/system-clock.ts';
import { createProgramRunner, explainExit } from '../src/run-program.ts';
import { temporaryFolder } from './fakes/temporary-folder.ts';

const NEVER_MS = 600_000;

function runner() {
  return createProgramRunner(createProcesses(), createSystemClock());
}

function shell(script: string, stdin?: string) {
  return {
    argv: ['/bin/sh', '-c', script] as [string, ...string[]],
    cwd: temporaryFolder(),
    env: { PATH: '/usr/bin:/bin' },
    ...(stdin === undefined ? {} : { stdin }),
  };
}

test('a program that is run to its end tells what it printed, both streams together and each by itself', async () => {
  const result = await runner().run(shell('cat; echo to err >&2; exit 3', 'from stdin\n'), NEVER_MS);

  expect([result.stdout, result.stderr]).toEqual(['from stdin\n', 'to err\n']);
  expect(result.output.split('\n').toSorted()).toEqual(['', 'from stdin', 'to err']);
  expect([result.exit, result.timedOut]).toEqual([{ kind: 'exited', code: 3 }, false]);
});

test('a program that does not end is killed with its whole group when its time is over', async () => {
  const result = await runner().run(shell('echo begun; sleep 600 & wait'), 500);

  expect([result.exit, result.timedOut]).toEqual([{ kind: 'signalled', signal: 'SIGKILL' }, true]);
  expect(result.stdout).toBe('begun\n');
});

test('of what a program prints the end is kept, in whole lines where it is cut, so that no half secret is', async () => {
  const secret = 'TEST-'.repeat(20_000);

  const result = await runner().run(shell(`cat; echo; echo the end`, secret), NEVER_MS);
  const endless = await runner().run(shell('cat', secret), NEVER_MS);

  expect([result.stdout, result.output]).toEqual(['the end\n', 'the end\n']);
  expect(endless.stdout).toBe('');
});

test('what runs is killed at once when everything stops, and one that has started is told who it is', async () => {
  const programs = runner();
  const started = Promise.withResolvers<number>();

  const running = programs.run(shell('sleep 600'), NEVER_MS, ({ pid }) => started.resolve(pid));
  expect(await started.promise).toBeGreaterThan(1);
  programs.kill();

  expect((await running).exit).toEqual({ kind: 'signalled', signal: 'SIGKILL' });
});

test('a program that cannot be started ends as such, and says why', async () => {
  const { exit } = await runner().run({ ...shell(''), argv: ['/nowhere/at-all'] }, NEVER_MS);

  expect(exit.kind).toBe('not-started');
  expect(explainExit(exit)).toContain('/nowhere/at-all');
});
