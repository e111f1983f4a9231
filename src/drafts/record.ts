import type { DraftStore } from '../../storage/draft-store.ts';

/** As many of an agent's newest decided drafts as its record tells of: whoever got better should be seen to. */
const COUNTED_DRAFTS = 50;

/** What became of an agent's newest drafts, `41 as is · 3 edited · 2 rejected (last 50)`, so that its owner knows whom to trust; undefined: nothing yet. */
export function agentRecord(drafts: Pick<DraftStore, 'tally'>, agent: string): string | undefined {
  const { asIs, byRule, edited, rejected, expired } = drafts.tally(agent, COUNTED_DRAFTS);
  const total = asIs + byRule + edited + rejected + expired;
  if (total === 0) return undefined;
  const parts = [
    [asIs, 'as is'],
    [byRule, 'by your rule'],
    [edited, 'edited'],
    [rejected, 'rejected'],
    [expired, 'expired'],
  ] as const;
  const said = parts.filter(([n]) => n > 0).map(([n, words]) => `${n} ${words}`);
  return `${said.join(' · ')}${total === COUNTED_DRAFTS ? ` (last ${COUNTED_DRAFTS})` : ''}`;
}
