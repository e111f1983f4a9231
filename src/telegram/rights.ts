import type { Role } from '../people.ts';
import type { Press, Verb } from './callback-data.ts';
import { WORKSTATE_CHOICES } from './cards/workstate-card.ts';

/**
 * The least that whoever presses a button has to be. A viewer sees; an approver decides what agents write and answers what they ask; all
 * that starts, ends, spends, mutes or logs in is an owner's.
 */
const VERB_RIGHTS = {
  approve: 'approver',
  edit: 'approver',
  reject: 'approver',
  live: 'approver',
  again: 'approver',
  undo: 'approver',
  snooze: 'approver',
  revise: 'approver',
  show: 'approver',
  review: 'approver',
  next: 'approver',
  batch: 'approver',
  batchyes: 'approver',
  choose: 'approver',
  log: 'viewer',
  workstate: 'viewer',
  panel: 'viewer',
  status: 'viewer',
  incidents: 'viewer',
  checklist: 'viewer',
  reauth: 'owner',
  cancel: 'owner',
  ack: 'owner',
  silence: 'owner',
  pause: 'owner',
  resume: 'owner',
  restart: 'owner',
  run: 'owner',
  stop: 'owner',
  raise: 'owner',
  raiseyes: 'owner',
  confirm: 'owner',
  drop: 'owner',
  mend: 'owner',
  leave: 'owner',
} as const satisfies Record<Verb, Role>;

/** The least that whoever says a command has to be; a command that is not here is an owner's. */
const COMMAND_RIGHTS: Readonly<Record<string, Role>> = {
  start: 'viewer',
  help: 'viewer',
  cancel: 'viewer',
  fleet: 'viewer',
  status: 'viewer',
  incidents: 'viewer',
  drafts: 'viewer',
  budget: 'viewer',
  digest: 'viewer',
  why: 'viewer',
  log: 'viewer',
  workstate: 'viewer',
  checklist: 'viewer',
  pause: 'owner',
  resume: 'owner',
  run: 'owner',
  stop: 'owner',
  restart: 'owner',
  reauth: 'owner',
  ack: 'owner',
  silence: 'owner',
  drill: 'owner',
  reload: 'owner',
};

/** What whoever presses this has to be at least. To have a live agent write its WORKSTATE.md uses its time and money. */
export function roleForPress({ verb, choice }: Pick<Press, 'verb' | 'choice'>): Role {
  return verb === 'workstate' && choice === WORKSTATE_CHOICES.now ? 'owner' : VERB_RIGHTS[verb];
}

/** What whoever says this command, with what stands behind it, has to be at least. */
export function roleForCommand(name: string, argument = ''): Role {
  if (name === 'workstate' && /(^|\s)now$/i.test(argument.trim())) return 'owner';
  return COMMAND_RIGHTS[name] ?? 'owner';
}

/** Whether the rights table has a place for this command. */
export function isPlaced(name: string): boolean {
  return name in COMMAND_RIGHTS;
}
