import type { ChecklistFacts } from '../checklist/facts.ts';
import { isAllWell, judgeChecklist } from '../checklist/items.ts';
import { describeChecklist } from '../checklist/report.ts';
import { EXIT } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

/** Something is to be mended, or could not be found out. */
const EXIT_NOT_WELL = 1;

/** How the checklist is printed. */
export interface ReportForm {
  readonly json: boolean;
  readonly hasColours: boolean;
}

/** Judges these facts and prints what came of it, for people or as JSON; gives the exit code: 0 when nothing is left to do. */
export function reportChecklist(
  facts: ChecklistFacts,
  { json, hasColours }: ReportForm,
  { print }: Pick<Terminal, 'print'>,
): number {
  const items = judgeChecklist(facts);
  const isWell = isAllWell(items);
  if (json) print(JSON.stringify({ ok: isWell, at: facts.now, running: facts.life.isRunning, items }, null, 2));
  else for (const line of describeChecklist(items, facts.now, hasColours)) print(line);
  return isWell ? EXIT.ok : EXIT_NOT_WELL;
}
