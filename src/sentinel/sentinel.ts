import { existsSync, readFileSync, statfsSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { loadApiRoot, loadEnvironment, loadToken } from '../operator/token.ts';
import { decideLife, type Life, type LookFacts } from './life.ts';
import { afterFailing, afterTelling, decideNews, type News, type Outages } from './outage.ts';
import { findProcess, readBootId } from './process.ts';
import { parsePulse, pulsePath } from './pulse-file.ts';
import { type Delivery, isTelegramThere, tellByProgram, tellOverTelegram } from './routes.ts';
import { loadSettings, type SentinelSettings } from './settings.ts';
import { loadState, lockLooks, saveState, type SentinelState } from './state.ts';
import { describeCause, isSilentNews, renderNews, type Setting } from './words.ts';

/** Where a look is printed, and whose environment it has. */
interface Surroundings {
  readonly env: Readonly<Record<string, string | undefined>>;
  print(line: string): void;
  complain(line: string): void;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Where a service of the machine is installed. */
const SYSTEM_UNIT = '/etc/systemd/system/nightdesk.service';

const EXIT_ALIVE = 0;
const EXIT_DARK = 1;
const EXIT_CONFIG = 78;

/** A stop on purpose is mostly one half of a restart: the other half gets this long. */
const RESTART_MS = 3_000;

/** The control plane hears again at most half a minute after Telegram is back, and proves it ten seconds later. */
const HEARS_AGAIN_MS = 45_000;
const SEE_AGAIN_MS = 3_000;

/**
 * `nightdesk sentinel --config F`: one look from outside.
 *
 * It shares nothing with the control plane but the state folder: 1. reads what little it has to know, from a fleet.yaml in whatever state;
 * 2. reads the proof of life and looks whether its process is there; 3. tells the owner what is new, over the Bot API or by the fallback;
 * 4. remembers what it told. What could not be told is tried again at the next look.
 */
export async function sentinel(file: string, surroundings: Surroundings): Promise<number> {
  const settings = loadSettings(file);
  if ('problem' in settings) {
    surroundings.complain(`nightdesk sentinel: ${settings.problem}`);
    return EXIT_CONFIG;
  }
  const env = readEnvironment(settings.folder, surroundings);
  const release = lockLooks(settings.home);
  try {
    return await look(settings, env, surroundings, release !== undefined);
  } finally {
    release?.();
  }
}

async function look(
  settings: SentinelSettings,
  env: Environment,
  surroundings: Surroundings,
  mayTell: boolean,
): Promise<number> {
  const { home } = settings;
  const before = loadState(home);
  let seen = see(settings, before, env);
  if (seen.life.kind === 'dark' && seen.life.cause === 'stopped' && before?.outages.current === undefined) {
    await delay(RESTART_MS);
    seen = see(settings, before, env);
  }
  if (mayTell && (await isBackJustNow(seen.life, before, env))) {
    for (let waitedMs = 0; seen.life.kind === 'dark' && waitedMs < HEARS_AGAIN_MS; waitedMs += SEE_AGAIN_MS) {
      await delay(SEE_AGAIN_MS);
      seen = see(settings, before, env);
    }
  }
  const { life, memory, facts } = seen;
  const setting = describeSetting(settings, facts, env);
  surroundings.print(describeLife(life, setting));
  const exit = life.kind === 'dark' ? EXIT_DARK : EXIT_ALIVE;
  if (!mayTell) {
    surroundings.complain('nightdesk sentinel: another look is under way, and tells what there is to tell');
    return exit;
  }

  const { outages, news } = decideNews(before?.outages ?? { current: undefined, tellings: [] }, life, facts.now);
  const keep = (known: Outages): void => {
    if (!saveState(home, { lookedAt: Date.now(), memory, outages: known }))
      surroundings.complain('nightdesk sentinel: what it told cannot be remembered: nothing can be written');
  };
  keep(outages);
  if (news === undefined) return exit;
  const told = await tell(news, settings, env, setting, surroundings);
  keep(told ? afterTelling(outages, news, Date.now()) : afterFailing(outages, Date.now()));
  return exit;
}

/**
 * Whether Telegram was away at the last look and is back now: then the control plane, which hears nothing without it, only needs its
 * next poll to live again, and tells of the outage itself.
 */
async function isBackJustNow(life: Life, before: SentinelState | undefined, env: Environment): Promise<boolean> {
  const outage = before?.outages.current;
  const couldNotTell = outage?.failedAt !== undefined && outage.toldAt === undefined;
  if (!couldNotTell || life.kind !== 'dark' || life.cause !== 'silent') return false;
  const token = loadToken(env);
  const apiRoot = loadApiRoot(env);
  return token.kind === 'token' && apiRoot.kind === 'root' && (await isTelegramThere(token.token, apiRoot.root));
}

function see(settings: SentinelSettings, before: SentinelState | undefined, env: Environment) {
  const pulse = readPulse(settings.home);
  const facts: LookFacts = {
    now: Date.now(),
    monotonicMs: Math.round(Number(process.hrtime.bigint() / 1_000_000n)),
    bootId: readBootId(),
    darkAfterMs: settings.darkAfterMs,
    pulse,
    process: pulse?.file === undefined ? 'unknown' : findProcess(pulse.file),
    hasFailed: readFailure(env) !== undefined,
  };
  return { facts, ...decideLife(facts, before?.memory) };
}

/**
 * What systemd says of the service on whose OnFailure it starts this look (systemd.exec(5), MONITOR_SERVICE_RESULT; since version 251).
 * An OnFailure that only comes before its next start says `success`.
 */
function readFailure(env: Environment): string | undefined {
  const result = env['MONITOR_SERVICE_RESULT'];
  if (result === undefined || result === '' || result === 'success') return undefined;
  const status = env['MONITOR_EXIT_STATUS'];
  return status === undefined || status === '' ? result : `${result} ${status}`;
}

/** Whether its user installed a unit. Not os.homedir, which fails where no account has this uid, as in a container. */
function hasUserUnit({ HOME: home }: Environment): boolean {
  return home !== undefined && home !== '' && existsSync(join(home, '.config/systemd/user/nightdesk.service'));
}

function readPulse(home: string): LookFacts['pulse'] {
  const path = pulsePath(home);
  try {
    return { modifiedAt: Math.round(statSync(path).mtimeMs), file: parsePulse(readFileSync(path, 'utf8')) };
  } catch {
    return undefined;
  }
}

function describeLife(life: Life, setting: Setting): string {
  switch (life.kind) {
    case 'alive':
      return `alive: the last proof of life is ${Math.round(life.ageMs / 1_000)} s old`;
    case 'starting':
      return 'starting: it has not proved yet that it lives, and has still time to';
    case 'dark':
      return `dark: ${describeCause(life.cause, life.since, setting)}`;
  }
}

function describeSetting(settings: SentinelSettings, { now, pulse }: LookFacts, env: Environment): Setting {
  const { home, timezone, brokenBecause } = settings;
  return {
    now,
    timezone,
    home,
    brokenBecause,
    host: hostname(),
    file: pulse?.file,
    freeBytes: freeBytes(home),
    service: existsSync(SYSTEM_UNIT) ? 'system' : hasUserUnit(env) ? 'user' : undefined,
    failedWith: readFailure(env),
  };
}

function freeBytes(home: string): number | undefined {
  for (const folder of [home, dirname(home)]) {
    try {
      const { bavail, bsize } = statfsSync(folder);
      return bavail * bsize;
    } catch {
      // A state folder that is not there yet lies where its parent does.
    }
  }
  return undefined;
}

/** Over the Bot API, or by the fallback where that fails. */
async function tell(
  news: News,
  settings: SentinelSettings,
  env: Environment,
  setting: Setting,
  { complain, print }: Surroundings,
): Promise<boolean> {
  const text = renderNews(news, setting);
  const overTelegram = await tryTelegram(text, isSilentNews(news), settings, env);
  if (overTelegram.kind === 'told') {
    print('told over Telegram');
    return true;
  }
  complain(`nightdesk sentinel: not told over Telegram: ${overTelegram.reason}`);
  if (settings.fallback === undefined) {
    complain('nightdesk sentinel: there is no alerts.fallback; trying again at the next look');
    return false;
  }
  const byProgram = await tellByProgram(settings.fallback, text, {
    cwd: settings.folder,
    env: programEnvironment(env),
  });
  if (byProgram.kind === 'told') {
    print('told by the fallback');
    return true;
  }
  complain(`nightdesk sentinel: not told by the fallback either: ${byProgram.reason}; trying again at the next look`);
  return false;
}

async function tryTelegram(
  text: string,
  isSilent: boolean,
  { owners, chat }: SentinelSettings,
  env: Environment,
): Promise<Delivery> {
  const token = loadToken(env);
  if (token.kind === 'problem') return { kind: 'failed', reason: token.reason };
  const apiRoot = loadApiRoot(env);
  if (apiRoot.kind === 'problem') return { kind: 'failed', reason: apiRoot.reason };
  // A group may have been left; the first owner's own chat is there as long as he does not block the bot.
  const chats = [...new Set([chat, owners[0]])].filter((id) => id !== undefined);
  return await tellOverTelegram({ token: token.token, apiRoot: apiRoot.root, chats }, text, isSilent);
}

function readEnvironment(folder: string, { env, complain }: Surroundings): Environment {
  try {
    return loadEnvironment(folder, env);
  } catch (error) {
    complain(`nightdesk sentinel: .env cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`);
    return env;
  }
}

/** What the control plane gives its programs, too: nothing of the bot's. */
function programEnvironment(env: Environment): Readonly<Record<string, string>> {
  return {
    PATH: env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    HOME: env['HOME'] ?? '/',
    LANG: env['LANG'] ?? 'C.UTF-8',
  };
}
