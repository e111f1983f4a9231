import type { RunRow } from '../../storage/run-store.ts';
import type { Agent } from '../config/fleet.ts';
import type { Trouble } from '../incidents/trouble.ts';
import { describeLog } from '../telegram/cards/log-lines.ts';
import { sizeText } from '../telegram/cards/size.ts';
import { dollarText, duration, shorten } from '../telegram/cards/words.ts';
import type { LogLineReader } from '../runtimes/log-entries.ts';
import type { Sign } from './heartbeats.ts';
import type { Proof } from './progress.ts';
import type { Repetition } from '../runs/repetition.ts';

/** As many of the last lines as an alert shows, and how much of each. */
const LAST_LINES = 3;
const LINE_CHARACTERS = 78;

/** What is done about a run that is stuck: fleet.yaml's `on_stuck`; a publisher is never cut off. */
export type StuckAnswer = Agent['onStuck'];

/** Fingerprints of what the vigil tells: one of each for an agent. */
export function heartbeatFingerprint(agent: string): string {
  return `heartbeat:${agent}`;
}

export function stuckFingerprint(agent: string): string {
  return `stuck:${agent}`;
}

/** The last lines of a run's output, as a person reads them; `tail` may begin in the middle of a line. */
export function lastLines(tail: string, isCut: boolean, read: LogLineReader | undefined): string {
  const whole = isCut ? tail.slice(tail.indexOf('\n') + 1) : tail;
  const text = read === undefined ? whole : describeLog(whole, read);
  return text
    .split('\n')
    .map((line) => line.replace(/\p{Cc}+/gu, ' ').trim())
    .filter((line) => line !== '')
    .slice(-LAST_LINES)
    .map((line) => shorten(line, LINE_CHARACTERS))
    .join('\n');
}

/** What a run has done since its last progress. */
export interface SinceProgress {
  readonly costMicroUsd: number | null;
  readonly outputBytes: number;
}

/** A missed heartbeat. */
export function describeSilence(
  agent: Agent,
  run: RunRow,
  facts: { readonly now: number; readonly sign: Sign; readonly lines: string; readonly answer: StuckAnswer },
): Trouble {
  const { now, sign, lines, answer } = facts;
  const asked =
    run.askedAt !== null && run.askedAt > sign.at
      ? ` It was asked ${duration(now - run.askedAt)} ago, and did not answer.`
      : '';
  const noted = sign.by === 'a beat' && run.beatNote !== null ? ` ("${shorten(run.beatNote, 100)}")` : '';
  return {
    kind: 'heartbeat',
    fingerprint: heartbeatFingerprint(agent.name),
    subject: agent.name,
    severity: 'critical',
    title: `${agent.name} has given no sign of life for ${duration(now - sign.at)}`,
    evidence: lines || 'it has said nothing at all',
    agents: [agent.name],
    note: `Its last proof was ${sign.by}${noted}, ${duration(now - sign.at)} ago; a sign is due every ${duration(agent.heartbeatMs)}.${asked} ${sayAnswer(agent.name, answer)}`,
  };
}

/** A loop, or no progress for too long. */
export function describeStuck(
  agent: Agent,
  facts: {
    readonly now: number;
    readonly proof: Proof;
    /** Told for want of signs of life: what it does only repeats. */
    readonly isLoop: boolean;
    readonly repeating: Repetition | undefined;
    readonly since: SinceProgress;
    readonly lines: string;
    readonly answer: StuckAnswer;
  },
): Trouble {
  const { now, proof, repeating, since } = facts;
  const spent = since.costMicroUsd === null || since.costMicroUsd <= 0 ? '' : `spent ${dollarText(since.costMicroUsd)}`;
  const printed = since.outputBytes <= 0 ? '' : `printed ${sizeText(since.outputBytes)}`;
  const done = [spent, printed].filter(Boolean).join(' and ');
  const idle = duration(now - proof.at);
  return {
    kind: 'stuck',
    fingerprint: stuckFingerprint(agent.name),
    subject: agent.name,
    severity: 'critical',
    title: facts.isLoop
      ? `${agent.name} is stuck: it does the same over and over`
      : `${agent.name} is stuck: it has got nothing done for ${idle}`,
    evidence: repeating === undefined ? facts.lines || 'it says nothing' : `Over and over: ${repeating.words}`,
    agents: [agent.name],
    note: `Its last progress was ${proof.by}, ${idle} ago.${done === '' ? '' : ` Since then it has ${done}.`} ${sayAnswer(agent.name, facts.answer)}`,
  };
}

/** A due time that waits and waits. */
export function describeWaiting(agent: Agent, waitedMs: number, reason: string): Trouble {
  return {
    kind: 'heartbeat',
    fingerprint: heartbeatFingerprint(agent.name),
    subject: agent.name,
    severity: 'critical',
    title: `${agent.name} has been due for ${duration(waitedMs)} and has not started`,
    evidence: reason,
    agents: [agent.name],
    note: 'It starts by itself as soon as nothing keeps it from that.',
  };
}

function sayAnswer(agent: string, answer: StuckAnswer): string {
  switch (answer) {
    case 'alert':
      return 'It goes on as it is.';
    case 'restart':
      return 'Its run is ended, and a fresh one follows; after failures in a row there is a pause before it.';
    case 'stop':
      return `Its run is ended, and it is held until you press Restart or send /resume ${agent}.`;
  }
}
