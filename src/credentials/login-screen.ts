import { joinedLines, plainLines } from './login-lines.ts';

/** What a person would see of a program's terminal now. */
export interface ScreenView {
  /** Line by line, what was scrolled away included, without blanks at the ends; lines that the terminal itself wrapped are whole. */
  readonly text: string;
  /** Addresses behind words that are links (OSC 8), oldest first. */
  readonly links: readonly string[];
}

/** A terminal's screen: what a program prints goes in, what a person sees comes out. */
export interface Screen {
  write(chunk: Uint8Array): void;
  /** Resolves once all that was written is on it. */
  read(): Promise<ScreenView>;
  close(): void;
}

/** Opens a screen of that size; it rejects where there is nothing to make one of. */
export type OpenScreen = (size: { readonly columns: number; readonly rows: number }) => Promise<Screen>;

/** What a login program's screen asks of its owner. */
export interface LoginLook {
  readonly link: string | undefined;
  /** A short code that the page behind the link wants. */
  readonly userCode: string | undefined;
  readonly question: string | undefined;
  /** What there is to choose from, as it is listed above the question. */
  readonly options: readonly string[];
  /** True where the question is one beyond doubt; others only look like one, and are once the program is silent. */
  readonly isPlain: boolean;
  /** How often the question stands on the screen: a program that asks again line by line adds one. */
  readonly asked: number;
  /** What the program says went wrong. */
  readonly problem: string | undefined;
  /** The program waits for the Enter key alone. */
  readonly wantsEnter: boolean;
}

const LONGEST_QUESTION = 200;
const LONGEST_OPTION = 80;
const MOST_OPTIONS = 9;
/** `1. This`, `2) that`, `[a] or that`. */
const OPTION = /^(?:[❯>*•-]\s*)?(?:\w{1,2}[.):]|[[(]\w{1,2}[\])])\s+\S/;
const LONGEST_PROBLEM = 300;
/** Addresses longer than this fit no button, and no vendor has them. */
const LONGEST_LINK = 2_000;

const LINK = /https?:\/\/[^\s"'<>`│]+/g;
/** Pages that people log in on; others in the same text are terms, manuals and release notes. */
const LOGIN_LINK = /oauth|authori[sz]e|device|log-?in|sign-?in|auth|activate|verif|sso|connect/i;
/** `ABCD-EFGH` and its like; without a hyphen only right behind the word code. */
const USER_CODE = /^(?:[A-Z0-9]{3,6}(?:-[A-Z0-9]{3,6}){1,3})$/;
const USER_CODE_IN_LINE = /\bcode\b[^\n]{0,40}?[\s:]([A-Z0-9]{3,6}(?:-[A-Z0-9]{3,6}){1,3}|[A-Z0-9]{8,10})(?=[\s.]|$)/;
const PLAIN_QUESTION =
  /\b(?:paste|enter|type|provide|input)\b.{0,40}\b(?:code|token|key|secret|password|passphrase|pin)\b|^(?:password|passphrase|verification code|code|token|api key|pin)\b[^.]{0,60}[:>?]$/i;
/** What ends like a prompt. */
const PROMPT = /[:?>$#%]$|\[[yn]\/[yn]\]$|\([yn]\/[yn]\)$/i;
const ENTER = /\b(?:press|hit)\s+(?:the\s+)?\[?(?:enter|return|any key)\b/i;
const PROBLEM =
  /^(?:[✘✗✖×❌!]|error\b|failed\b|invalid\b|\S+: error)|\b(?:not accepted|wasn.t accepted|invalid|incorrect|wrong|does(?:n.t| not) look like|expired|denied|rejected|couldn.t|could not|failed|error:)\b/i;
/** A sentence that only explains is no failure. */
const NO_PROBLEM = /didn.t open|expires in|paste .* if|warning/i;

/** Reads a login program's screen; facts and wordings: agent-clis 5, and what `claude setup-token` and `codex login` printed. */
export function readLoginScreen(view: ScreenView): LoginLook {
  const lines = joinedLines(view.text).filter((line) => line !== '');
  const text = lines.join('\n');
  const asking = lines.filter((line) => PLAIN_QUESTION.test(line) && !isUserCodeHint(line));
  const last = plainLines(view.text).findLast((line) => line !== '' && !PROBLEM.test(line)) ?? '';
  const link = linkOf(text, view.links);
  const looksAsked = asking.length === 0 && PROMPT.test(last) && !LINK_ONLY.test(last) ? last : undefined;
  const question = asking.at(-1) ?? looksAsked;
  const enter = lines.findLastIndex((line) => ENTER.test(line));
  return {
    link,
    userCode: userCodeOf(lines),
    question: question?.slice(-LONGEST_QUESTION),
    options: looksAsked === undefined ? [] : optionsAbove(plainLines(view.text), looksAsked),
    isPlain: asking.length > 0,
    asked: question === undefined ? 0 : lines.filter((line) => line.startsWith(question.slice(0, 60))).length,
    problem: problemOf(lines),
    wantsEnter: enter >= 0 && enter >= lines.length - 2 && enter > lines.lastIndexOf(question ?? ''),
  };
}

/** The list that ends right above the question; the owner sees nothing else of the screen. */
function optionsAbove(lines: readonly string[], question: string): readonly string[] {
  const above = lines.slice(0, lines.lastIndexOf(question)).filter((line) => line !== '');
  const start = above.findLastIndex((line) => !OPTION.test(line)) + 1;
  return above.slice(start, start + MOST_OPTIONS).map((line) => line.slice(0, LONGEST_OPTION));
}

const LINK_ONLY = /https?:\/\/\S+$/;

function linkOf(text: string, marked: readonly string[]): string | undefined {
  const inText = [...text.matchAll(LINK)].map(([address]) => address.replace(/[.,;:)\]}]+$/, ''));
  const all = [...marked, ...inText].filter(
    (address) => /^https?:\/\//.test(address) && address.length <= LONGEST_LINK,
  );
  return all.findLast((address) => LOGIN_LINK.test(address)) ?? all.at(-1);
}

/** "Enter this one-time code" asks the reader to enter it elsewhere, and shows the code. */
function isUserCodeHint(line: string): boolean {
  return /\bthis\b.*\bcode\b|\bcode\b.*\b(?:below|shown|following)\b|\bthe code [A-Z0-9-]{6,}\b/i.test(line);
}

function userCodeOf(lines: readonly string[]): string | undefined {
  const alone = lines.findIndex(
    (line, index) => USER_CODE.test(line) && /\bcode\b/i.test(lines.slice(Math.max(0, index - 3), index).join(' ')),
  );
  if (alone >= 0) return lines[alone];
  for (const line of lines) {
    const [, code] = USER_CODE_IN_LINE.exec(line) ?? [];
    if (code !== undefined && /\d|-/.test(code)) return code;
    if (code !== undefined && isUserCodeHint(line)) return code;
  }
  return undefined;
}

/** The last complaint, with the line that it goes on in. */
function problemOf(lines: readonly string[]): string | undefined {
  const index = lines.findLastIndex((line) => PROBLEM.test(line) && !NO_PROBLEM.test(line));
  if (index < 0) return undefined;
  const [line = '', next = ''] = lines.slice(index);
  const whole =
    next === '' || PROMPT.test(next) || ENTER.test(next) || PLAIN_QUESTION.test(next) ? line : `${line} ${next}`;
  return whole.replace(/^[✘✗✖×❌!]\s*/, '').slice(0, LONGEST_PROBLEM);
}
