import { duration } from '../telegram/cards/words.ts';
import type { ChecklistFacts, HostFacts, Probed, RowFacts } from './facts.ts';
import { type Finding, notHere, unknown } from './item.ts';

/** Judges one item. */
export type Judge = (facts: ChecklistFacts) => Finding;

/** Names of the values that the machine was asked for. */
type HostKey = { [Key in keyof HostFacts]: HostFacts[Key] extends Probed<unknown> ? Key : never }[keyof HostFacts];

/** What a probe found. */
export type ValueOf<Key extends HostKey> = Extract<HostFacts[Key], { readonly kind: 'known' }>['value'];

/** Judges by something of the machine; what the machine does not tell is unknown, and `mend` says what would make it known. */
export function byHost<Key extends HostKey>(
  key: Key,
  mend: string,
  judge: (value: ValueOf<Key>, at: number, facts: ChecklistFacts) => Finding,
): Judge {
  return (facts) => {
    const probed = facts.host?.[key] as Probed<ValueOf<Key>> | undefined;
    switch (probed?.kind) {
      case undefined:
        return unknown('nobody has looked at this machine yet', null, 'ask again in a few seconds');
      case 'unknown':
        return unknown(probed.reason, probed.at, mend);
      case 'not-here':
        return notHere(probed.reason, probed.at);
      case 'known':
        return judge(probed.value, probed.at, facts);
    }
  };
}

/** Judges by the rows; without them nothing is known. */
export function byRows(judge: (rows: RowFacts, facts: ChecklistFacts) => Finding): Judge {
  return (facts) => {
    const { rows } = facts;
    return rows.kind === 'rows' ? judge(rows, facts) : unknown(rows.reason, null, rows.mend);
  };
}

/** `4 min ago`. */
export function ago(at: number, now: number): string {
  return now - at < 1_000 ? 'just now' : `${duration(now - at)} ago`;
}

/** The oldest of these times: what a judgement over all of them is worth. */
export function oldest(times: readonly number[], otherwise: number): number {
  return times.length === 0 ? otherwise : Math.min(...times);
}

/** The first few names of a list, and how many more there are. */
export function some(names: readonly string[], most = 4): string {
  const rest = names.length - most;
  return rest > 0 ? `${names.slice(0, most).join(', ')} and ${rest} more` : names.join(', ');
}
