import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Desk } from './desk.ts';
import { createDesk } from './desk.ts';
import type { Murmur } from './murmur.ts';
import { createMurmur } from './murmur.ts';

/** Everything that an agent of the demo works with. */
export interface Setting {
  readonly agent: string;
  readonly murmur: Murmur;
  readonly desk: Desk;
  /** A file in the folder through which the agents hand things to each other. */
  readonly shared: (name: string) => string;
  /** Takes a moment, as a model would. */
  readonly think: () => Promise<void>;
}

/** Long enough to be seen running in /status. */
const thinkMs = 1200;

/** Reads what fleet.yaml put into the environment: MURMUR_URL, MURMUR_TOKEN_FILE, DEMO_SHARED; DEMO_THINK_MS shortens the thinking. */
export function openSetting(agent: string): Setting {
  const shared = required('DEMO_SHARED');
  return {
    agent,
    murmur: createMurmur({ url: required('MURMUR_URL'), tokenFile: required('MURMUR_TOKEN_FILE'), agent }),
    desk: createDesk(),
    shared: (name) => join(shared, name),
    think: () => sleep(Number(process.env['DEMO_THINK_MS'] ?? thinkMs)),
  };
}

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === '')
    throw new Error(`${name} is not set: this agent is started by the demo’s fleet`);
  return value;
}

/** Prints a line with the time in front, as agents do. */
export function say(line: string): void {
  console.log(`${new Date().toISOString().slice(11, 19)} ${line}`);
}
