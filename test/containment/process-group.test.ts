import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { createProcesses } from '../../src/adapters/execa-processes.ts';
import { createProcessGroup } from '../../src/containment/process-group.ts';

it('a process group sweeps what a run left in it after its program ended', async () => {
  const processes = createProcesses();
  const containment = createProcessGroup(processes, 'a home');
  const argv = [fileURLToPath(new URL('../fixtures/agents/leave-child.sh', import.meta.url))] as const;
  const env = { PATH: process.env['PATH'] ?? '' };
  const child = processes.spawn(containment.wrap({ argv, cwd: '/', env }, 12), () => undefined);
  await child.exit;

  const found = await containment.sweep({ id: 12, identity: child.identity });

  expect(found.kind).toBe('killed');
  expect((await containment.sweep({ id: 12, identity: child.identity })).kind).toBe('gone');
});
