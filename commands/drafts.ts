import type { ReviewFilter } from '../storage/review-store.ts';
import type { Fleet } from '../src/config/fleet.ts';
import type { Reviews } from '../src/drafts/review.ts';
import { mayDo, roleOfActor } from '../src/people.ts';
import { shorten } from '../src/telegram/cards/words.ts';
import type { Command } from './command.ts';
import { reply } from './replies.ts';

/** /drafts [KIND|AGENT]: what waits, most urgent first, in one message that moves on with each decision. */
export function createDraftsCommand(fleet: Fleet, reviews: Pick<Reviews, 'open' | 'list'>): Command {
  function kinds(): ReadonlySet<string> {
    return new Set([...fleet.drafts.kinds.keys(), ...[...fleet.agents.values()].flatMap((agent) => agent.publishes)]);
  }

  function filterOf(argument: string): ReviewFilter | undefined {
    if (argument === '') return {};
    const name = argument.toLowerCase();
    const kind = [...kinds()].find((known) => known.toLowerCase() === name);
    if (kind !== undefined) return { kind };
    const agent = [...fleet.agents.keys()].find((known) => known.toLowerCase() === name);
    return agent === undefined ? undefined : { agent };
  }

  return {
    name: 'drafts',
    description: 'the desk: review what waits, one by one; or of a KIND or AGENT',
    run({ argument, actor, chatId, topicId, now, replyKey = `drafts:${now}` }) {
      const filter = filterOf(argument);
      // A review is for those who decide: it would stand still under a viewer's eyes.
      if (filter !== undefined && !mayDo(roleOfActor(actor), 'approver')) return reviews.list(filter);
      if (filter !== undefined) return reviews.open(filter, { messageKey: replyKey, chatId, topicId });
      const names = [...kinds(), ...fleet.agents.keys()].map((name) => shorten(name, 60)).join(', ');
      return reply(`There is no kind of drafts and no agent "${shorten(argument, 60)}". There are: ${names}.`);
    },
  };
}
