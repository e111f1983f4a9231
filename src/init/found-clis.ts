import type { FindProgram } from '../config/programs.ts';
import type { ProgramRunner } from '../run-program.ts';

/** An agent CLI of this machine, and whether it says that it is logged in; undefined: it does not tell. */
export interface FoundCli {
  readonly name: 'claude' | 'codex' | 'gemini';
  readonly isLoggedIn: boolean | undefined;
  /** What logs it in. */
  readonly login: string;
}

/** What each CLI tells of its login without a call of its model: exit 0 is yes (facts: agent-clis 5, 10); Gemini has no such command. */
const CLIS = [
  { name: 'claude', ask: ['claude', 'auth', 'status'], login: 'claude auth login' },
  { name: 'codex', ask: ['codex', 'login', 'status'], login: 'codex login' },
  { name: 'gemini', ask: undefined, login: 'gemini' },
] as const;

/** A CLI that takes longer to say whether it is logged in says nothing. */
const ASK_LIMIT_MS = 10_000;

/** Looks for the agent CLIs on the PATH, and asks each whether it is logged in. */
export async function findClis(options: {
  readonly find: FindProgram;
  readonly runner: Pick<ProgramRunner, 'run'>;
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
}): Promise<readonly FoundCli[]> {
  const { find, runner, cwd, env } = options;
  const present = CLIS.filter(({ name }) => find(name, cwd));
  return await Promise.all(
    present.map(async ({ name, ask, login }) => {
      if (ask === undefined) return { name, login, isLoggedIn: undefined };
      const { exit, timedOut } = await runner.run({ argv: ask, cwd, env }, ASK_LIMIT_MS);
      const isTold = exit.kind === 'exited' && !timedOut;
      return { name, login, isLoggedIn: isTold ? exit.code === 0 : undefined };
    }),
  );
}
