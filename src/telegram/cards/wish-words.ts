import type { RunWish, StopWish } from '../../loop/wishes.ts';
import { duration } from './words.ts';

/** What came of a wish to run an agent: a line, and why it does not run. */
export function runWords(name: string, wish: RunWish, now: number): readonly string[] {
  switch (wish.kind) {
    case 'wanted':
      return wish.waits === undefined
        ? [`▶️ ${name} starts now.`]
        : [`⏳ ${name} is due, and starts as soon as it can: ${wish.waits}.`];
    case 'running':
      return [
        `${name} runs already, for ${duration(now - wish.since)}${wish.isEnding ? ', and is being stopped' : ''}.`,
      ];
    case 'held':
      return [
        `${name} is held, and does not start:`,
        ...wish.obstacles.map(({ reason, release }) => `⛔️ ${reason}${release === '' ? '' : `. Ends: ${release}`}`),
      ];
    case 'publisher':
      return [`${name} publishes: it runs when a draft is approved, and gets that draft.`];
  }
}

/** What came of a wish to stop an agent. */
export function stopWords(name: string, wish: StopWish): string {
  switch (wish) {
    case 'stopping':
      return `⏹ ${name} is being stopped.`;
    case 'asked-before':
      return `${name} is being stopped already.`;
    case 'idle':
      return `${name} does not run. /pause ${name} keeps it from starting.`;
    case 'publishing':
      return `${name} is publishing a draft: I do not cut that off.`;
    case 'other':
      return `That run of ${name} is over already.`;
  }
}
