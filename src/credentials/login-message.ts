import type { LoginRow } from '../../storage/login-store.ts';
import { looksLikeCode } from './login-answer.ts';

/** What a login has to do with a message of an owner's. */
export interface LoginMessage {
  readonly login: LoginRow;
  /**
   * `answer`: it is typed in. The others must not stay either: nobody waits for a `late` one, one from `elsewhere` is not taken, and of
   * several that ask nobody knows `which` is meant.
   */
  readonly kind: 'answer' | 'late' | 'elsewhere' | 'which';
}

/** What is known of a message besides its text. */
export interface MessageFacts {
  /** The logins that are open or ended a short while ago, newest first. */
  readonly recent: readonly LoginRow[];
  /** Whether the login was asked for by whoever wrote, where he wrote. */
  readonly isOwn: (login: LoginRow) => boolean;
  /** In a group people talk to each other as well. */
  readonly isGroup: boolean;
  /** The key of the message of ours that it replies to. */
  readonly replied: string | undefined;
  readonly isCredential: (name: string) => boolean;
}

/** Cards that an owner answers with a text of his own: what replies to them is theirs, code or not. */
const ANSWERED_CARD = /^(?:draft|question):/;
/** A second factor that was sent too late or twice; others of that length are words. */
const DIGITS = /^\d{3,4}[ -]?\d{1,4}$/;

/**
 * Decides whether a message is meant for a login: all that its owner writes where it asks, and what looks like a code anywhere, from any
 * owner, so that none stays in a chat or in a row.
 */
export function readMessage(text: string, facts: MessageFacts): LoginMessage | undefined {
  const { recent, isOwn, replied } = facts;
  const [latest] = recent;
  if (latest === undefined) return undefined;
  if (text.startsWith('/')) return readCommand(text, latest, facts);
  const repliedLogin = replied === undefined ? undefined : recent.find(({ id }) => id === idIn(replied));
  if (repliedLogin !== undefined && isAsking(repliedLogin)) return { login: repliedLogin, kind: 'answer' };
  if (replied !== undefined && ANSWERED_CARD.test(replied)) return undefined;
  const own = recent.filter(isOwn);
  const asking = own.filter(isAsking);
  const meant = asking.find((login) => isOfLink(text, login.link)) ?? asking[0];
  const isCode = looksLikeCode(text) || DIGITS.test(text.trim());
  // A remark to another card is about that card, and one in a group is for others; a code is for whoever waits for one.
  const isRemark = !isCode && (facts.isGroup || replied !== undefined);
  if (meant !== undefined && repliedLogin === undefined && !isRemark)
    return { login: meant, kind: asking.length === 1 || isOfLink(text, meant.link) ? 'answer' : 'which' };
  const [late] = own;
  if (late !== undefined && isCode) return { login: repliedLogin ?? late, kind: 'late' };
  if (!looksLikeCode(text)) return undefined;
  return { login: repliedLogin ?? recent.find(isAsking) ?? latest, kind: 'elsewhere' };
}

/** A code behind /reauth: commands are stored and answered with what stood in them. */
function readCommand(text: string, latest: LoginRow, { recent, isOwn, isCredential }: MessageFacts) {
  const [command = '', ...words] = text.trim().split(/\s+/);
  if (!/^\/reauth(?:@\w+)?$/i.test(command)) return undefined;
  const isCode = words.some((word) => looksLikeCode(word) && !isCredential(word.toLowerCase()));
  return isCode ? { login: recent.find(isOwn) ?? latest, kind: 'elsewhere' as const } : undefined;
}

/** Codes of the form CODE#STATE bear the state of the link that they come from. */
function isOfLink(text: string, link: string | null): boolean {
  const [, state = ''] = text.trim().split('#');
  if (link === null || state === '' || !URL.canParse(link)) return false;
  return [...new URL(link).searchParams.values()].includes(state);
}

function isAsking(login: LoginRow): boolean {
  const isOpen = login.state === 'wanted' || login.state === 'running';
  return isOpen && login.stage === 'asking' && login.cancelWantedAt === null;
}

/** The login that a message of ours is about. */
function idIn(key: string): number | undefined {
  const match = /^login:(\d+)(?::|$)/.exec(key);
  return match === null ? undefined : Number(match[1]);
}
