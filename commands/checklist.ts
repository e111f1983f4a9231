import type { ChecklistRoom } from '../src/checklist/checklist.ts';
import type { Command } from './command.ts';

/** /checklist: the ops checklist by what is known; its message changes once the machine has been asked anew. */
export function createChecklistCommand(checklist: Pick<ChecklistRoom, 'show' | 'want'>): Command {
  return {
    name: 'checklist',
    description: 'the ops checklist: what is well, what is not, and how to mend it',
    run({ replyKey }) {
      if (replyKey !== undefined) checklist.want(replyKey);
      return checklist.show();
    },
  };
}
