import { joinedLines } from './login-lines.ts';

/** What takes no room on a screen, or moves about on it: CSI and OSC sequences, and other two-byte escapes. */
const MOVES = /\u001b\[[0-9;?]*[GCD]/g;
const LINE_MOVES = /\u001b\[[0-9;?]*[ABEFHJKf]/g;
const ESCAPES =
  /\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)|\u001b\[[0-9;?<=>]*[ -/]*[@-~]|\u001b[@-Z\\-_=>()][0-9A-Za-z]?/g;

/**
 * Finds the secret that a login program printed, by the expression in fleet.yaml: on its screen, and in all that it printed, for one that
 * clears its screen at the end. Words that were cut at the right edge are joined first.
 */
export function captureSecret(expression: string, screen: string, printed: string): string | undefined {
  const pattern = new RegExp(expression);
  const bare = printed.replace(LINE_MOVES, '\n').replace(MOVES, ' ').replace(ESCAPES, '').replaceAll('\r', '');
  for (const text of [joinedLines(screen).join('\n'), joinedLines(bare).join('\n'), screen, bare]) {
    const found = pattern.exec(text)?.[0];
    if (found !== undefined && found !== '') return found;
  }
  return undefined;
}
