import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { createProcesses } from '../../src/adapters/execa-processes.ts';
import { createProcessGroup } from '../../src/containment/process-group.ts';

it('a process group sweeps what a run left in it after its program ended', async () => {
  const processes = createProcesses();
  const containment = createProcessGroup(processes);
  const argv = [fileURLToPath(new URL('../fixtures/agents/leave-child.sh', import.meta.url))] as const;
  const env = { PATH: process.env['PATH'] ?? '', NIGHTDESK_RUN: '12' };
  const child = processes.spawn(containment.wrap({ argv, cwd: '/', env }), () => undefined);
  await child.exit;
  if (child.identity === undefined) throw new Error('the program was not started');

  const found = await containment.sweep({ id: 12, identity: child.identity });

  expect(found).toBe('killed');
  expect(await containment.sweep({ id: 12, identity: child.identity })).toBe('gone');
});

it('a process group says what it cannot hold', () => {
  const containment = createProcessGroup(createProcesses());

  expect(containment.describe()).toContain('not those that move to a session or group of their own');
});
