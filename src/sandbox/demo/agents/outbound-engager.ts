/** Answers other people’s posts that the scout has found. */
import { runEngager } from './engager.ts';
import { readJson, writeWorkstate } from './files.ts';
import type { MurmurPost } from './murmur.ts';
import { MurmurError } from './murmur.ts';
import { openSetting, say } from './setting.ts';

const setting = openSetting('outbound-engager');
try {
  await runEngager(setting, {
    mostUndecided: 5,
    find: async () => readJson<MurmurPost[]>(setting.shared('finds.json')) ?? [],
  });
} catch (error) {
  if (!(error instanceof MurmurError)) throw error;
  writeWorkstate({
    agent: setting.agent,
    active: [`Stopped: ${error.message}`],
    context: ['No draft was made in this run'],
    next: ['The same post again: its key keeps it from being drafted twice'],
  });
  if (error.kind === 'auth') console.log(`AUTH_FAILED: murmur does not take our token (${error.message})`);
  else say(error.message);
  process.exitCode = error.kind === 'auth' ? 1 : 75;
}
