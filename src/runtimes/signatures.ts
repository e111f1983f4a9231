/**
 * The signatures of dead credentials in plain output: what the vendors, their libraries and the protocols print.
 *
 * Decided, since the same words also stand in prose:
 * - A bare number 401 is never a signature: it needs HTTP, a status, an error, a verb of answering, or its reason beside it.
 * - `token expired` and the like count where they end a clause or name what to do (`token expired.`, `token has expired, please …`), not in
 *   the middle of a tale (`the token expired last week and we fixed it`), not as a condition (`if the token has expired`), and
 *   not when the same line says that it is being refreshed.
 * - Error codes (`invalid_grant`, `ExpiredToken`, …) count wherever they stand as a word of their own: nobody says them in passing.
 * A false alarm costs a probe; a wording that is missed cost others 79 hours of a fleet.
 */

/** Signatures that share a needle. */
export interface SignatureFamily {
  /**
   * Each signature of the family contains one of these, whatever the case: the cheap look before the exact ones. Rare words, in lower case.
   * Where one begins or ends with a digit, no signature has another digit beside it: it is a whole number.
   */
  readonly needles: readonly string[];
  readonly signatures: readonly RegExp[];
}

/** Not a larger number, a word, a percentage, a decimal or a position in a file. */
const END = String.raw`(?![\w%]|[.,:]\d)`;

/** What may follow a status code in a sentence; a noun would make it a count (`returned 401 rows`). */
const AFTER_STATUS = String.raw`(?=\s*$|["')\]}.;!](?!\d)|:(?!\d)|\s+[-–—([{"'|<]|\s+(?:from|for|on|when|while|calling|after|again|un|invalid|oauth|client|auth|error|response|status|request|please|your|access|token|permission|login|https?:))`;

/** Where a clause about a token ends, or goes on with what to do. */
const CLAUSE_END = String.raw`(?=\s*$|\s*["'”’.,:;!)\]}\\(–—·|<-]|\s+(?:or|please|since|for user|by (?:the )?(?:user|owner|admin)|at \d|on \d|and (?:must|needs?|could|cannot|can't|should|has to|is|refresh)\b|\d))`;

/** The clause is a condition, not a report. */
const NOT_A_CONDITION = String.raw`(?<!\b(?:if|when|whenever|unless|until|before)\b[^.:;!?]{0,80})`;

/** The program is mending it by itself; should that fail, it will say so in another line. */
const NOT_REFRESHED = String.raw`(?![^\n]{0,30}\b(?:refreshing|renewing|will refresh|refreshed|renewed)\b)`;

/** The names of key-value pairs are quoted in JSON, and once more in JSON within JSON. */
const QUOTE = String.raw`\\{0,3}["']?`;

function anyCase(...parts: readonly string[]): RegExp {
  return new RegExp(parts.join(''), 'i');
}

/** A sentence that reports; not a condition, not a part of a tale. */
function report(...parts: readonly string[]): RegExp {
  return anyCase(...parts, NOT_A_CONDITION, CLAUSE_END, NOT_REFRESHED);
}

/** A code that programs print, as a word of its own and not as a file's name. */
function code(...names: readonly string[]): RegExp {
  return new RegExp(String.raw`(?<![\w/-])(?:${names.join('|')})(?![\w/-]|\.[a-z])`, 'i');
}

