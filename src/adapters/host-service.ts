import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Probed, ServiceFacts } from '../checklist/facts.ts';

/** Runs a program and gives what it printed; undefined when it could not be run, failed, or took too long. */
export type Ask = (...argv: [string, ...string[]]) => Promise<string | undefined>;

const UNIT = 'nightdesk.service';
const LABEL = 'com.nightdesk.nightdesk';
const PROPERTIES = 'Id,LoadState,ActiveState,MainPID,KillMode,Restart,RestartUSec,WatchdogUSec';
/** Files that container engines leave where a container can see them. */
const CONTAINER_MARKS = ['/.dockerenv', '/run/.containerenv'];

/** Asks what keeps a process running, or, without one, what would keep Nightdesk running. */
export async function probeService(
  ask: Ask,
  pid: number | undefined,
  now: () => number,
): Promise<Probed<ServiceFacts>> {
  const known = (value: ServiceFacts): Probed<ServiceFacts> => ({ kind: 'known', at: now(), value });
  if (process.platform === 'darwin') return known(await askLaunchd(ask, pid));
  // Only what the container itself runs ends with it; a shell in it is as good as any other terminal.
  if (CONTAINER_MARKS.some((file) => existsSync(file)))
    return known(
      /bin\.js|cli\.ts|nightdesk/.test(readOr('/proc/1/cmdline'))
        ? { kind: 'container' }
        : { kind: 'none', manager: null },
    );
  if (process.platform !== 'linux' || !existsSync('/run/systemd/system')) return known({ kind: 'none', manager: null });
  const own = pid === undefined ? undefined : unitOf(readOr(`/proc/${pid}/cgroup`));
  const places =
    own === undefined ? [{ unit: UNIT, scope: 'user' } as const, { unit: UNIT, scope: 'system' } as const] : [own];
  let hasAnswered = false;
  const answers = await Promise.all(
    places.map(({ unit, scope }) =>
      ask('systemctl', ...(scope === 'user' ? ['--user'] : []), 'show', unit, '-p', PROPERTIES),
    ),
  );
  for (const [index, { unit, scope }] of places.entries()) {
    const said = answers[index];
    if (said === undefined) continue;
    hasAnswered ||= scope === 'system' || own !== undefined;
    const facts = readUnit(said);
    if (facts === undefined) continue;
    const isOurs =
      pid !== undefined && (facts.mainPid === pid || (facts.mainPid > 0 && facts.mainPid === parentOf(pid)));
    // A unit that started a shell in which somebody started us is not ours.
    if (pid !== undefined && !isOurs && unit !== UNIT) continue;
    return known({ kind: 'systemd', scope, unit, isOurs, ...facts.service });
  }
  if (own !== undefined && !hasAnswered)
    return { kind: 'unknown', at: now(), reason: `it is in ${own.unit}, but systemctl does not answer` };
  if (!hasAnswered) return { kind: 'unknown', at: now(), reason: 'systemctl does not answer' };
  return known({ kind: 'none', manager: 'systemd' });
}

/** The unit of a process, by its control group: the innermost service, in the manager that it belongs to. */
export function unitOf(cgroup: string): { readonly unit: string; readonly scope: 'user' | 'system' } | undefined {
  // Where both versions are mounted, either may be the one that systemd uses.
  const paths = [/^0::(.*)$/m, /^\d+:name=systemd:(.*)$/m].map((line) => line.exec(cgroup)?.[1] ?? '');
  const path = paths.find((one) => one.includes('.service')) ?? '';
  const parts = path.split('/');
  const manager = parts.findLastIndex((part) => /^user@\d+\.service$/.test(part));
  const unit = parts.slice(manager + 1).findLast((part) => part.endsWith('.service'));
  return unit === undefined ? undefined : { unit, scope: manager === -1 ? 'system' : 'user' };
}

/** Reads what `systemctl show` printed; undefined when there is no such unit. */
export function readUnit(said: string):
  | {
      readonly mainPid: number;
      readonly service: Pick<
        Extract<ServiceFacts, { readonly kind: 'systemd' }>,
        'activeState' | 'killMode' | 'restart' | 'restartDelayMs' | 'watchdogMs'
      >;
    }
  | undefined {
  const value = (name: string): string => new RegExp(`^${name}=(.*)$`, 'm').exec(said)?.[1]?.trim() ?? '';
  if (value('LoadState') !== 'loaded') return undefined;
  const watchdogMs = readTimespan(value('WatchdogUSec'));
  return {
    mainPid: Number(value('MainPID')),
    service: {
      activeState: value('ActiveState'),
      killMode: value('KillMode'),
      restart: value('Restart'),
      restartDelayMs: readTimespan(value('RestartUSec')) ?? null,
      watchdogMs: watchdogMs === undefined || watchdogMs === 0 ? null : watchdogMs,
    },
  };
}

