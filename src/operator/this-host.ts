import { readFileSync, existsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createProcesses } from '../adapters/execa-processes.ts';
import { createSystemClock } from '../adapters/system-clock.ts';
import { createProgramRunner } from '../run-program.ts';
import type { Host } from './install-place.ts';

/** Starting and stopping services takes a moment; more than this hangs. */
const LIMIT_MS = 60_000;

/** This machine, as installing sees it. */
export function describeThisHost(env: Readonly<Record<string, string | undefined>>): Host {
  const runner = createProgramRunner(createProcesses(), createSystemClock());
  const own = Object.fromEntries(
    Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
  return {
    platform: process.platform,
    hasSystemd: existsSync('/run/systemd/system'),
    uid: process.getuid?.() ?? 0,
    home: homedir(),
    path: env['PATH'],
    node: process.execPath,
    packageFolder: fileURLToPath(new URL('../..', import.meta.url)).replace(/\/$/, ''),
    account: findAccount,
    ownerOf: (file) => statSync(file).uid,
    isLingering: (name) => existsSync(join('/var/lib/systemd/linger', name)),
    async run([program = '', ...args]) {
      const { exit, output } = await runner.run({ argv: [program, ...args], cwd: '/', env: own }, LIMIT_MS);
      const ok = exit.kind === 'exited' && exit.code === 0;
      const last = output.trim().split('\n').at(-1) ?? '';
      return { ok, said: last || (exit.kind === 'not-started' ? exit.reason : 'it said nothing') };
    },
  };
}

/** Looks into the machine's own list of accounts; those of a directory service are not in it. */
function findAccount(nameOrUid: string | number): ReturnType<Host['account']> {
  try {
    for (const line of readFileSync('/etc/passwd', 'utf8').split('\n')) {
      const [name = '', , uid, group = '', , home = ''] = line.split(':');
      if (name === nameOrUid || (typeof nameOrUid === 'number' && uid === String(nameOrUid)))
        return { name, home, group };
    }
  } catch {
    // No such list: nobody is found.
  }
  return undefined;
}
