import { sizeText } from '../telegram/cards/size.ts';
import { count, duration } from '../telegram/cards/words.ts';
import { decideMemoryFloor } from '../vigil/room-left.ts';
import type { FileFacts } from './facts.ts';
import { fail, notHere, pass, unknown } from './item.ts';
import { byHost, type Judge, some } from './judge.ts';

/** Times on the phone are told in minutes, and buttons of Telegram live for seconds. */
const MOST_DRIFT_MS = 30_000;
/** Below so many percent of inodes nothing can be created any more, soon. */
const FEWEST_INODES_PERCENT = 5;
/** Without swap a small machine ends a program at the first peak: a machine of this size has room for one. */
const ROOM_WITHOUT_SWAP_BYTES = 2_000_000_000;
/** Swap this full: the machine works for its disk, not for the agents. */
const LEAST_SWAP_LEFT = 0.1;

/** Whether logs stay within their bounds, and the journal within its own. */
export const judgeLogs: Judge = byHost(
  'logs',
  'see that HOME/logs can be read',
  ({ files, bytes }, at, { fleet, host }) => {
    const { totalBytes, keepMs, keepFreeBytes } = fleet.logs;
    const bounds = `${sizeText(bytes)} of ${sizeText(totalBytes)} in ${count(files, 'log')}, kept for ${duration(keepMs)}`;
    if (bytes > totalBytes)
      return fail(`${bounds}: over the bound`, at, 'see that Nightdesk runs: it removes the oldest');
    const disk = host?.disk;
    if (disk?.kind === 'known' && disk.value.freeBytes < keepFreeBytes)
      return fail(
        `${bounds}; the disk has ${sizeText(disk.value.freeBytes)} free of the ${sizeText(keepFreeBytes)} that logs leave`,
        at,
        'make room on the disk, or give logs less',
      );
    const isSystemd = host?.service.kind === 'known' && host.service.value.kind === 'systemd';
    if (!isSystemd || host === undefined) return pass(bounds, at);
    const { journal } = host;
    if (journal.kind === 'unknown')
      return unknown(
        `${bounds}; of the journal: ${journal.reason}`,
        at,
        'look for SystemMaxUse in /etc/systemd/journald.conf.d',
      );
    if (journal.kind === 'known' && journal.value === null)
      return fail(
        `${bounds}; but the machine's journal has no bound of its own`,
        at,
        'copy deploy/journald/nightdesk.conf to /etc/systemd/journald.conf.d/, then systemctl restart systemd-journald',
      );
    return pass(`${bounds}${journal.kind === 'known' ? `; the journal's bound is ${journal.value ?? ''}` : ''}`, at);
  },
);

/** Whether the clock is right. */
export const judgeClock: Judge = (facts) => {
  const { host, rows } = facts;
  const drift = host?.bot.kind === 'known' && host.bot.value.kind === 'answered' ? host.bot.value.driftMs : null;
  const mend = 'timedatectl set-ntp true';
  const jumped = rows.kind === 'rows' ? rows.incidents.find(({ kind }) => kind === 'clock') : undefined;
  if (jumped !== undefined) return fail(jumped.title, jumped.lastSeenAt, mend);
  if (host !== undefined && drift !== null && Math.abs(drift) > MOST_DRIFT_MS)
    return fail(
      `it is ${duration(Math.abs(drift))} ${drift > 0 ? 'ahead of' : 'behind'} Telegram's`,
      host.bot.at,
      mend,
    );
  const beside = drift === null ? '' : `, ${(Math.abs(drift) / 1_000).toFixed(0)} s from Telegram's`;
  if (host?.clock.kind !== 'known' && drift !== null && host !== undefined)
    return pass(`${(Math.abs(drift) / 1_000).toFixed(0)} s from Telegram's`, host.bot.at);
  return byHost('clock', 'timedatectl, or chronyc tracking, tells whether it is synchronised', (isSynchronised, at) =>
    isSynchronised ? pass(`synchronised${beside}`, at) : fail(`it is not synchronised${beside}`, at, mend),
  )(facts);
};

/** Whether there is room to write. */
export const judgeDisk: Judge = byHost(
  'disk',
  'see that HOME is there',
  ({ freeBytes, inodesLeftPercent }, at, { fleet }) => {
    const free = `${sizeText(freeBytes)} free`;
    const inodes = inodesLeftPercent === null ? '' : `, ${inodesLeftPercent} % of inodes`;
    if (freeBytes < fleet.logs.keepFreeBytes)
      return fail(
        `${free}, less than the ${sizeText(fleet.logs.keepFreeBytes)} that have to stay`,
        at,
        'make room on the disk',
      );
    if (inodesLeftPercent !== null && inodesLeftPercent < FEWEST_INODES_PERCENT)
      return fail(
        `${free}, but ${inodesLeftPercent} % of inodes are left`,
        at,
        'remove small files: no new one can be made soon',
      );
    return pass(`${free}${inodes}`, at);
  },
);

/** Whether one more agent has room. */
export const judgeMemory: Judge = byHost(
  'memory',
  'this system does not tell what is left',
  ({ availableBytes, totalBytes }, at) => {
    const floor = decideMemoryFloor(totalBytes);
    const words = `${sizeText(availableBytes)} of ${sizeText(totalBytes)} left`;
    return availableBytes < floor
      ? fail(`${words}: agents wait below ${sizeText(floor)}`, at, 'stop something, or lower concurrency in fleet.yaml')
      : pass(words, at);
  },
);

/** Whether the machine has something to lean on at a peak, and does not live on it. */
export const judgeSwap: Judge = byHost(
  'swap',
  'cat /proc/meminfo tells it',
  ({ totalBytes, freeBytes }, at, { host }) => {
    if (totalBytes === 0) {
      const memory = host?.memory.kind === 'known' ? host.memory.value.totalBytes : undefined;
      if (memory === undefined)
        return unknown(
          'there is none; nobody knows how much memory there is',
          at,
          'see that /proc/meminfo can be read',
        );
      return memory < ROOM_WITHOUT_SWAP_BYTES
        ? fail(
            `none, with ${sizeText(memory)} of memory: at a peak the kernel ends a program`,
            at,
            'fallocate -l 2G /swapfile && chmod 600 /swapfile && mkswap /swapfile && swapon /swapfile',
          )
        : pass(`none; ${sizeText(memory)} of memory`, at);
    }
    const words = `${sizeText(freeBytes)} of ${sizeText(totalBytes)} free`;
    return freeBytes < totalBytes * LEAST_SWAP_LEFT
      ? fail(`${words}: the machine works for its disk`, at, 'stop something, or lower concurrency in fleet.yaml')
      : pass(words, at);
  },
);

/** Whether nobody else on this machine reads secrets, or changes what is run. */
export const judgePermissions: Judge = byHost('files', 'see that you are the user that runs Nightdesk', (files, at) => {
  const open = files.filter(({ mode, forbidden }) => (mode & forbidden) !== 0);
  if (files.length === 0) return notHere('there is nothing of Nightdesk yet', at);
  if (open.length === 0)
    return pass(
      `${count(files.length, 'file or folder', 'files and folders')} looked at: nobody else reads a secret or changes what runs`,
      at,
    );
  return fail(
    some(open.map(describeMode)),
    at,
    some(open.map((file) => `chmod ${wanted(file)} ${file.path}`)).replaceAll(', chmod', ' && chmod'),
  );
});

function describeMode({ path, mode, forbidden }: FileFacts): string {
  return `${path} has mode ${mode.toString(8)}: others can ${forbidden === 0o022 ? 'change' : 'read'} it`;
}

function wanted({ mode, forbidden }: FileFacts): string {
  return (mode & ~forbidden).toString(8);
}