const UNITS_MS: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  s: 1_000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A length of time as systemd prints it (systemd.time(7)), in ms: `1min 30s`; undefined for `infinity` and whatever else is none. */
export function readTimespan(text: string): number | undefined {
  if (text === '0') return 0;
  const parts = text.split(' ').map((part) => /^(\d+(?:\.\d+)?)(us|ms|s|min|h|d)$/.exec(part));
  if (parts.includes(null)) return undefined;
  return parts.reduce((sum, part) => sum + Number(part?.[1]) * (UNITS_MS[part?.[2] ?? ''] ?? 0), 0);
}

async function askLaunchd(ask: Ask, pid: number | undefined): Promise<ServiceFacts> {
  for (const domain of [`gui/${process.getuid?.() ?? 501}`, `user/${process.getuid?.() ?? 501}`, 'system']) {
    const printed = await ask('launchctl', 'print', `${domain}/${LABEL}`);
    if (printed === undefined) continue;
    const path = /^\s*path = (.+)$/m.exec(printed)?.[1] ?? '';
    const plist = readPlist((await ask('plutil', '-convert', 'json', '-o', '-', path)) ?? '');
    const keepAlive = plist['KeepAlive'];
    return {
      kind: 'launchd',
      label: LABEL,
      isOurs: pid !== undefined && Number(/^\s*pid = (\d+)$/m.exec(printed)?.[1]) === pid,
      endsGroup: plist['AbandonProcessGroup'] !== true,
      restarts: keepAlive === true || (typeof keepAlive === 'object' && keepAlive !== null),
      // launchd.plist(5): jobs are not started more often than each ten seconds unless told otherwise.
      restartDelayMs: (typeof plist['ThrottleInterval'] === 'number' ? plist['ThrottleInterval'] : 10) * 1_000,
    };
  }
  return { kind: 'none', manager: 'launchd' };
}

function readPlist(json: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(json) as Record<string, unknown>;
  } catch {
    return {}; // What plutil cannot convert names nothing.
  }
}

/** Whether services of a user go on after his logout. */
export async function probeLinger(ask: Ask, user: string, now: () => number): Promise<Probed<boolean>> {
  if (process.platform !== 'linux' || !existsSync('/run/systemd/system'))
    return { kind: 'not-here', at: now(), reason: 'no systemd here' };
  if (existsSync(join('/var/lib/systemd/linger', user))) return { kind: 'known', at: now(), value: true };
  const said = await ask('loginctl', 'show-user', user, '-p', 'Linger');
  const found = /^Linger=(yes|no)$/m.exec(said ?? '')?.[1];
  if (found !== undefined) return { kind: 'known', at: now(), value: found === 'yes' };
  return { kind: 'unknown', at: now(), reason: 'loginctl does not answer' };
}

const JOURNAL_FOLDERS = ['/usr/lib/systemd', '/usr/local/lib/systemd', '/run/systemd', '/etc/systemd'];

/** The bound of the journal that its files set, the last one that counts. */
export function probeJournal(now: () => number): Probed<string | null> {
  if (process.platform !== 'linux' || !existsSync('/run/systemd/system'))
    return { kind: 'not-here', at: now(), reason: 'no systemd here' };
  const files = JOURNAL_FOLDERS.flatMap((folder) => [
    join(folder, 'journald.conf'),
    ...list(join(folder, 'journald.conf.d')).filter((name) => name.endsWith('.conf')),
  ]);
  const bounds = files.flatMap((file) => /^\s*SystemMaxUse\s*=\s*(\S+)/m.exec(readOr(file))?.[1] ?? []);
  return { kind: 'known', at: now(), value: bounds.at(-1) ?? null };
}

/** Whether the clock is kept right. */
export async function probeClock(ask: Ask, now: () => number): Promise<Probed<boolean>> {
  if (existsSync('/run/systemd/timesync/synchronized')) return { kind: 'known', at: now(), value: true };
  if (process.platform === 'linux' && existsSync('/run/systemd/system')) {
    const said = await ask('timedatectl', 'show', '-p', 'NTPSynchronized');
    const found = /^NTPSynchronized=(yes|no)$/m.exec(said ?? '')?.[1];
    if (found !== undefined) return { kind: 'known', at: now(), value: found === 'yes' };
  }
  const tracked = await ask('chronyc', '-n', 'tracking');
  if (tracked !== undefined) return { kind: 'known', at: now(), value: /^Leap status\s*:\s*Normal/m.test(tracked) };
  if (process.platform === 'darwin') {
    const said = await ask('sntp', '-t', '1', 'time.apple.com');
    const offset = /([+-]\d+\.\d+)/.exec(said ?? '')?.[1];
    if (offset !== undefined) return { kind: 'known', at: now(), value: Math.abs(Number(offset)) < 5 };
  }
  return { kind: 'unknown', at: now(), reason: 'nobody knows whether it is synchronised' };
}

/** Field 4 of proc_pid_stat(5). */
function parentOf(pid: number): number {
  const text = readOr(`/proc/${pid}/stat`);
  return Number(text.slice(text.lastIndexOf(')') + 2).split(' ')[1]);
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder)
      .sort()
      .map((name) => join(folder, name));
  } catch {
    return []; // No such folder: nothing is set there.
  }
}

function readOr(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return ''; // Not there, or not for us: it tells nothing.
  }
}
