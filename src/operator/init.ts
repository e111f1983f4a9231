import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createGrammyApi } from '../adapters/grammy-api.ts';
import { createProcesses } from '../adapters/execa-processes.ts';
import { createSystemClock } from '../adapters/system-clock.ts';
import { writeAll } from '../adapters/whole-files.ts';
import { createProgramFinder } from '../config/programs.ts';
import { FIRST_PROMPT, FIRST_PROMPT_FILE, renderFirstFleet } from '../init/first-fleet.ts';
import { findClis, type FoundCli } from '../init/found-clis.ts';
import { type InitOptions, INIT_HELP, isTimezone, readInitOptions } from '../init/options.ts';
import { CODE_LIFE_MS, makeCode, openPairing } from '../init/pairing-code.ts';
import { pairOwner } from '../init/pair-owner.ts';
import { type Bot, checkToken } from '../init/token-check.ts';
import { withVariable } from '../init/env-file.ts';
import type { TelegramApi } from '../ports.ts';
import { createProgramRunner } from '../run-program.ts';
import { duration } from '../telegram/cards/words.ts';
import { EXIT } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';
import { EnvironmentFileError, loadApiRoot, loadEnvironment, loadToken } from './token.ts';

/** A terminal at which somebody may sit. */
export interface AskingTerminal extends Terminal {
  /** Whether a person can be asked. */
  readonly isInteractive: boolean;
  /** One line of an answer; undefined when there is none any more. What is secret is not shown while it is typed. */
  ask(question: string, options?: { readonly isSecret?: boolean }): Promise<string | undefined>;
}

/** How often a wrong token is asked for again. */
const MOST_TRIES = 3;

/** A step that ended the whole: its words are said already. */
interface Ended {
  readonly exit: number;
}

