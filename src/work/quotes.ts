import type { Agent } from '../config/fleet.ts';
import type { Disk } from '../ports.ts';
import type { LogLineReader } from '../runtimes/log-entries.ts';
import { readableOutput } from '../telegram/cards/log-card.ts';
import { describeLog } from '../telegram/cards/log-lines.ts';

/** What is read of a prompt: a WORKSTATE.md that we write quotes its beginning only. */
const PROMPT_BYTES = 4_096;

/** The end of what a run said, for people; its first line may have been cut. */
export function describeOutput(read: LogLineReader | undefined, output: string): string {
  const whole = output.slice(output.indexOf('\n') + 1);
  return readableOutput(read === undefined ? whole : describeLog(whole, read));
}

/** The beginning of an agent's prompt; empty where it has none, or where it cannot be read. */
export function readPrompt(disk: Disk, agent: Agent): string {
  try {
    return (agent.prompt === undefined ? undefined : disk.readText(agent.prompt, PROMPT_BYTES)?.text) ?? '';
  } catch {
    return ''; // The next run says that it cannot be read.
  }
}
