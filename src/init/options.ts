import { parseArgs } from 'node:util';

/** What `nightdesk init` was told on its command line. */
export interface InitOptions {
  /** Where fleet.yaml and .env go. */
  readonly dir: string;
  readonly tokenFile: string | undefined;
  /** The owner's numeric id: nobody is paired. */
  readonly owner: number | undefined;
  readonly timezone: string | undefined;
  /** Nothing is asked. */
  readonly yes: boolean;
}

/** What `nightdesk init --help` says. */
export const INIT_HELP = `nightdesk init [--dir DIR] [--token-file F] [--owner ID] [--timezone Z] [--yes]
Sets up a fleet: asks for the bot's token, pairs you with the bot, and writes fleet.yaml and .env (0600) into DIR (default: here).

  --dir DIR         where the two files go; nothing that is there is overwritten
  --token-file F    the bot's token; or TELEGRAM_BOT_TOKEN in the environment or in DIR/.env; else it is asked for
  --owner ID        your numeric Telegram id: nobody has to be paired
  --timezone Z      such as Europe/Berlin; default: this machine's
  --yes             asks nothing: takes what the other options and this machine say

Exit: 0 done, 64 wrong usage, 69 another program uses this token, 75 nobody was paired in time, 77 the token is wrong, 78 there is a fleet already.`;

/** Reads the options; or what is wrong with them, in a sentence. */
export function readInitOptions(
  argv: readonly string[],
):
  | { readonly kind: 'options'; readonly options: InitOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly reason: string } {
  try {
    const { values } = parseArgs({
      args: [...argv],
      options: {
        dir: { type: 'string' },
        'token-file': { type: 'string' },
        owner: { type: 'string' },
        timezone: { type: 'string' },
        yes: { type: 'boolean', short: 'y' },
        help: { type: 'boolean', short: 'h' },
      },
    });
    if (values.help === true) return { kind: 'help' };
    if (values.owner !== undefined && !/^[1-9]\d{0,15}$/.test(values.owner))
      return {
        kind: 'wrong',
        reason: '--owner takes your numeric Telegram id, such as 123456789 (@userinfobot tells it)',
      };
    if (values.timezone !== undefined && !isTimezone(values.timezone))
      return { kind: 'wrong', reason: `--timezone takes a name such as Europe/Berlin, not "${values.timezone}"` };
    return {
      kind: 'options',
      options: {
        dir: values.dir ?? '.',
        tokenFile: values['token-file'],
        owner: values.owner === undefined ? undefined : Number(values.owner),
        timezone: values.timezone,
        yes: values.yes === true,
      },
    };
  } catch (error) {
    return { kind: 'wrong', reason: error instanceof Error ? error.message : 'the options cannot be read' };
  }
}

/** Whether this machine knows that timezone. */
export function isTimezone(name: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
