import { expect, it } from 'vitest';
import { createSecretTeller } from '../../src/credentials/secret-news.ts';
import type { IncidentRegister } from '../../src/incidents/register.ts';
import type { Trouble } from '../../src/incidents/trouble.ts';
import { createFleetFolder } from '../config/fleet-folder.ts';
import { createManualClock } from '../fakes/manual-clock.ts';
import { createMemoryLog } from '../fakes/memory-log.ts';

/** A teller over a fleet with one credential of each source, and what it reported and resolved, in order. */
function open(register: Partial<IncidentRegister> = {}) {
  using folder = createFleetFolder();
  const { fleet } = folder.loaded(`
telegram: { owners: [1] }
home: ./state
credentials:
  own: { env: OWN_TOKEN }
  unit: { env: UNIT_TOKEN, source: systemd }
  mac: { env: MAC_TOKEN, source: keychain }
  file: { env: FILE_TOKEN, source: env }
agents:
  scout: { runtime: command, command: ["true"], schedule: every 1h, credentials: [file, own] }
  other: { runtime: command, command: ["true"], schedule: every 1h }
`);
  const told: (Trouble | string)[] = [];
  const clock = createManualClock();
  const incidents: Partial<IncidentRegister> = {
    report: (trouble) => (void told.push(trouble), undefined as never),
    resolve: (fingerprint) => (void told.push(`resolved ${fingerprint}`), undefined),
    ...register,
  };
  const fatal: unknown[] = [];
  const teller = createSecretTeller({
    fleet,
    incidents: incidents as IncidentRegister,
    clock,
    log: createMemoryLog(),
    onFatal: (error) => void fatal.push(error),
  });
  return { teller, told, clock, fatal, home: fleet.home };
}

it.each([
  ['own', 'Write it into HOME/secrets/own, one line, mode 0600, or log in again.'],
  ['unit', 'Name it in the unit, as LoadCredential=unit:/path/of/the/file, and restart the service.'],
  ['mac', 'Store it as the user who runs Nightdesk: security add-generic-password -U -s nightdesk -a mac -w'],
  ['file', 'Set FILE_TOKEN in .env beside fleet.yaml.'],
])('a secret of %s that cannot be read is told with what to do', async (name, whatToDo) => {
  const { teller, told, clock, home } = open();

  teller.onNews(name, 'it is empty');
  await clock.rest();

  expect(told).toEqual([
    {
      kind: 'check',
      fingerprint: `secret:${name}`,
      subject: name,
      severity: 'warning',
      title: `The secret of ${name} cannot be read`,
      evidence: 'it is empty',
      agents: name === 'own' || name === 'file' ? ['scout'] : [],
      note: `What was read last is given on. ${whatToDo.replace('HOME', home)}`,
    },
  ]);
});

it('what cannot be written down on a full disk is told later, and in its order', async () => {
  const disk = { isFull: true };
  const order: string[] = [];
  const full = (): void => {
    if (disk.isFull) throw Object.assign(new Error('full'), { code: 'SQLITE_FULL' });
  };
  const { teller, clock, fatal } = open({
    report: () => (full(), void order.push('unreadable'), undefined as never),
    resolve: () => (full(), void order.push('readable'), undefined),
  });

  teller.onNews('file', 'FILE_TOKEN is not set');
  teller.onNews('file', undefined);
  await clock.pass(12_000);
  const meanwhile = [...order];
  disk.isFull = false;
  await clock.pass(12_000);
  await teller.stop();

  expect(meanwhile).toEqual([]);
  expect(order).toEqual(['unreadable', 'readable']);
  expect(fatal).toEqual([]);
});
