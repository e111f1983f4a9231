import type { BotFacts, Probed } from '../checklist/facts.ts';

/** An answer of Telegram takes tenths of a second; this leaves the whole look within five. */
const CALL_MS = 3_000;
const TELEGRAM = 'https://api.telegram.org';

/** Where the Bot API is, and with which token; or why there is none. */
export type BotAccess =
  | { readonly kind: 'access'; readonly token: string; readonly apiRoot: string | undefined }
  | { readonly kind: 'problem'; readonly reason: string };

/** Asks the Bot API who we are, and whether a webhook takes our updates. It never asks for updates: that would disturb who polls. */
export async function probeBot(access: BotAccess, now: () => number): Promise<Probed<BotFacts>> {
  const known = (value: BotFacts): Probed<BotFacts> => ({ kind: 'known', at: now(), value });
  if (access.kind === 'problem')
    return known({
      kind: 'failed',
      reason: access.reason,
      mend: 'put TELEGRAM_BOT_TOKEN=… into .env beside fleet.yaml',
    });
  const startedAt = now();
  const [me, hook] = await Promise.all([call(access, 'getMe'), call(access, 'getWebhookInfo')]);
  if (me.kind === 'failed')
    return known({
      kind: 'failed',
      reason: me.isRefused ? 'Telegram refused the token' : `the Bot API cannot be reached: ${me.reason}`,
      mend: me.isRefused
        ? 'make a new one with @BotFather, and put it into .env'
        : 'see that this machine reaches the Bot API (TELEGRAM_API_ROOT, proxy, firewall)',
    });
  if (hook.kind === 'failed')
    return { kind: 'unknown', at: now(), reason: `getWebhookInfo gave no answer: ${hook.reason}` };
  const { username } = me.result;
  const { url } = hook.result;
  return known({
    kind: 'answered',
    name: typeof username === 'string' ? username : 'nobody',
    tookMs: me.answeredAt - startedAt,
    driftMs:
      isOnThisMachine(access.apiRoot) || me.date === undefined ? null : driftOf(me.date, startedAt, me.answeredAt),
    webhook: typeof url === 'string' && url !== '' ? hostOf(url) : null,
  });

  async function call({ token, apiRoot }: BotAccess & { readonly kind: 'access' }, method: string) {
    try {
      const response = await fetch(`${(apiRoot ?? TELEGRAM).replace(/\/+$/, '')}/bot${token}/${method}`, {
        signal: AbortSignal.timeout(CALL_MS),
        headers: { connection: 'close' },
        redirect: 'error',
      });
      const answeredAt = now();
      const date = Date.parse(response.headers.get('date') ?? '');
      const answer = (await response.json()) as {
        readonly ok?: unknown;
        readonly result?: Readonly<Record<string, unknown>>;
      };
      if (answer.ok === true && answer.result !== undefined)
        return {
          kind: 'answered',
          result: answer.result,
          answeredAt,
          date: Number.isNaN(date) ? undefined : date,
        } as const;
      return {
        kind: 'failed',
        isRefused: [401, 404].includes(response.status),
        reason: `status ${response.status}`,
      } as const;
    } catch (error) {
      return { kind: 'failed', isRefused: false, reason: describeError(error) } as const;
    }
  }
}

/** Our clock less the server's, in ms (all epoch ms); its header has whole seconds, and was made somewhere between asking and hearing. */
export function driftOf(date: number, askedAt: number, answeredAt: number): number {
  if (askedAt > date + 1_000) return askedAt - (date + 1_000);
  return answeredAt < date ? answeredAt - date : 0;
}

/** Its clock is ours: it proves nothing. */
function isOnThisMachine(apiRoot: string | undefined): boolean {
  return apiRoot !== undefined && /^https?:\/\/(localhost|127\.|\[::1\])/i.test(apiRoot);
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : 'an address that is none';
}

/** An error's own text holds the address, and with it the token: only its code is told. */
function describeError(error: unknown): string {
  if (!(error instanceof Error)) return 'unknown';
  if (error.name === 'TimeoutError') return `no answer within ${CALL_MS / 1_000} s`;
  if (error instanceof SyntaxError) return 'the answer was no JSON';
  const { code } = (error.cause ?? error) as { readonly code?: unknown };
  return typeof code === 'string' ? code : 'no answer';
}
