import type { FailureClass } from './runtime.ts';

/** The longest text that is searched for words: an error record says what it is in its first lines. */
const SEARCHED_CHARACTERS = 4000;

/** The longest fingerprint, in characters: two wordings that are alike so far are one. */
const FINGERPRINT_CHARACTERS = 120;

/** A prompt that does not fit its model, as Anthropic, OpenAI and Google word it. */
const TOO_LONG =
  /context[ _]window|context[ _]length|maximum context|(?:prompt|input|request) is too long|\btoken count\b.{0,40}\bexceeds|maximum number of tokens/i;

/** What a status of HTTP says of a failure; a status catches most wordings that are new. */
export function failureOfStatus(status: number, text = ''): FailureClass | undefined {
  switch (status) {
    case 401:
    case 403:
      return 'auth';
    case 402:
      return 'budget';
    case 404:
      return 'not-found';
    case 408:
      return 'timeout';
    case 413:
      return 'context';
    case 429:
      return 'rate-limit';
    case 400:
      // What is wrong with a request is not told by its status; with this one, fewer words are enough.
      return failureOfWords(text) === 'context' || /too long|context/i.test(text.slice(0, SEARCHED_CHARACTERS))
        ? 'context'
        : undefined;
    default:
      return status >= 500 && status <= 599 ? 'overloaded' : undefined;
  }
}

/** In this order: a limit of tokens is no dead token, and a request about a context may time out. */
const WORDS: readonly (readonly [RegExp, FailureClass])[] = [
  [TOO_LONG, 'context'],
  [/credit balance|insufficient (?:credit|fund|quota)|billing/i, 'budget'],
  [
    /\blog ?in\b|\bnot logged in\b|credential|authenticat|\btoken\b.{0,80}\b(?:expired|revoked|invalid)|api key/i,
    'auth',
  ],
  [/usage limit|hit your limit|quota|rate.?limit|too many requests/i, 'rate-limit'],
  [/overloaded|capacity|high demand/i, 'overloaded'],
  [
    /timed? ?out|stream disconnected|fetch failed|connection (?:refused|reset|error)|\b(?:ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN|ENOTFOUND|EPIPE)\b/i,
    'timeout',
  ],
];

/**
 * What the words of an error record say of a failure: the last net, after its fields and its status.
 *
 * Never to be asked about what an agent or a tool says: they talk of logins and limits as of anything else.
 */
export function failureOfWords(text: string): FailureClass | undefined {
  const searched = text.slice(0, SEARCHED_CHARACTERS);
  return WORDS.find(([pattern]) => pattern.test(searched))?.[1];
}

/**
 * What stays of a wording when all that differs from case to case is taken out: addresses, paths, ids, times, numbers.
 * Two failures with the same fingerprint are the same trouble.
 */
export function fingerprintOf(text: string): string {
  return text
    .slice(0, SEARCHED_CHARACTERS)
    .toLowerCase()
    .replace(/\b[a-z][a-z0-9+.-]{1,15}:\/\/[^\s"'<>)\]}]+/g, 'URL')
    .replace(/\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b/g, 'ID')
    .replace(/(?<![\w.])(?:~|[a-z]:)?[\\/][\w.@~+-]+(?:[\\/][\w.@~+-]*)+/g, 'PATH')
    .replace(/\b(?:[a-z]{1,10}_)?(?=[a-z0-9_-]{8,}\b)(?=[a-z_-]*\d)[a-z0-9_-]+\b/g, 'ID')
    .replace(/\b\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s?(?:am|pm|z)?\b/g, 'TIME')
    .replace(/\d+(?:[.,:]\d+)*/g, 'N')
    .replace(/\s+/g, ' ')
    .trim()
    .slice(0, FINGERPRINT_CHARACTERS)
    .toWellFormed();
}
