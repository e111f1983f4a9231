import type { AgentDecision } from './contract.ts';

/** Decisions for reading: a line each, and under an edited one both texts, indented. */
export function renderDecisions(decisions: readonly AgentDecision[]): string {
  return decisions.map(renderDecision).join('');
}

/** The new verdicts are about a draft that still waits, and say so. */
const VERDICT_WORDS: Readonly<Record<AgentDecision['verdict'], string>> = {
  approved: 'approved',
  rejected: 'rejected',
  expired: 'expired',
  edited: 'edited',
  published: 'published',
  failed: 'failed',
  unknown: 'unknown',
  undone: 'undone, it waits for a decision again',
  revise: 'revise, another version is wanted',
  revised: 'revised, your other version waits for a decision',
};

function renderDecision(decision: AgentDecision): string {
  const key = decision.key === null ? '' : ` [${inOneLine(decision.key)}]`;
  const reason = decision.reason === null ? '' : `: ${inOneLine(decision.reason)}`;
  const url = decision.url === null ? '' : ` ${inOneLine(decision.url)}`;
  const what = `draft ${decision.draft}${key}, ${inOneLine(decision.kind)} to ${inOneLine(decision.to)}`;
  const head = `${decision.at}  ${what}: ${VERDICT_WORDS[decision.verdict]}${reason}${url}\n`;
  if (decision.verdict === 'revise' && decision.body_before !== null)
    return `${head}  its text now:\n${indent(decision.body_before)}`;
  if (decision.body_before === null || decision.body_after === null) return head;
  return `${head}  before:\n${indent(decision.body_before)}  after:\n${indent(decision.body_after)}`;
}

function inOneLine(text: string): string {
  return withoutControls(text).replace(/\s+/g, ' ').trim();
}

function indent(text: string): string {
  const lines = withoutControls(text).replace(/\n$/, '').split('\n');
  return lines.map((line) => `    ${line}\n`).join('');
}

/** Texts come from far outside: none may steer the terminal in which an agent's output is looked at. */
function withoutControls(text: string): string {
  return text.replace(/\r\n?/g, '\n').replace(/(?![\n\t])\p{Cc}/gu, '\uFFFD');
}
