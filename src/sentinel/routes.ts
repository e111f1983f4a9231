import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

/** What became of a message. */
export type Delivery = { readonly kind: 'told' } | { readonly kind: 'failed'; readonly reason: string };

/** How long one call of the Bot API may take. */
const CALL_MS = 15_000;
const TRIES = 2;
const PAUSE_MS = 1_000;
/** How long the owner's own program may take. */
const PROGRAM_MS = 30_000;
const TELEGRAM = 'https://api.telegram.org';

/** Sends a text to the first of these chats that takes it. The reason of a failure never holds the token, nor the address with it. */
export async function tellOverTelegram(
  {
    token,
    apiRoot,
    chats,
  }: { readonly token: string; readonly apiRoot: string | undefined; readonly chats: readonly number[] },
  text: string,
  isSilent: boolean,
): Promise<Delivery> {
  let reason = 'nobody to tell';
  for (const chat of chats) {
    for (let attempt = 1; attempt <= TRIES; attempt += 1) {
      const outcome = await call({ token, apiRoot, chat }, text, isSilent);
      if (outcome.kind === 'told') return outcome;
      reason = outcome.reason;
      if (outcome.isFinal) break;
      if (attempt < TRIES) await delay(PAUSE_MS);
    }
  }
  return { kind: 'failed', reason };
}

/** Whether the Bot API answers at all, whatever it says. */
export async function isTelegramThere(token: string, apiRoot: string | undefined): Promise<boolean> {
  try {
    const response = await fetch(addressOf('getMe', token, apiRoot), {
      headers: { connection: 'close' },
      signal: AbortSignal.timeout(CALL_MS),
      redirect: 'error',
    });
    await response.body?.cancel();
    return true;
  } catch {
    return false;
  }
}

function addressOf(method: string, token: string, apiRoot: string | undefined): string {
  return `${(apiRoot ?? TELEGRAM).replace(/\/+$/, '')}/bot${token}/${method}`;
}

async function call(
  { token, apiRoot, chat }: { readonly token: string; readonly apiRoot: string | undefined; readonly chat: number },
  text: string,
  isSilent: boolean,
): Promise<{ kind: 'told' } | { kind: 'failed'; reason: string; isFinal: boolean }> {
  try {
    const response = await fetch(addressOf('sendMessage', token, apiRoot), {
      method: 'POST',
      headers: { 'content-type': 'application/json', connection: 'close' },
      body: JSON.stringify({
        chat_id: chat,
        text,
        disable_notification: isSilent,
        link_preview_options: { is_disabled: true },
      }),
      signal: AbortSignal.timeout(CALL_MS),
      redirect: 'error',
    });
    const answer = (await response.json()) as { readonly ok?: unknown; readonly description?: unknown };
    if (answer.ok === true) return { kind: 'told' };
    const description = typeof answer.description === 'string' ? answer.description : 'no reason given';
    // The same call again gets the same answer; another chat may not.
    const isFinal = response.status >= 400 && response.status < 500 && response.status !== 429;
    return { kind: 'failed', reason: `${response.status}: ${withoutToken(description, token)}`, isFinal };
  } catch (error) {
    return { kind: 'failed', reason: describeError(error), isFinal: false };
  }
}

/** An error's own text may hold the address, and with it the token: only its code is told. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if (error.name === 'TimeoutError') return `no answer within ${CALL_MS / 1000} s`;
  if (error instanceof SyntaxError) return 'the answer was no JSON';
  const { code } = (error.cause ?? error) as { readonly code?: unknown };
  return typeof code === 'string' ? code : 'unreachable';
}

function withoutToken(text: string, token: string): string {
  return text.replaceAll(token, '…');
}

/** Hands a text to the owner's own program on its stdin; whatever it does, this ends within half a minute. */
export function tellByProgram(
  [program, ...args]: readonly [string, ...string[]],
  text: string,
  { cwd, env }: { readonly cwd: string; readonly env: Readonly<Record<string, string>> },
): Promise<Delivery> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { cwd, env, stdio: ['pipe', 'ignore', 'ignore'], detached: true });
    const timer = setTimeout(() => {
      endGroup(child.pid);
      resolve({ kind: 'failed', reason: `it did not end within ${PROGRAM_MS / 1000} s` });
    }, PROGRAM_MS);
    const settle = (delivery: Delivery): void => {
      clearTimeout(timer);
      resolve(delivery);
    };
    child.on('error', (error: NodeJS.ErrnoException) =>
      settle({ kind: 'failed', reason: `it cannot be started (${error.code ?? 'unknown'})` }),
    );
    child.on('exit', (code, signal) =>
      settle(code === 0 ? { kind: 'told' } : { kind: 'failed', reason: signal ?? `it ended with ${code}` }),
    );
    // A program need not read its stdin.
    child.stdin.on('error', () => undefined);
    child.stdin.end(`${text}\n`);
  });
}

function endGroup(pid: number | undefined): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended in between.
  }
}
