/** Gets a new token from Murmur, without a question, and stores it: `login.ts URL TOKEN_FILE`. */
import { setTimeout as sleep } from 'node:timers/promises';
import { createMurmur, MurmurError } from './agents/murmur.ts';
import { storeToken } from './token-file.ts';

/** A login that takes no time looks as if nothing had happened. */
const shownForMs = 900;

const [url = '', tokenFile = ''] = process.argv.slice(2);
try {
  console.log('Logging in to Murmur as @kilnandkettle …');
  await sleep(shownForMs);
  const { token, expiresInSeconds } = await createMurmur({ url, tokenFile, agent: 'login' }).login();
  storeToken(tokenFile, token);
  console.log(`Logged in. The new token is stored, and good for ${Math.round(expiresInSeconds / 60)} minutes.`);
} catch (error) {
  if (!(error instanceof MurmurError)) throw error;
  console.log(`Murmur did not log us in: ${error.message}`);
  process.exitCode = 1;
}