/** Every signature, by family. */
export const SIGNATURES: readonly SignatureFamily[] = [
  { needles: ['auth_failed'], signatures: [/^\s*AUTH_FAILED\b/] },
  {
    needles: ['401'],
    signatures: [
      // HTTP/1.1 401 · HTTP 401 · HTTP Error 401 · HTTP status code: 401 · HTTPError: 401
      anyCase(
        String.raw`\bHTTP(?:Error|\/\d(?:\.\d)?)?["']?[ _:=-]{1,3}(?:(?:status|error|code|response)[ :=-]{1,3}){0,2}401`,
        END,
      ),
      // status code 401 · statusCode: 401 · status_code=401 · Response code 401 · error code: 401
      anyCase(
        String.raw`(?<![?&])(?:status|response|error)[ _-]?code${QUOTE}\s{0,3}(?:is|was|of|[:=([]|->)?\s{0,3}${QUOTE}401`,
        END,
      ),
      // "status":401 · status 401 · status: 401 · "error_status":401 · status (401
      anyCase(
        String.raw`(?<![?&\w])${QUOTE}(?:\w{1,20}_)?status${QUOTE}\s{0,3}(?:is|was|of|[:=(])?\s{0,3}${QUOTE}401`,
        END,
      ),
      // "code":401 · [code=401] · error code=401
      anyCase(String.raw`["']code${QUOTE}\s{0,3}[:=]\s{0,3}${QUOTE}401`, END),
      anyCase(String.raw`(?:^|[[({,;]\s?|\b(?:error|failed|with)[: ]{1,2})code\s?[:=]\s?401`, END),
      /\bcode E401\b/i,
      // 401 Unauthorized · 401 Client Error · 401: Unauthorized · 401 Authorization Required
      anyCase(
        String.raw`(?<![\w.$#/])401[)"'\]]?[\s:,–-]{1,4}["'(]?(?:client error|unauthori[sz]ed|authori[sz]ation required|unauthenticated`,
        String.raw`|authentication|invalid (?:token|credential|api|auth|access|bearer)|oauth|token (?:expired|invalid|has|is|was)|access denied|login required|not authori[sz]ed`,
        String.raw`|(?:status|error|response)\b(?! (?:log|line|report|message|item|file|row|event|record|count)))`,
      ),
      // Unauthorized (401) · unauthorized: 401
      anyCase(String.raw`\bunauthori[sz]ed\W{1,4}(?:\w{1,20}\W{1,2}){0,2}401`, END),
      // Error 401 · error: 401 · API Error: 401 {…} · Error: 401 Client Error
      anyCase(
        String.raw`\b(?:\w{0,30}error|err|exception|fatal|request failed)\b["')\]]{0,2}[ :=([-]{1,4}(?:with |code |status ){0,2}["']?401`,
        AFTER_STATUS,
      ),
      // Request rejected (401) · login failed (401)
      anyCase(
        String.raw`\b(?:rejected|refused|denied|(?:request|login|fetch|call|api|upload|auth\w{0,10}) (?:failed|error))\s?[([]401[)\]]`,
      ),
      // got 401 · returned a 401 · responded with 401 · failed with 401 · → 401
      anyCase(
        String.raw`(?:\b(?:got|gets?|returned|returns|received|gave|threw|response:?|(?:responded|responds|replied|answered|failed|fails|rejected) with)|->|=>|→)`,
        String.raw`\s{1,3}(?:an? )?(?:http )?(?:status )?401`,
        `(?:${AFTER_STATUS}|(?=, ))`,
      ),
      // POST /v1/messages 401 12ms · GET https://… -> 401
      new RegExp(
        String.raw`\b(?:GET|POST|PUT|PATCH|DELETE|HEAD)\s+\S{0,200}\/\S{0,200}\s+(?:[-=]>|[→:|-])?\s*401(?=\s|$|[)\],;])`,
      ),
    ],
  },
  {
    needles: ['expired'],
    signatures: [
      report(
        String.raw`\b(?:token|jwt|credentials?|api[ _-]?key|session|secret|login|cookies?|signature)(?: \(?[\w.-]{1,40}\)?)?`,
        String.raw`\s{1,3}(?:has |have |had |is |are |was |were )?(?:been )?(?:already |now )?(?:expired|invalid or expired)`,
      ),
      /\b(?:invalid,? (?:or|and\/or) expired|expired,? (?:or|and\/or) (?:invalid|revoked))\b/i,
      anyCase(
        String.raw`\b(?:error|fail\w{0,4}|denied|rejected|unauthori\w{4})\b[^\n]{0,40}\bexpired (?:\w{1,20} )?(?:token|credentials|session)\b`,
      ),
      code(
        'expired_token',
        'token_expired',
        'access_token_expired',
        'expired_access_token',
        'session_expired',
        'session_token_expired',
      ),
      code(
        'ExpiredToken(?:Exception|Error)?',
        'TokenExpired(?:Error|Exception)?',
        'ExpiredSignatureError',
        'ExpiredAuthenticationToken',
      ),
      // AWS: The security token included in the request is expired
      report(String.raw`\btoken included in the request is expired`),
    ],
  },
  {
    needles: ['revoked'],
    signatures: [
      report(
        String.raw`\b(?:token|credentials?|api[ _-]?key|session|grant|access|consent)(?: \(?[\w.-]{1,40}\)?)?`,
        String.raw`\s{1,3}(?:has |have |is |are |was |were )?(?:been )?(?:expired or |invalidated or )?revoked`,
      ),
      code('token_revoked', 'revoked_token', 'TokenRevoked(?:Error|Exception)?'),
    ],
  },
  {
    needles: ['invalid'],
    signatures: [
      code(
        'invalid_grant',
        'invalid_token',
        'invalid_auth',
        'invalid_api_key',
        'invalid_client',
        'invalid_rapt',
        'invalid_credentials',
        'token_invalid',
      ),
      code(
        'API_KEY_INVALID',
        'InvalidAuthenticationToken',
        'InvalidClientTokenId',
        'InvalidTokenError',
        'InvalidAccessKeyId',
        'InvalidCredentials',
      ),
      report(
        String.raw`\b(?:token|jwt|credentials?|session|login)(?: \(?[\w.-]{1,40}\)?)?\s{1,3}(?:has |have |is |are |was |were )?(?:been )?(?:already )?`,
        String.raw`(?:invalid|invalidated)`,
      ),
      report(
        String.raw`\binvalid (?:access|auth|oauth|oauth2|bearer|refresh|api|session|security|id|bot|github|personal access) (?:access )?token`,
      ),
      // Bare "invalid token" is also what parsers say.
      anyCase(
        String.raw`(?<!(?:syntax|pars|lex|json|yaml)\w{0,10}[^\n]{0,40})\binvalid token(?=\s*$|["'.!)}])`,
        NOT_A_CONDITION,
      ),
      report(String.raw`\binvalid (?:login |user |authentication |api |access )?credentials?`),
      report(String.raw`\binvalid (?:user ?name|user|login|email|e-mail)(?: name)?(?:,? (?:or|and|\/) |\/)password`),
      /\binvalid (?:\w{1,20} )?(?:x-)?api[ _-]?key\b/i,
      // AWS: The security token included in the request is invalid · Google: Request had invalid authentication credentials
      report(String.raw`\btoken included in the request is invalid`),
      /\binvalid authentication (?:credentials?|token)\b/i,
    ],
  },
  {
    needles: ['no longer valid'],
    signatures: [
      report(String.raw`\b(?:token|credentials?|api[ _-]?key|session|password|login)\s{1,3}(?:is|are) no longer valid`),
    ],
  },
  {
    needles: ['authenticat'],
    signatures: [
      /\bAUTHENTICATIONFAILED\b/i,
      report(
        String.raw`\bfailed to (?:re-?)?authenticate(?: (?:with|to|as|against|user) [^\s:;,]{1,80}(?: [^\s:;,]{1,80}){0,3})?`,
      ),
      report(
        String.raw`\b(?:could not|cannot|can't|unable to|couldn't|not able to) (?:be )?(?:re-?)?authenticated?(?: (?:with|to|as|against|user) [^\s:;,]{1,80}(?: [^\s:;,]{1,80}){0,3})?`,
      ),
      anyCase(
        String.raw`\bauthentication (?:has )?(?:failed|failure)\b(?! (?:rate|count|case|test|path|handl|mode|scenario))`,
        NOT_A_CONDITION,
      ),
      anyCase(
        String.raw`\bauthentication error\b(?! (?:rate|count|case|test|path|handl|mode|scenario))`,
        NOT_A_CONDITION,
      ),
      report(String.raw`\b(?:re-?)?authentication (?:is )?(?:required|needed)`),
      /\bUNAUTHENTICATED\b/,
      report(String.raw`\bauthentication credentials were not provided`),
      /\bincorrect authentication data\b/i,
      anyCase(String.raw`\bplease re-?authenticate\b`, NOT_A_CONDITION),
      code(
        'authentication_error',
        'authentication_failed',
        '\\w{0,20}AuthenticationError',
        '\\w{0,20}AuthenticationFailed',
        'AuthenticationException',
      ),
    ],
  },
  {
    needles: ['unauthori'],
    signatures: [
      anyCase(
        String.raw`(?:^|\b\w{0,20}(?:error|exception)|:|=|["'([])\s{0,3}${QUOTE}unauthori[sz]ed(?=\s*$|["'.,:;!)\]}\\])`,
      ),
      code('Unauthori[sz]ed(?:Error|Exception|SSOTokenError|AccessError)'),
    ],
  },
  {
    needles: ['credential'],
    signatures: [
      /\bbad credentials?\b/i,
      report(
        String.raw`\b(?:wrong|incorrect|expired|revoked) (?:login |user |authentication |api |access )?credentials?`,
      ),
      /\b(?:unable to locate|could not (?:load|find)(?: (?:the|any))?(?: default)?|no valid) credentials\b/i,
      report(String.raw`\bcredentials? (?:was |were |has been |have been )?(?:rejected|refused|not accepted)`),
    ],
  },
  {
    needles: ['login', 'log in', 'logged in', 'logged_in', 'logging in'],
    signatures: [
      // Please run /login · please run: gh auth login · run `az login`
      anyCase(String.raw`\bplease (?:re-?)?run:?\s{1,3}["'\x60]?(?:[\w-]{1,20} ){0,3}\/?login\b`, NOT_A_CONDITION),
      anyCase(
        String.raw`\brun:?\s{1,3}["'\x60]?(?:gh|az|aws|gcloud|claude|codex|gemini|npm|vercel|heroku|doctl|fly|hf|huggingface-cli) (?:[\w-]{1,20} ){0,2}login\b`,
        NOT_A_CONDITION,
      ),
      anyCase(
        String.raw`\bnot (?:currently )?logged in\b(?=\s*$|\s*["'.,:;!)\]}\\(–—·|<-]|\s+(?:to|as|please)\b)`,
        NOT_A_CONDITION,
      ),
      anyCase(String.raw`\b(?:please |must |need to |have to )(?:try )?(?:log|logging) ?in again\b`, NOT_A_CONDITION),
      anyCase(String.raw`\b(?:requires you to|must) be logged in\b`, NOT_A_CONDITION),
      report(String.raw`\b(?:login|re-?login) (?:is )?required`),
      anyCase(
        String.raw`\blogin (?:failed|incorrect|denied)\b(?! (?:rate|count|case|test|path|attempts))`,
        NOT_A_CONDITION,
      ),
      code('login_required', 'not_logged_in'),
    ],
  },
  {
    needles: ['sign in', 'signing in', 'signed in'],
    signatures: [
      anyCase(String.raw`\b(?:please |must |need to |have to )(?:try )?sign(?:ing)? ?in again\b`, NOT_A_CONDITION),
      anyCase(String.raw`\bnot signed in\b(?=\s*$|\s*["'.,:;!)\]}\\(–—·|<-]|\s+(?:to|as|please)\b)`, NOT_A_CONDITION),
    ],
  },
  {
    needles: ['api key', 'api-key', 'api_key', 'apikey', 'publickey'],
    signatures: [
      /\b(?:incorrect|wrong|revoked|bad) (?:\w{1,20} )?api[ _-]?key\b/i,
      report(
        String.raw`\b(?:api[ _-]?key|x-api-key header) (?:is |was |has |has been |provided is )?(?:not valid|invalid|incorrect|revoked|disabled|required|missing)`,
      ),
      /\b(?:no|didn['’]t provide an|missing) api[ _-]?key (?:provided|was provided|found|set|in request)\b/i,
      /\bdidn['’]t provide an api key\b/i,
      /\bpermission denied \([\w,-]{0,60}publickey/i,
    ],
  },
  // Microsoft Entra: every AADSTS code refuses a token, except 90033 and 90024, which say "try again".
  { needles: ['aadsts'], signatures: [/\bAADSTS(?!900(?:33|24)\b)\d{4,7}\b/] },
  // SMTP (RFC 4954): 535 5.7.8, also 535-5.7.8 and what Python prints; IMAP and POP3 (RFC 5530, RFC 3206).
  {
    needles: ['535'],
    signatures: [/\b535[ -]5\.7\.\d/, /\(535, ?b?['"]/, /\b535[ -](?:incorrect|error: auth|authentication|login)/i],
  },
  { needles: ['[auth]'], signatures: [/(?:-ERR|\bNO) \[AUTH\]/i] },
  // Slack, npm, OAuth, x.com (code 89: Invalid or expired token), Discord, AWS, git.
  { needles: ['not_authed'], signatures: [code('not_authed')] },
  { needles: ['account_inactive'], signatures: [code('account_inactive')] },
  { needles: ['eneedauth'], signatures: [/\bENEEDAUTH\b/] },
  { needles: ['interaction_required'], signatures: [code('interaction_required')] },
  { needles: [':89', ': 89'], signatures: [/["']code\\{0,3}["']: ?89(?!\d|\.)/] },
  { needles: ['improper token'], signatures: [/\bimproper token\b/i] },
  { needles: ['unrecognizedclient'], signatures: [code('UnrecognizedClientException')] },
  { needles: ['authfailure'], signatures: [code('AuthFailure')] },
  { needles: ['could not read'], signatures: [/\bcould not read (?:username|password) for\b/i] },
  { needles: ['refresherror'], signatures: [code('RefreshError', 'TokenRefreshError')] },
];
