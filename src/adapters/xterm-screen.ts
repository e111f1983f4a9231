import type { OpenScreen } from '../credentials/login-screen.ts';

/** Lines above the screen that are kept: a login is over within a few, and one that floods is ended. */
const SCROLLBACK = 200;
/** Links that are kept: a login shows one or two. */
const MOST_LINKS = 20;

/** Opens a screen of xterm's own parser; the package is loaded with the first one, since few starts need it. */
export const openXtermScreen: OpenScreen = async ({ columns, rows }) => {
  const { default: xterm } = await import('@xterm/headless');
  const terminal = new xterm.Terminal({ cols: columns, rows, scrollback: SCROLLBACK, allowProposedApi: true });
  let links: readonly string[] = [];
  // `OSC 8 ; parameters ; address`: an empty address ends the link.
  terminal.parser.registerOscHandler(8, (data) => {
    const address = data.slice(data.indexOf(';') + 1);
    if (address !== '') links = [...links.filter((other) => other !== address), address].slice(-MOST_LINKS);
    return false;
  });

  function text(): string {
    const buffer = terminal.buffer.active;
    const lines: string[] = [];
    for (let row = 0; row < buffer.length; row += 1) {
      const line = buffer.getLine(row);
      if (line === undefined) continue;
      const shown = line.translateToString(true);
      if (line.isWrapped && lines.length > 0) lines[lines.length - 1] += shown;
      else lines.push(shown);
    }
    return lines.join('\n').trimEnd();
  }

  return {
    write: (chunk) => terminal.write(chunk),
    read: () => new Promise((resolve) => terminal.write('', () => resolve({ text: text(), links }))),
    close: () => terminal.dispose(),
  };
};
