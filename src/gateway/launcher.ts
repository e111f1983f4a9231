/**
 * The text of the small `nightdesk` program on the agents' PATH: it goes on as the given Node with the given script,
 * both absolute. NODE_OPTIONS is dropped, since an agent that debugs a program of its own must not lose its heartbeat
 * to it.
 */
export function launcherText(nodePath: string, binPath: string): string {
  return `#!/bin/sh\nunset NODE_OPTIONS\nexec ${quoteForSh(nodePath)} ${quoteForSh(binPath)} "$@"\n`;
}

function quoteForSh(text: string): string {
  if (text.includes('\0')) throw new Error('a path cannot hold a NUL character');
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
