import type { Disk, Machine } from '../ports.ts';
import { sizeText } from '../telegram/cards/size.ts';
import { RESERVE_BYTES, reservePath } from '../vigil/reserve.ts';
import type { Terminal } from './terminal.ts';

/** What a start writes before its database can tell anything: launcher, locks, and the first pages of the journal. */
const ROOM_BYTES = 512 * 1024;

const EVERY_MS = 5_000;

/**
 * Waits until the disk of the state folder has room for a start; false when a signal came first. A supervisor gives up on a program
 * that ends again and again, and nobody would be left to notice that there is room again.
 *
 * `tell` brings the reason to the owner, and is called again until it resolves to true: nothing can be stored yet, so this is the one
 * message that is no row first.
 */
export async function awaitRoom(options: {
  readonly home: string;
  readonly machine: Pick<Machine, 'freeDiskBytes'>;
  readonly disk: Pick<Disk, 'remove'>;
  readonly terminal: Pick<Terminal, 'complain' | 'interrupted'>;
  readonly tell: (text: string) => Promise<boolean>;
  readonly everyMs?: number;
}): Promise<boolean> {
  const { home, terminal } = options;
  let isTold = false;
  for (let looks = 0; ; looks += 1) {
    const left = roomLeft(options);
    if (left === undefined || left >= ROOM_BYTES) return true;
    const reason = `the disk is full, ${sizeText(left)} are left under ${home}: too little to start`;
    if (looks === 0) terminal.complain(`nightdesk: ${reason}; please make room, I look again every few seconds`);
    isTold ||= await options.tell(
      `🔴 I cannot start: ${reason}. No agent runs. Please make room on the host: I notice by myself.`,
    );
    if (await isInterrupted(terminal.interrupted, options.everyMs ?? EVERY_MS)) return false;
  }
}

/** What is left once the reserve was given back; undefined where the system does not tell, or there is no state folder yet. */
function roomLeft({ home, machine, disk }: Pick<Parameters<typeof awaitRoom>[0], 'home' | 'machine' | 'disk'>) {
  const left = machine.freeDiskBytes(home);
  if (left === undefined || left >= RESERVE_BYTES) return left;
  try {
    disk.remove(reservePath(home));
  } catch {
    return left;
  }
  return machine.freeDiskBytes(home);
}

async function isInterrupted(interrupted: Promise<string>, withinMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), withinMs);
  });
  const result = await Promise.race([interrupted.then(() => true), over]);
  clearTimeout(timer);
  return result;
}
