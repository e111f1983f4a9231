/** What became of an owner's message that was meant for a login. */
export type LoginAnswer =
  | { readonly kind: 'typed'; readonly text: string }
  | { readonly kind: 'refused'; readonly why: string };

/** What nobody can see: it comes along when text is copied from a page. */
const INVISIBLE = /[\p{Cf}\p{Cc}]/gu;
/** Codes, tokens and passwords are of what a keyboard has. */
const KEYBOARD = /^[\x21-\x7e]+$/;
/** A piece of a code that was cut at the edge of a window is at least as long as the window is wide. */
const SHORTEST_PIECE = 20;
const SHORTEST_CODE = 4;
/** Free answers, such as a name or yes: more words than this are a remark to us. */
const MOST_WORDS = 4;

/** Which kind of answer a question wants. */
export function kindOfQuestion(question: string): 'code' | 'password' | 'free' {
  if (/passw|passphrase/i.test(question)) return 'password';
  return /\bcode|token|\bkey\b|secret|paste|\bpin\b/i.test(question) ? 'code' : 'free';
}

/** Makes of a message what is typed into the program: a code is whole again where a window had cut it; what is plainly no code is refused. */
export function readAnswer(message: string, question: string): LoginAnswer {
  const lines = message
    .split(/\r\n|[\r\n\u2028\u2029]/)
    .map((line) => line.replace(INVISIBLE, '').trim())
    .filter((line) => line !== '');
  if (lines.length === 0) return refused('there was nothing in it');
  switch (kindOfQuestion(question)) {
    case 'password':
      return lines.length === 1 ? typed(lines.join('')) : refused('a password is one line');
    case 'free': {
      const [line = ''] = lines;
      const isRemark = lines.length > 1 || line.split(/\s+/).length > MOST_WORDS;
      return isRemark ? refused('it is a whole sentence') : typed(line);
    }
    case 'code':
      return readCode(lines);
  }
}

function readCode(lines: readonly string[]): LoginAnswer {
  const pieces = lines.flatMap((line) => line.split(/\s+/));
  const code = pieces.join('');
  const isCut = pieces.slice(0, -1).every((piece) => piece.length >= SHORTEST_PIECE);
  const isGrouped = pieces.every((piece) => /^[\dA-Z]{2,6}$/.test(piece) && /\d/.test(code)) && pieces.length <= 4;
  if (pieces.length > 1 && !isCut && !isGrouped) return refused('it has several words, and a code is one');
  if (/^https?:\/\//i.test(code)) return refused('it is a link, and not the code that the page shows');
  if (!KEYBOARD.test(code)) return refused('it has characters that no code has');
  if (code.length < SHORTEST_CODE) return refused('it is too short for a code');
  return typed(code);
}

/** Whether a message that nobody waits for is most likely a code or a token all the same, and so must not stay in the chat. */
export function looksLikeCode(message: string): boolean {
  const pieces = message
    .replace(INVISIBLE, (found) => (found === '\n' ? '\n' : ''))
    .trim()
    .split(/\s+/);
  const code = pieces.join('');
  const isOne = pieces.length === 1 || pieces.slice(0, -1).every((piece) => piece.length >= SHORTEST_PIECE);
  if (!isOne || !KEYBOARD.test(code)) return false;
  if (/^https?:\/\//i.test(code)) return /[?&#](?:code|token|state)=/i.test(code);
  return code.length >= 8 && ((/\d/.test(code) && /[A-Za-z]/.test(code)) || /^\d+$/.test(code) || code.length >= 20);
}

/** What has to be scrubbed of an answer: as it came, as it is typed, and its parts, since programs print codes in parts. */
export function secretsIn(message: string): readonly string[] {
  const whole = message.trim();
  const code = whole.replace(/\s+/g, '');
  return [...new Set([whole, code, ...whole.split(/\s+/), ...code.split('#')])].filter((secret) => secret.length >= 8);
}

function typed(text: string): LoginAnswer {
  return { kind: 'typed', text };
}

function refused(why: string): LoginAnswer {
  return { kind: 'refused', why };
}
