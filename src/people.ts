/** Who somebody is to this fleet, by fleet.yaml; the first is the strongest. */
export const ROLES = ['owner', 'approver', 'viewer'] as const;
export type Role = (typeof ROLES)[number];

/** Whether somebody of this role may do what takes `least`. */
export function mayDo(role: Role | undefined, least: Role): boolean {
  return role !== undefined && ROLES.indexOf(role) <= ROLES.indexOf(least);
}

/** Who an actor is, such as `approver:42`; undefined for agents, rules and programs. */
export function roleOfActor(actor: string): Role | undefined {
  return ROLES.find((role) => actor.startsWith(`${role}:`));
}

/** The id of an actor who is a person; undefined for agents, rules and programs. */
export function personId(actor: string): number | undefined {
  const match = /^(?:owner|approver|viewer):(\d+)$/.exec(actor);
  return match === null ? undefined : Number(match[1]);
}

/** One line for whoever tried what takes more than he may. */
export function refusalWords(least: Role): string {
  return least === 'owner' ? 'Only owners may do that.' : 'Only owners and approvers may do that.';
}
