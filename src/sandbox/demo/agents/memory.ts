import type { Decision } from './desk.ts';

/** What an agent remembers of one of its drafts. */
export interface RememberedDraft {
  readonly id: number;
  readonly key: string;
  /** The post that it answers, or the name of our own. */
  readonly about: string;
  readonly topic: string;
  readonly attempt: number;
  readonly at: number;
  readonly windowMs: number;
  /** The desk's last word; undefined while it waits. */
  readonly verdict?: string;
  readonly reason?: string;
}

/** What an agent knows of its own past; the other agents read it too. It has at most two entries for each post of the story. */
export interface Memory {
  readonly firstAt: number;
  readonly drafts: readonly RememberedDraft[];
}

/** Verdicts after which a draft still waits for the owner. */
const openVerdicts: readonly string[] = ['edited', 'failed', 'undone', 'revise', 'revised'];

/** The memory with what the desk has decided since. */
export function withDecisions(memory: Memory, decisions: readonly Decision[]): Memory {
  const last = new Map(decisions.map((decision) => [decision.draft, decision]));
  const drafts = memory.drafts.map((draft) => {
    const decision = last.get(draft.id);
    if (decision === undefined) return draft;
    return { ...draft, verdict: decision.verdict, ...(decision.reason === null ? {} : { reason: decision.reason }) };
  });
  return { ...memory, drafts };
}

/** Those which wait for the owner, as far as the agent can know. */
export function undecided(memory: Memory, now: number): readonly RememberedDraft[] {
  return memory.drafts.filter((draft) => isOpen(draft) && draft.at + draft.windowMs > now);
}

/** Whether the last `count` drafts all ran out: nobody is at the desk. */
export function nobodyDecides(memory: Memory, count: number, now: number): boolean {
  const last = memory.drafts.slice(-count);
  return (
    last.length === count &&
    last.every((draft) => draft.verdict === 'expired' || (isOpen(draft) && draft.at + draft.windowMs <= now))
  );
}

/** What may be said about the drafts so far, for WORKSTATE.md. */
export function describeMemory(memory: Memory, now: number): string {
  const waiting = undecided(memory, now).length;
  const counts = new Map<string, number>();
  for (const { verdict } of memory.drafts)
    if (verdict !== undefined) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  const verdicts = [...counts].map(([verdict, count]) => `${count} ${verdict}`);
  return [`${memory.drafts.length} drafted`, `${waiting} waiting`, ...verdicts].join(', ');
}

function isOpen(draft: RememberedDraft): boolean {
  return draft.verdict === undefined || openVerdicts.includes(draft.verdict);
}
