import type { DarkCause } from './life.ts';
import type { News } from './outage.ts';
import type { PulseFile } from './pulse-file.ts';

/** What a message of the sentinel is written from. */
export interface Setting {
  readonly now: number;
  readonly timezone: string;
  readonly host: string;
  readonly file: PulseFile | undefined;
  /** Free bytes under the state folder; undefined where the system does not tell. */
  readonly freeBytes: number | undefined;
  readonly home: string;
  readonly brokenBecause: string | undefined;
  /** Whose systemd has it as a service, if one has. */
  readonly service: 'user' | 'system' | undefined;
  /** What systemd says of a service that it starts no more; undefined: it says nothing of the kind. */
  readonly failedWith: string | undefined;
}

const GO_ON = 'Agents that were running may go on: nobody watches them, no draft is published, no button works.';

/** What the owner reads on the phone. */
export function renderNews(news: News, setting: Setting): string {
  return news.kind === 'dark'
    ? renderDark(news.outage, setting)
    : renderBack(news.outage.cause, news.lastedMs, setting);
}

/** Whether a message may come without a sound: the owner himself has caused what it tells. */
export function isSilentNews(news: News): boolean {
  return news.kind === 'back' || news.outage.cause === 'stopped' || news.outage.cause === 'never-ran';
}

/** What the sentinel prints of a look for whoever runs it by hand. */
export function describeCause(
  cause: DarkCause,
  since: number | undefined,
  setting: Pick<Setting, 'now' | 'timezone' | 'file'>,
): string {
  const { now, timezone, file } = setting;
  const when = since === undefined ? '' : ` ${timeOfDay(since, now, timezone)}`;
  const process = file === undefined ? 'its process' : `its process (${file.pid})`;
  switch (cause) {
    case 'never-ran':
      return 'it has never run here: there is no proof of life at all';
    case 'gone':
      return `${process} is gone; its last proof of life was${when || ' never'}`;
    case 'rebooted':
      return `the machine was started anew and it does not run; its last proof of life was${when || ' never'}`;
    case 'stopped':
      return `it was stopped on purpose at${when}`;
    case 'not-started':
      return `it was stopped at${when}, and then did not start`;
    case 'ended':
      return `it ended by itself at${when}: its log says why`;
    case 'silent':
      return `${process} is there but hangs, or hears nothing from Telegram; its last proof of life was${when || ' never'}`;
    case 'deaf':
      return `${process} is there, but has proved nothing since it was started at${when}`;
    case 'drill':
      return `this is a drill: it plays dead, and all is well`;
  }
}

function renderDark({ cause, since }: { readonly cause: DarkCause; readonly since: number }, setting: Setting): string {
  const { now, host, freeBytes, home, failedWith } = setting;
  const isDrill = cause === 'drill';
  const title = isDrill
    ? '🧪 Drill: Nightdesk is dark'
    : cause === 'stopped'
      ? '🌑 Nightdesk is stopped'
      : '🔴 Nightdesk is dark';
  const known = cause === 'never-ran' ? undefined : since;
  const lines = [
    `${title} on ${host}.`,
    `${sentence(describeCause(cause, known, setting))}${known === undefined || isDrill ? '' : ` That is ${duration(now - known)} ago.`}`,
    agents(cause, setting.service !== undefined),
    failedWith === undefined
      ? undefined
      : `systemd has given it up (${failedWith}): it stays down until it is started.`,
    setting.brokenBecause === undefined
      ? undefined
      : `fleet.yaml is broken: ${setting.brokenBecause}. It cannot start with it.`,
    freeBytes === undefined ? undefined : `Disk room left under ${home}: ${size(freeBytes)}.`,
    isDrill ? undefined : whatToDo(setting.service),
    isDrill
      ? 'I am the sentinel. Nightdesk itself tells how the drill went.'
      : 'I am the sentinel: I tell this once, and once more when it is over.',
  ];
  return lines.filter((line) => line !== undefined).join('\n');
}

function whatToDo(service: Setting['service']): string {
  if (service === undefined) return 'On that machine: nightdesk check --config fleet.yaml, and start it again.';
  const systemctl = service === 'system' ? 'systemctl' : 'systemctl --user';
  // After five starts in ten minutes systemd refuses a sixth, by hand as well, until it is told to forget them.
  return [
    `On that machine: ${systemctl} status nightdesk, and nightdesk check --config fleet.yaml`,
    `If it stays down: ${systemctl} reset-failed nightdesk; ${systemctl} start nightdesk`,
  ].join('\n');
}

function agents(cause: DarkCause, isService: boolean): string | undefined {
  switch (cause) {
    case 'rebooted':
      return 'No agent runs.';
    case 'stopped':
    case 'not-started':
    case 'ended':
      return 'Its agents were stopped with it.';
    case 'gone':
      if (isService) return 'Its agents were ended with it: no draft is published, no button works.';
      return GO_ON;
    case 'silent':
    case 'deaf':
      return GO_ON;
    case 'never-ran':
    case 'drill':
      return undefined;
  }
}

function renderBack(cause: DarkCause, lastedMs: number, { host }: Setting): string {
  if (cause === 'never-ran') return `🟢 Nightdesk runs now on ${host}.`;
  return `🟢 Nightdesk on ${host} is back after ${duration(lastedMs)}.`;
}

function sentence(text: string): string {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}.`;
}

/** A time of day, with its day where that is another one. */
function timeOfDay(at: number, now: number, timeZone: string): string {
  const day = (time: number): string => new Intl.DateTimeFormat('en-CA', { timeZone }).format(time);
  return new Intl.DateTimeFormat('en-GB', {
    timeZone,
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
    ...(day(at) === day(now) ? {} : { weekday: 'short', day: 'numeric', month: 'short' }),
  }).format(at);
}

/** A length of time as the control plane writes it. */
function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  if (seconds < 90) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return `${Math.floor(hours / 24)} d${hours % 24 === 0 ? '' : ` ${hours % 24} h`}`;
}

function size(bytes: number): string {
  if (bytes < 1e6) return `${Math.round(bytes / 1e3)} kB`;
  return bytes < 1e9 ? `${Math.round(bytes / 1e6)} MB` : `${(bytes / 1e9).toFixed(1)} GB`;
}
