import type { FailureClass } from '../../src/runtimes/runtime.ts';
import { commandRuntime } from '../../src/runtimes/command.ts';
import { agentOf, runOf } from './agent-for-tests.ts';
import { describeContract } from './contract.ts';
import type { Transcript } from './transcripts.ts';

function transcript(name: string, ends: 'done' | FailureClass, code: number, stdout: string, stderr = ''): Transcript {
  return { name, ends, exit: { kind: 'exited', code }, stdout: Buffer.from(stdout), stderr: Buffer.from(stderr) };
}

const WORK = 'looking for news\nfound “three” · reading\nwriting it down\n';

describeContract(
  'command',
  () =>
    commandRuntime.prepare(agentOf('command', { command: ['/opt/scout'] }), runOf({ prompt: '', instructions: '' })),
  [
    transcript('a good run', 'done', 0, `${WORK}{"url":"https://x.example/1"}\n`),
    transcript('a good run that warned', 'done', 0, WORK, 'warning: slow\n'),
    transcript('a 401 taken for a passing trouble', 'auth', 0, WORK, 'HTTP 401 from api.github.com, later\n'),
    transcript('a line that says it', 'auth', 1, `${WORK}AUTH_FAILED: password changed\nbye\n`),
    transcript('the exit code that says it', 'auth', 77, WORK),
    transcript('later, please', 'overloaded', 75, WORK),
    transcript('no such program', 'config', 127, '', 'sh: scout: not found\n'),
    transcript('a crash', 'crash', 1, WORK, 'Traceback\nKeyError: 7\n'),
  ],
);
