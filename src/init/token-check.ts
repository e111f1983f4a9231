import { TelegramError, type TelegramApi } from '../ports.ts';

/** The bot that a token belongs to. */
export interface Bot {
  readonly id: number;
  readonly username: string;
}

/** What Telegram says of a token; a sentence never repeats it. */
export type TokenCheck =
  | { readonly kind: 'bot'; readonly bot: Bot }
  | { readonly kind: 'refused' }
  | { readonly kind: 'unreachable'; readonly reason: string };

const LIMIT_MS = 15_000;

/** Asks Telegram whose token this is. Never rejects for what Telegram or the network does. */
export async function checkToken(api: TelegramApi): Promise<TokenCheck> {
  try {
    const me = await api.call<{ id: number; username?: string }>('getMe', {}, { timeoutMs: LIMIT_MS });
    return { kind: 'bot', bot: { id: me.id, username: me.username ?? '' } };
  } catch (error) {
    if (!(error instanceof TelegramError)) throw error;
    if (error.code === 'unauthorized') return { kind: 'refused' };
    return { kind: 'unreachable', reason: error.message };
  }
}