/** `nightdesk init`: token, owner, timezone, a first fleet.yaml and .env. Nothing is written before all of it is known. */
export async function init(argv: readonly string[], terminal: AskingTerminal): Promise<number> {
  const read = readInitOptions(argv);
  if (read.kind === 'help') {
    terminal.print(INIT_HELP);
    return EXIT.ok;
  }
  if (read.kind === 'wrong') return refuse(EXIT.usage, read.reason);
  const { options } = read;
  const dir = resolve(options.dir);
  const file = join(dir, 'fleet.yaml');
  if (existsSync(file))
    return refuse(
      EXIT.config,
      `${file} is there already. nightdesk check --config ${file} says how it stands; to begin anew, move it away`,
    );
  const env = tryEnvironment();
  if (typeof env === 'string') return refuse(EXIT.config, env);
  const root = loadApiRoot(env);
  if (root.kind === 'problem') return refuse(EXIT.config, root.reason);

  const found = await findToken(options, env, root.root);
  if ('exit' in found) return found.exit;
  const { token, api, bot } = found;
  terminal.print(`The bot is @${bot.username}.`);
  const owner = options.owner ?? (await pair(api, bot));
  if (typeof owner === 'object') return owner.exit;
  const timezone = options.timezone ?? (await askTimezone());
  const clis = await lookForClis(dir, env);
  for (const line of describeClis(clis)) terminal.print(line);
  // Pairing may take an hour.
  if (existsSync(file)) return refuse(EXIT.config, `${file} was made meanwhile: nothing was changed`);
  try {
    writeAll([
      {
        path: join(dir, '.env'),
        text: withVariable(readText(join(dir, '.env')), 'TELEGRAM_BOT_TOKEN', token),
        mode: 0o600,
      },
      ...(existsSync(join(dir, FIRST_PROMPT_FILE))
        ? []
        : [{ path: join(dir, FIRST_PROMPT_FILE), text: FIRST_PROMPT, mode: 0o644 }]),
      { path: file, text: renderFirstFleet({ owner, timezone, clis }), mode: 0o644 },
    ]);
  } catch (error) {
    const { code = 'unknown' } = error as NodeJS.ErrnoException;
    return refuse(EXIT.config, `the files could not be written into ${dir} (${code}): nothing was changed`);
  }
  for (const line of describeNext(file, dir)) terminal.print(line);
  return EXIT.ok;

  function refuse(exit: number, reason: string): number {
    terminal.complain(`nightdesk init: ${reason}`);
    return exit;
  }

  function tryEnvironment(): ReturnType<typeof loadEnvironment> | string {
    try {
      return loadEnvironment(dir, terminal.env);
    } catch (error) {
      if (error instanceof EnvironmentFileError) return error.message;
      throw error;
    }
  }

  /** Takes the token from where it was said to be; a person may try again. */
  async function findToken(
    { tokenFile, yes }: InitOptions,
    given: Readonly<Record<string, string | undefined>>,
    apiRoot: string | undefined,
  ): Promise<{ readonly token: string; readonly api: TelegramApi; readonly bot: Bot } | Ended> {
    const named = tokenFile === undefined ? given : { TELEGRAM_BOT_TOKEN_FILE: tokenFile };
    const isNamed = tokenFile !== undefined || Boolean(given['TELEGRAM_BOT_TOKEN'] ?? given['TELEGRAM_BOT_TOKEN_FILE']);
    const mayAsk = !isNamed && !yes && terminal.isInteractive;
    if (mayAsk) terminal.print('Make a bot: write /newbot to @BotFather in Telegram. It answers with a token.');
    for (let tries = 1; ; tries += 1) {
      const answer = mayAsk ? await terminal.ask('The token (it is not shown): ', { isSecret: true }) : undefined;
      if (mayAsk && answer === undefined)
        return { exit: refuse(EXIT.usage, 'no token was given: nothing was changed') };
      const loaded = loadToken(mayAsk ? { TELEGRAM_BOT_TOKEN: answer } : named);
      const checked = loaded.kind === 'problem' ? loaded : await ask(loaded.token, apiRoot);
      if ('bot' in checked) return checked;
      if (!mayAsk || tries >= MOST_TRIES || checked.kind === 'unreachable') {
        const exit =
          checked.kind === 'problem' ? EXIT.config : checked.kind === 'refused' ? EXIT.refused : EXIT.tempfail;
        return { exit: refuse(exit, checked.reason) };
      }
      terminal.complain(checked.reason);
    }
  }

  async function ask(
    candidate: string,
    apiRoot: string | undefined,
  ): Promise<
    | { readonly token: string; readonly api: TelegramApi; readonly bot: Bot }
    | { readonly kind: 'refused' | 'unreachable'; readonly reason: string }
  > {
    const client = createGrammyApi(candidate, apiRoot);
    const result = await checkToken(client);
    switch (result.kind) {
      case 'bot':
        return { token: candidate, api: client, bot: result.bot };
      case 'refused':
        return { kind: 'refused', reason: 'Telegram does not know this token: copy it again from @BotFather' };
      case 'unreachable':
        return { kind: 'unreachable', reason: `Telegram cannot be reached (${result.reason}): try again when it can` };
    }
  }

  async function pair(client: TelegramApi, { username }: Bot): Promise<number | Ended> {
    const clock = createSystemClock();
    const code = makeCode(randomBytes(10));
    const link = `https://t.me/${username}?start=${code}`;
    const { renderUnicodeCompact } = await import('uqr');
    terminal.print(
      `\nNow say who you are: open this on your phone and press Start, or send the bot /start ${code}\n\n  ${link}\n`,
    );
    terminal.print(renderUnicodeCompact(link));
    terminal.print(`\nWaiting, for ${duration(CODE_LIFE_MS)} at most. Ctrl-C ends it, and nothing was changed.`);
    const stop = new AbortController();
    void terminal.interrupted.then(() => stop.abort());
    const end = await pairOwner({
      api: client,
      clock,
      pairing: openPairing(code, clock.now()),
      signal: stop.signal,
      onTrouble: (reason) => terminal.complain(`Telegram does not answer right now (${reason}): trying again`),
    });
    switch (end.kind) {
      case 'paired': {
        terminal.print(`You are ${end.owner.firstName} (${end.owner.id}).`);
        const text =
          'Paired. From now on this bot answers you, and nobody else. Start your fleet on the host to go on.';
        await client
          .call('sendMessage', { chat_id: end.owner.id, text }, { timeoutMs: 10_000 })
          .catch(() => terminal.complain('The bot could not write to you; it will when it starts.'));
        return end.owner.id;
      }
      case 'too-old':
        return { exit: refuse(EXIT.tempfail, 'the code is an hour old, and no longer good: run it again') };
      case 'guessed':
        return {
          exit: refuse(
            EXIT.tempfail,
            'somebody sent wrong codes again and again: this one is no longer good. Run it again',
          ),
        };
      case 'conflict':
        return {
          exit: refuse(
            EXIT.taken,
            'another program uses this token right now, or a webhook is set for it: stop that one, or make a new bot',
          ),
        };
      case 'unauthorized':
        return { exit: refuse(EXIT.refused, 'Telegram refuses this token now: make a new one with @BotFather') };
      case 'stopped':
        return { exit: refuse(EXIT.tempfail, 'stopped: nothing was changed') };
    }
  }

  async function askTimezone(): Promise<string> {
    const own = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (options.yes || !terminal.isInteractive) return own;
    for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
      const answer = (await terminal.ask(`Your timezone [${own}]: `))?.trim();
      if (answer === undefined || answer === '') return own;
      if (isTimezone(answer)) return answer;
      terminal.complain(`There is no timezone "${answer}": a name is such as Europe/Berlin.`);
    }
    return own;
  }
}

async function lookForClis(
  dir: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<readonly FoundCli[]> {
  const runner = createProgramRunner(createProcesses(), createSystemClock());
  const own = Object.fromEntries(
    ['PATH', 'HOME', 'LANG', 'TZ'].flatMap((name) => (env[name] === undefined ? [] : [[name, env[name]] as const])),
  );
  // Its folder may not be there yet; a program starts in one that is.
  return await findClis({ find: createProgramFinder(env['PATH']), runner, cwd: existsSync(dir) ? dir : '/', env: own });
}

function describeClis(clis: readonly FoundCli[]): string[] {
  if (clis.length === 0)
    return ['No agent CLI is on the PATH: claude, codex and gemini are the ones I know. Any other program works, too.'];
  return clis.map(({ name, isLoggedIn, login }) => {
    if (isLoggedIn === undefined) return `${name} is here; it does not tell whether it is logged in.`;
    return isLoggedIn ? `${name} is here, and logged in.` : `${name} is here, and not logged in: ${login}`;
  });
}

function describeNext(file: string, dir: string): string[] {
  return [
    '',
    `Written: ${file}, ${join(dir, '.env')} (only you can read it), ${join(dir, FIRST_PROMPT_FILE)}`,
    '',
    'Next:',
    `  nightdesk check --config ${file}     what will happen`,
    `  nightdesk start --config ${file}     begins; a first draft is on your phone within seconds`,
    '  In a checkout, nightdesk is "node src/bin.js".',
    '  Then put your own agents into fleet.yaml: it says how.',
  ];
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
