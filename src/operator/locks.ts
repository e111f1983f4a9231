import { createHash } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { acquireLock, type LockHolder } from '../../storage/lock.ts';
import type { Home } from './home.ts';
import type { Terminal } from './terminal.ts';

/** What only one control plane on a machine may hold. */
export interface Locks {
  release(): void;
}

/** Takes the state folder `folder` and the bot's token; undefined: somebody has one of them, which was said, and nothing is held. */
export function takeLocks(
  home: Pick<Home, 'lock'>,
  folder: string,
  bot: { readonly token: string; readonly apiRoot: string | undefined },
  terminal: Pick<Terminal, 'complain'>,
): Locks | undefined {
  const ofHome = acquireLock(home.lock);
  if (ofHome.kind === 'taken') return refuse(terminal, `the state folder ${folder}`, ofHome.by);
  const ofToken = acquireLock(tokenLockFile(bot.token, bot.apiRoot));
  if (ofToken.kind === 'taken') {
    ofHome.lock.release();
    return refuse(terminal, 'this bot token', ofToken.by);
  }
  return {
    release() {
      ofToken.lock.release();
      ofHome.lock.release();
    },
  };
}

function refuse(terminal: Pick<Terminal, 'complain'>, what: string, by: LockHolder | undefined): undefined {
  const who = by === undefined ? 'another process' : `process ${by.pid} on ${by.host}`;
  terminal.complain(`nightdesk: ${what} is held by ${who}: stop that one first, nothing was changed`);
}

/** One poller per token and server on this machine, whatever the state folder; the file's name does not give the token away. */
function tokenLockFile(token: string, apiRoot: string | undefined): string {
  const server = (apiRoot ?? 'https://api.telegram.org').replace(/\/+$/, '');
  const name = createHash('sha256').update(`${server} ${token}`).digest('hex').slice(0, 24);
  // Not os.userInfo, which fails where no account has this uid, as in a container.
  return join(tmpdir(), `nightdesk-${process.getuid?.() ?? 0}`, `token-${name}.lock`);
}
