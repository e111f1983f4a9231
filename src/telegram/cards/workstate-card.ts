import { structuredPatch } from 'diff/lib/patch/create.js';
import type { ShownWorkstate } from '../../work/checkpoints.ts';
import type { CallbackData } from '../callback-data.ts';
import type { Button, Content } from '../outbox.ts';
import { bold, clockTime, code, duration, line, lines, LONGEST_TEXT, type Piece, richText, shorten } from './words.ts';

/** What fits a message together with its heading; a longer one comes as a file. */
const LONGEST_INLINE = 3_500;
/** A comparison that takes more steps than that says only how much changed: it must not keep others waiting. */
const MOST_EDITS = 1_500;

/** What a button of a WORKSTATE.md asks for: its press carries it as its choice. */
export const WORKSTATE_CHOICES = { diff: 0, file: 1, now: 2, show: 3 } as const;

/** What its buttons are bound to. */
export function workstateBinding(agent: string): string {
  return `workstate:${agent}`;
}

/** What a message about a WORKSTATE.md is made of. */
export interface WorkstateSetting {
  readonly agent: string;
  readonly now: number;
  readonly timezone: string;
  readonly callbackData: CallbackData;
}

/** Who wrote it, when, in which run, and how full its context was then. */
function describe(
  shown: ShownWorkstate,
  problem: string | undefined,
  { agent, now, timezone }: WorkstateSetting,
): Piece {
  const { version, isFile, at } = shown;
  const when = line(clockTime(at, timezone, now), `, ${duration(now - at)} ago`);
  if (isFile || version === undefined)
    return line(
      `Written by ${agent}, `,
      when,
      problem === undefined ? '; it becomes a version at its next checkpoint, or when its run ends' : '',
    );
  const who = version.author === 'agent' ? agent : 'Nightdesk, without a model';
  const run = version.runId === null ? '' : ` in run ${version.runId}`;
  const fill = version.contextPercent === null ? ',' : `, with ${version.contextPercent} % of its context full,`;
  return line(`Written by ${who}${run}${fill} `, when);
}

/** A WORKSTATE.md as it stands, `why` it is shown first. */
export function renderWorkstate(
  shown: ShownWorkstate | undefined,
  problem: string | undefined,
  why: string | undefined,
  setting: WorkstateSetting,
): Content {
  const { agent } = setting;
  const which = shown === undefined || shown.isFile ? 'As it stands it' : 'The file in its workdir is newer, but';
  const trouble = problem === undefined ? undefined : `⚠️ ${which} cannot be kept as a version: ${problem}.`;
  if (shown === undefined)
    return text(lines(why, `${agent} has written no WORKSTATE.md yet.`, trouble), workstateButtons(setting, false));
  const head = lines(why, bold(`${agent}: WORKSTATE.md`), describe(shown, problem, setting), trouble);
  const buttons = workstateButtons(setting, true);
  if (shown.text.length <= LONGEST_INLINE) return text(lines(head, '', shown.text), buttons);
  return { kind: 'document', name: fileNameOf(agent), content: shown.text, body: richText(head), buttons };
}

/** The same as a file. */
export function renderWorkstateFile(shown: ShownWorkstate, setting: WorkstateSetting): Content {
  const head = lines(bold(`${setting.agent}: WORKSTATE.md`), describe(shown, undefined, setting));
  return { kind: 'document', name: fileNameOf(setting.agent), content: shown.text, body: richText(head), buttons: [] };
}

/** What changed from one text to the next, as lines with + and -. */
export function renderWorkstateDiff(before: string, after: string, setting: WorkstateSetting): Content {
  const head = bold(`${setting.agent}: what changed in WORKSTATE.md`);
  if (before === after) return text(lines(head, 'Nothing changed since the version before.'), []);
  const patch = structuredPatch('before', 'after', before, after, undefined, undefined, {
    context: 2,
    maxEditLength: MOST_EDITS,
  });
  if (patch === undefined)
    return text(lines(head, `Nearly all of it: ${linesIn(before)} lines before, ${linesIn(after)} now.`), []);
  const changes = patch.hunks
    .map((hunk) => hunk.lines.filter((each) => !each.startsWith('\\')).join('\n'))
    .join('\n⋯\n');
  return text(lines(head, '', code(shorten(changes, LONGEST_INLINE))), []);
}

function text(piece: Piece, buttons: readonly (readonly Button[])[]): Content {
  const body = richText(piece);
  if (body.text.length <= LONGEST_TEXT) return { kind: 'text', body, buttons };
  return { kind: 'text', body: { text: shorten(body.text, LONGEST_TEXT), entities: [] }, buttons };
}

/** A button about an agent's WORKSTATE.md. */
export function workstateButton(
  text: string,
  agent: string,
  choice: keyof typeof WORKSTATE_CHOICES,
  callbackData: CallbackData,
): Button {
  const press = { verb: 'workstate' as const, id: 0, revision: 0, choice: WORKSTATE_CHOICES[choice] };
  return { text, data: callbackData.sign(press, workstateBinding(agent)) };
}

function workstateButtons({ agent, callbackData }: WorkstateSetting, hasText: boolean): Button[][] {
  const button = (label: string, choice: keyof typeof WORKSTATE_CHOICES): Button =>
    workstateButton(label, agent, choice, callbackData);
  return [[...(hasText ? [button('Changes', 'diff'), button('File', 'file')] : []), button('Write now', 'now')]];
}

function fileNameOf(agent: string): string {
  return `WORKSTATE-${agent}.md`;
}

function linesIn(written: string): number {
  return written.split('\n').length;
}
