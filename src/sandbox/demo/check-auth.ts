/** Asks Murmur, with one cheap call, whether it takes our token: `check-auth.ts URL TOKEN_FILE`. Prints AUTH_OK, or AUTH_FAILED and why. */
import { createMurmur, MurmurError } from './agents/murmur.ts';

const [url = '', tokenFile = ''] = process.argv.slice(2);
try {
  const { handle } = await createMurmur({ url, tokenFile, agent: 'check-auth' }).me();
  console.log('AUTH_OK');
  console.log(`murmur knows us as @${handle}`);
} catch (error) {
  if (!(error instanceof MurmurError)) throw error;
  // A platform that cannot be reached says nothing about the token.
  console.log(error.kind === 'auth' ? `AUTH_FAILED: ${error.message} ${error.body}`.trim() : error.message);
  process.exitCode = error.kind === 'auth' ? 1 : 75;
}
