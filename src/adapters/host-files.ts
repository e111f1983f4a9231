import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { FileFacts, HostFacts, Probed } from '../checklist/facts.ts';
import type { Fleet } from '../config/fleet.ts';

/** More logs than the keeper of the logs ever leaves: counting goes no further. */
const MOST_FILES = 20_000;
/** A settings file has some kB. */
const MOST_SETTINGS_BYTES = 1_000_000;

/** What nobody else on this machine may read, and what nobody else may change. Who cannot enter HOME cannot reach what lies in it. */
export function probeFiles({ file, home }: Fleet, now: () => number): Probed<readonly FileFacts[]> {
  const secrets = join(home, 'secrets');
  const isHomeClosed = ((modeOf(home) ?? 0) & 0o077) === 0;
  const inHome = [
    join(home, 'nightdesk.db'),
    join(home, 'nightdesk.db-wal'),
    ...list(join(home, 'backup')).map((name) => join(home, 'backup', name)),
  ];
  const wanted: readonly (readonly [path: string, forbidden: number])[] = [
    [file, 0o022],
    [dirname(file), 0o022],
    [join(dirname(file), '.env'), 0o077],
    [home, 0o077],
    [secrets, 0o077],
    ...list(secrets).map((name) => [join(secrets, name), 0o077] as const),
    ...(isHomeClosed ? [] : inHome.map((path) => [path, 0o077] as const)),
  ];
  return {
    kind: 'known',
    at: now(),
    value: wanted.flatMap(([path, forbidden]) => {
      const mode = modeOf(path);
      return mode === undefined ? [] : [{ path, mode, forbidden }];
    }),
  };
}

/** Free space and inodes, for who we are, of the file system of a folder or of the nearest one that is there. */
export function probeDisk(folder: string, now: () => number): HostFacts['disk'] {
  try {
    const { bavail, bsize, files, ffree } = statfsSync(nearest(folder));
    // Some file systems make inodes as they need them, and count none.
    const inodesLeftPercent = files === 0 ? null : Math.round((ffree / files) * 100);
    return { kind: 'known', at: now(), value: { freeBytes: bavail * bsize, inodesLeftPercent } };
  } catch {
    return { kind: 'unknown', at: now(), reason: `the file system of ${folder} tells nothing` };
  }
}

/** How much the logs take. */
export function probeLogs(home: string, now: () => number): HostFacts['logs'] {
  let files = 0;
  let bytes = 0;
  const folder = join(home, 'logs');
  for (const agent of list(folder)) {
    for (const name of list(join(folder, agent))) {
      if (files >= MOST_FILES) break;
      files += 1;
      bytes += sizeOf(join(folder, agent, name));
    }
  }
  return { kind: 'known', at: now(), value: { files, bytes } };
}

/** The machine's swap, and what memory is left. */
export function probeSwap(now: () => number): HostFacts['swap'] {
  if (process.platform !== 'linux') return { kind: 'not-here', at: now(), reason: 'the system manages its own' };
  const total = meminfo('SwapTotal');
  const free = meminfo('SwapFree');
  return total === undefined || free === undefined
    ? { kind: 'unknown', at: now(), reason: '/proc/meminfo does not tell' }
    : { kind: 'known', at: now(), value: { totalBytes: total, freeBytes: free } };
}

/** What fleet.yaml is right now. */
export function probeConfiguration(file: string, now: () => number): HostFacts['configuration'] {
  try {
    const hash = createHash('sha256').update(readFileSync(file)).digest('hex');
    return { kind: 'known', at: now(), value: { hash, modifiedAt: statSync(file).mtimeMs } };
  } catch (error) {
    return {
      kind: 'unknown',
      at: now(),
      reason: `${file} cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`,
    };
  }
}

/** Variables by which Claude Code is made to use another login or another server than the run's own (facts of its precedence). */
const CLAUDE_VARIABLES = [
  'ANTHROPIC_API_KEY',
  'ANTHROPIC_AUTH_TOKEN',
  'ANTHROPIC_BASE_URL',
  'CLAUDE_CODE_OAUTH_TOKEN',
  'CLAUDE_CODE_USE_BEDROCK',
  'CLAUDE_CODE_USE_VERTEX',
];
const MANAGED = [
  '/etc/claude-code/managed-settings.json',
  '/Library/Application Support/ClaudeCode/managed-settings.json',
];

/** Reads the settings that Claude Code takes from the machine, its user and each workdir: only names of keys are told, never a value. */
export function probeOverrides(fleet: Fleet, home: string, now: () => number): HostFacts['overrides'] {
  const agents = [...fleet.agents.values()].filter(({ runtime }) => runtime === 'claude');
  if (agents.length === 0)
    return {
      kind: 'not-here',
      at: now(),
      reason: 'no agent is Claude Code: other CLIs take only what their run is given',
    };
  const files = new Set([
    ...MANAGED,
    ...agents.flatMap(({ env, workdir }) => [
      join(env['CLAUDE_CONFIG_DIR'] ?? join(env['HOME'] ?? home, '.claude'), 'settings.json'),
      join(workdir, '.claude', 'settings.json'),
      join(workdir, '.claude', 'settings.local.json'),
    ]),
  ]);
  let read = 0;
  const beating: string[] = [];
  for (const file of files) {
    const settings = readSettings(file);
    if (settings === undefined) continue;
    if (settings === 'unreadable') return { kind: 'unknown', at: now(), reason: `${file} cannot be read` };
    read += 1;
    const { apiKeyHelper, env } = settings;
    const names = typeof env === 'object' && env !== null ? Object.keys(env) : [];
    if (apiKeyHelper !== undefined) beating.push(`${file}: apiKeyHelper`);
    beating.push(...CLAUDE_VARIABLES.filter((name) => names.includes(name)).map((name) => `${file}: env.${name}`));
  }
  return { kind: 'known', at: now(), value: { read, beating } };
}

function readSettings(file: string): Readonly<Record<string, unknown>> | 'unreadable' | undefined {
  try {
    if (statSync(file).size > MOST_SETTINGS_BYTES) return 'unreadable';
    const settings: unknown = JSON.parse(readFileSync(file, 'utf8'));
    return typeof settings === 'object' && settings !== null ? (settings as Record<string, unknown>) : {};
  } catch (error) {
    return ['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '') ? undefined : 'unreadable';
  }
}

function modeOf(path: string): number | undefined {
  try {
    return statSync(path).mode & 0o777;
  } catch {
    return undefined; // What is not there, nobody else can read.
  }
}

function sizeOf(path: string): number {
  try {
    return statSync(path).size;
  } catch {
    return 0; // Removed in between.
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // Nothing is there yet.
  }
}

function nearest(folder: string): string {
  return modeOf(folder) !== undefined || dirname(folder) === folder ? folder : nearest(dirname(folder));
}

function meminfo(name: string): number | undefined {
  try {
    const kibibytes = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(readFileSync('/proc/meminfo', 'utf8'))?.[1];
    return kibibytes === undefined ? undefined : Number(kibibytes) * 1_024;
  } catch {
    return undefined;
  }
}
