import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseEnv } from 'node:util';

/** `.env` is there and cannot be read, as after `sudo nano .env`; the message says so in a sentence. */
export class EnvironmentFileError extends Error {
  override readonly name = 'EnvironmentFileError';
  readonly code: string;

  constructor(file: string, code: string) {
    super(`${file} cannot be read (${code}): correct its owner, or its permissions`);
    this.code = code;
  }
}

/** The process's environment, with what `.env` beside fleet.yaml adds; what is set already wins. Throws EnvironmentFileError. */
export function loadEnvironment(
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
): Readonly<Record<string, string | undefined>> {
  const file = readEnvFile(join(folder, '.env'));
  const tokenFile = file['TELEGRAM_BOT_TOKEN_FILE'];
  const resolved = tokenFile ? { TELEGRAM_BOT_TOKEN_FILE: resolve(folder, tokenFile) } : {};
  // A variable that is set to nothing (compose files do that) hides no line of .env.
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''));
  return { ...env, ...file, ...resolved, ...set };
}

function readEnvFile(file: string): NodeJS.Dict<string> {
  try {
    return parseEnv(readFileSync(file, 'utf8').replace(/^\uFEFF/, ''));
  } catch (error) {
    // A folder of that name is what a container makes of a mount that does not exist.
    const { code } = error as NodeJS.ErrnoException;
    if (code === undefined) throw error;
    if (['ENOENT', 'EISDIR', 'ENOTDIR'].includes(code)) return {};
    throw new EnvironmentFileError(file, code);
  }
}

/** The bot's token, or what is wrong with it in a sentence that does not repeat it. */
export function loadToken(
  env: Readonly<Record<string, string | undefined>>,
): { readonly kind: 'token'; readonly token: string } | { readonly kind: 'problem'; readonly reason: string } {
  const file = env['TELEGRAM_BOT_TOKEN_FILE'];
  let token = env['TELEGRAM_BOT_TOKEN']?.trim();
  if (!token && file) {
    try {
      token = readFileSync(resolve(file), 'utf8').trim();
    } catch (error) {
      return {
        kind: 'problem',
        reason: `TELEGRAM_BOT_TOKEN_FILE cannot be read (${(error as NodeJS.ErrnoException).code ?? 'unknown'})`,
      };
    }
  }
  if (!token)
    return {
      kind: 'problem',
      reason:
        'TELEGRAM_BOT_TOKEN is not set: get a token from @BotFather, and put TELEGRAM_BOT_TOKEN=… into .env beside fleet.yaml',
    };
  if (!/^\d+:[\w-]+$/.test(token))
    return {
      kind: 'problem',
      reason: 'TELEGRAM_BOT_TOKEN does not look like a bot token (123456789:AA…): copy it again from @BotFather',
    };
  return { kind: 'token', token };
}

/** The Bot API server to use: undefined for Telegram's own; or what is wrong with TELEGRAM_API_ROOT. */
export function loadApiRoot(
  env: Readonly<Record<string, string | undefined>>,
):
  | { readonly kind: 'root'; readonly root: string | undefined }
  | { readonly kind: 'problem'; readonly reason: string } {
  const root = env['TELEGRAM_API_ROOT']?.trim();
  if (!root) return { kind: 'root', root: undefined };
  if (/^https?:\/\/[^/\s]+/i.test(root) && URL.canParse(root)) return { kind: 'root', root };
  return { kind: 'problem', reason: 'TELEGRAM_API_ROOT is no address: it looks like http://127.0.0.1:8081' };
}
