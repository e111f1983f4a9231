/** Answers whoever names us. */
import { runEngager } from './engager.ts';
import { writeWorkstate } from './files.ts';
import { MurmurError } from './murmur.ts';
import { openSetting, say } from './setting.ts';

const setting = openSetting('inbound-engager');
try {
  await runEngager(setting, {
    mostUndecided: 4,
    find: async () => {
      say('reading mentions');
      return (await setting.murmur.mentions()).toReversed();
    },
  });
} catch (error) {
  if (!(error instanceof MurmurError)) throw error;
  // Takes everything for a passing trouble and ends well, as careless agents do: the control plane has to see through it.
  writeWorkstate({
    agent: setting.agent,
    active: [`Murmur hiccuped (${error.message})`],
    context: ['Mentions were not read in this run'],
    next: ['Probably fine again next time'],
  });
  say(`murmur hiccup: ${error.message} ${error.body}; will try again next time`);
}
