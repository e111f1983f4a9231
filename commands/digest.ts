import type { Digests } from '../src/digest/digests.ts';
import type { Command } from './command.ts';

/** /digest [TIME]: what happened since the last digest of the schedule, or in a time of one's own; its pictures follow. */
export function createDigestCommand(digests: Pick<Digests, 'ask'>): Command {
  return {
    name: 'digest',
    description: 'what happened since the last digest, or today, yesterday, 7d, month',
    run: ({ argument, actor, chatId, topicId, replyKey }) =>
      digests.ask({ argument, actor, chatId, topicId, replyKey }),
  };
}
