import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { createRoomWorld } from '../loop/room-world.ts';

const TOKEN = `vendor_TEST_${'4711'.repeat(8)}`;

it('never shows the secret that it prints, though it stands in what looks like a question', async () => {
  const world = createRoomWorld(
    'timezone: UTC\nhome: ./state\ntelegram: { owners: [1] }\n' +
      `credentials: { claude: { login: [/bin/login], env: VENDOR_TOKEN, capture: 'vendor_[A-Za-z0-9_]+' } }\n` +
      'agents: { a: { runtime: command, command: [/bin/a], schedule: every 1h, credentials: [claude] } }\n',
  );
  const says = (): void => world.named('login')[0]?.says(`Enter the token ${TOKEN} where you need it:\n`);
  world.behaviours['login'] = says;
  await world.begin();

  world.rooms.custodian.wantLogin('claude', 'owner:1', 1);
  // It draws on for a while: only what stands still is taken for whole.
  for (let turn = 0; turn < 5; turn += 1) {
    await world.advance(900);
    says();
  }
  await world.advance(3_000);

  const login = world.storage.logins.get(1);
  const stored = readFileSync(world.file, 'latin1') + readFileSync(`${world.file}-wal`, 'latin1');
  expect(stored.includes(TOKEN)).toBe(false);
  expect(login?.state).toBe('done');
  world.close();
});
