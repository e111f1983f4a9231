import type { Clock, TelegramApi } from '../ports.ts';
import { TelegramError } from '../ports.ts';
import type { Pairing } from './pairing-code.ts';

/** Who sent the code. */
export interface Owner {
  readonly id: number;
  readonly firstName: string;
}

/** How waiting for the owner ended. */
export type PairingEnd =
  | { readonly kind: 'paired'; readonly owner: Owner }
  /** The code is an hour old. */
  | { readonly kind: 'too-old' }
  /** Somebody tries codes. */
  | { readonly kind: 'guessed' }
  /** Another program polls with this token, or a webhook is set. */
  | { readonly kind: 'conflict'; readonly description: string }
  | { readonly kind: 'unauthorized' }
  | { readonly kind: 'stopped' };

/** How long one getUpdates waits, in s. */
const POLL_SECONDS = 25;
const POLL_LIMIT_MS = 40_000;
/** A pause after an answer that never came. */
const RETRY_MS = 2_000;
const SAY_LIMIT_MS = 10_000;

interface Update {
  readonly update_id: number;
  readonly message?: {
    readonly text?: string;
    readonly chat: { readonly type: string };
    readonly from?: { readonly id: number; readonly is_bot: boolean; readonly first_name: string };
  };
}

/**
 * Waits until somebody sends `/start CODE` in a private chat with the bot. Strangers get no answer, whatever they send; only whoever's code
 * is too old, or right, hears so. Never rejects.
 */
export async function pairOwner(options: {
  readonly api: TelegramApi;
  readonly clock: Clock;
  readonly pairing: Pairing;
  readonly signal: AbortSignal;
  /** Hears once of a network that does not answer. */
  readonly onTrouble: (reason: string) => void;
}): Promise<PairingEnd> {
  const { api, clock, pairing, signal } = options;
  let offset: number | undefined;
  let isToldOfTrouble = false;

  async function poll(): Promise<readonly Update[]> {
    const payload = {
      timeout: POLL_SECONDS,
      allowed_updates: ['message'],
      ...(offset === undefined ? {} : { offset }),
    };
    return await api.call<Update[]>('getUpdates', payload, { timeoutMs: POLL_LIMIT_MS, signal });
  }

  /** Takes the updates off the server, so that the control plane does not hear them again. */
  async function confirm(): Promise<void> {
    await api
      .call('getUpdates', { timeout: 0, limit: 1, offset }, { timeoutMs: SAY_LIMIT_MS, signal })
      .catch(() => undefined);
  }

  function judge({ message }: Update): PairingEnd | undefined {
    const code = /^\/start(?:@\w+)?\s+(\S{1,64})\s*$/i.exec(message?.text ?? '')?.[1];
    if (code === undefined || message?.chat.type !== 'private' || message.from === undefined) return undefined;
    if (message.from.is_bot) return undefined;
    switch (pairing.try(code, message.from.id, clock.now())) {
      case 'right':
        return { kind: 'paired', owner: { id: message.from.id, firstName: message.from.first_name } };
      case 'closed':
        return { kind: 'guessed' };
      case 'too-old':
        return { kind: 'too-old' };
      default:
        return undefined;
    }
  }

  while (!signal.aborted) {
    if (clock.now() >= pairing.expiresAt) return { kind: 'too-old' };
    try {
      for (const update of await poll()) {
        offset = update.update_id + 1;
        const end = judge(update);
        if (end === undefined) continue;
        await confirm();
        return end;
      }
    } catch (error) {
      if (!(error instanceof TelegramError)) throw error;
      if (error.code === 'aborted') break;
      if (error.code === 'conflict') return { kind: 'conflict', description: error.message };
      if (error.code === 'unauthorized') return { kind: 'unauthorized' };
      if (!isToldOfTrouble) options.onTrouble(error.message);
      isToldOfTrouble = true;
      await pause(clock, error.retryAfterMs ?? RETRY_MS, signal);
    }
  }
  return { kind: 'stopped' };
}

function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, resolve);
    signal.addEventListener(
      'abort',
      () => {
        cancel();
        resolve();
      },
      { once: true },
    );
  });
}
