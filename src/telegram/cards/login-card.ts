import type { CredentialRow } from '../../../storage/credential-store.ts';
import { LOGGED_IN, type LoginRow } from '../../../storage/login-store.ts';
import type { CallbackData } from '../callback-data.ts';
import type { Button, Content } from '../outbox.ts';
import { bold, code, lines, type Piece, line, quote, richText, shorten } from './words.ts';

const LONGEST_REASON = 500;
const LONGEST_TITLE = 80;

/** Key of the message that shows a login from its start to its outcome. */
export function loginKey(id: number): string {
  return `login:${id}`;
}

/** Key of the message that asks for the answer that comes after this many others. */
export function loginPromptKey(id: number, answers: number): string {
  return `login:${id}:ask:${answers}`;
}

/** What the Cancel button of a login is bound to. */
export function loginBinding(login: Pick<LoginRow, 'credential'>): string {
  return `login:${login.credential}`;
}

/** A button that starts a login of a credential, wherever it stands: `revision` 1 tells it from that of an incident. */
export function reauthButton(credential: string, callbackData: CallbackData, label = 'Re-auth'): Button {
  const data = callbackData.sign({ verb: 'reauth', id: 0, revision: 1 }, loginBinding({ credential }));
  return { text: label, style: 'primary', data };
}

/** What is known of the credential after its login: the check has the last word. */
export type LoginSequel =
  | Pick<CredentialRow, 'state' | 'checkDetail' | 'checkedAt' | 'renewedAt' | 'provedAt'>
  | undefined;

/** The one message of a login: what to do, step by step, then how it went. */
export function renderLogin(login: LoginRow, sequel: LoginSequel, callbackData: CallbackData): Content {
  const title = shorten(login.credential, LONGEST_TITLE);
  const isOpen = login.state === 'wanted' || login.state === 'running';
  const body = isOpen ? renderSteps(login, title) : renderOutcome(login, sequel, title);
  const cancel = {
    text: 'Cancel',
    data: callbackData.sign({ verb: 'cancel', id: login.id, revision: 0 }, loginBinding(login)),
  };
  const open =
    login.link !== null && isOpen && isButtonLink(login.link) ? [[{ text: 'Open the link', url: login.link }]] : [];
  const isMended =
    login.state === 'done' && !isRefused(login) && (sequel?.state === 'logging-in' || isRenewed(login, sequel));
  const after = isMended ? [] : [[reauthButton(login.credential, callbackData)]];
  return { kind: 'text', body: richText(body), buttons: isOpen ? [...open, [cancel]] : after };
}

/** The message whose answer is typed into the login program; `refusal`: why the last one was not. */
export function renderLoginPrompt(login: LoginRow, refusal: string | undefined): Content {
  const [question = '', ...options] = (login.question ?? 'the code').split('\n');
  const what = question.replace(/[\s:>.]+$/, '');
  const isCode = asksForCode(login);
  return {
    kind: 'text',
    body: richText(
      lines(
        refusal === undefined ? undefined : `❌ ${shorten(refusal, LONGEST_REASON)}`,
        isCode
          ? `Send me the code that the page shows, for ${login.credential}.`
          : line(
              `The login to ${login.credential} asks: `,
              bold(shorten(what, LONGEST_REASON)),
              '. Send me the answer.',
            ),
        ...options.map((option) => code(option)),
        'I delete your message at once. It stays in no chat, database or log.',
      ),
    ),
    asks: isCode ? 'the code' : 'the answer',
  };
}

/** What a login that came to nothing says, with its sound: the card above is only edited. */
export function renderLoginFailure(
  login: LoginRow,
  reason: string,
  isDead: boolean,
  callbackData: CallbackData,
): Content {
  return {
    kind: 'text',
    body: richText(
      lines(
        bold(`❌ The login to ${shorten(login.credential, LONGEST_TITLE)} came to nothing`),
        `${sentence(shorten(reason, LONGEST_REASON))} Press Re-auth to start anew.`,
        isDead ? undefined : 'What it had before still works.',
      ),
    ),
    buttons: [[reauthButton(login.credential, callbackData)]],
  };
}

/** What is said of a message that was deleted and not typed in; `isMended`: the login went well meanwhile. */
export function renderUntaken(
  login: LoginRow,
  why: 'late' | 'elsewhere' | 'which',
  isMended: boolean,
  callbackData: CallbackData,
): Content {
  const isOpen = login.state === 'wanted' || login.state === 'running';
  return {
    kind: 'text',
    body: { text: isOpen ? untakenWords(login.credential, why) : overWords(login.credential, isMended), entities: [] },
    buttons: isOpen || isMended ? [] : [[reauthButton(login.credential, callbackData)]],
  };
}

function untakenWords(credential: string, why: 'late' | 'elsewhere' | 'which'): string {
  switch (why) {
    case 'which':
      return 'More than one login asks, so what you sent was not typed in. I deleted it. Send it again as a reply to the question of the login that it is for.';
    case 'elsewhere':
      return `What you sent looks like a code, so I deleted it, and typed nothing in: send it as a reply to the question of the login to ${credential}.`;
    case 'late':
      return `The login to ${credential} asks for nothing right now, so what you sent was not typed in. I deleted it.`;
  }
}

function overWords(credential: string, isMended: boolean): string {
  return isMended
    ? `The login to ${credential} went well already. I deleted what you sent: it was not needed any more.`
    : `That login to ${credential} is over, so what you sent was not typed in. I deleted it. Press Re-auth to start again.`;
}

function renderSteps(login: LoginRow, title: string): Piece {
  const head = bold(`🔑 Logging in to ${title}`);
  if (login.cancelWantedAt !== null) return lines(head, 'Cancelling…');
  if (login.stage === 'typed') return lines(head, '⏳ Typed in, and deleted here. Waiting for what it says…');
  const { link, userCode } = login;
  const steps: Piece[] = [
    ...(link === null ? [] : [isButtonLink(link) ? 'Open the link.' : line('Open this link: ', code(link))]),
    ...(userCode === null ? [] : [line('Type in this code there: ', code(userCode))]),
    ...(login.stage === 'asking' ? [asksForCode(login) ? 'Send me the code.' : 'Send me what it asks for.'] : []),
  ];
  if (steps.length === 0) return lines(head, '⏳ Its login program is starting…');
  const numbered = steps.length === 1 ? steps : steps.map((step, index) => line(`${index + 1}. `, step));
  return lines(head, ...numbered, login.stage === 'waiting' ? 'I notice by myself when it is done.' : undefined);
}

/** The code that the page behind the link shows; anything else is asked for in the program's own words. */
function asksForCode({ question, link }: LoginRow): boolean {
  const [asked = ''] = (question ?? 'code').split('\n');
  return link !== null && /\bcode\b/i.test(asked);
}

function renderOutcome(login: LoginRow, sequel: LoginSequel, title: string): Piece {
  if (login.state === 'failed')
    return lines(
      bold(`❌ The login to ${title} came to nothing`),
      sentence(shorten(login.detail ?? '', LONGEST_REASON)),
    );
  if (sequel?.state === 'logging-in' && !isRefused(login))
    return lines(
      bold(`🔑 Logged in to ${title}`),
      '⏳ Checking that it works…',
      isSince(sequel.checkedAt, login)
        ? `Its check gave no clear answer: ${shorten(sequel.checkDetail ?? '', LONGEST_REASON)}. I ask it again, for ten minutes at most.`
        : undefined,
    );
  if (isRenewed(login, sequel)) {
    const isProved = isSince(sequel?.provedAt, login);
    return bold(
      `✅ Logged in to ${title}, ${isProved ? 'and it works' : 'and its agents try it with their next runs'}`,
    );
  }
  // What the check said then: later ones are about the secret of before.
  const reason = isRefused(login) ? login.detail : sequel?.checkDetail;
  return lines(
    bold(`❌ Logged in to ${title}, but it does not work`),
    'Its check says:',
    quote(shorten(reason ?? 'nothing', LONGEST_REASON)),
    'Press Re-auth to start anew.',
  );
}

/** What the login brought is in use: its check has passed, or there is none. */
function isRenewed(login: LoginRow, sequel: LoginSequel): boolean {
  return !isRefused(login) && isSince(sequel?.renewedAt, login);
}

function isRefused({ state, detail }: LoginRow): boolean {
  return state === 'done' && detail !== LOGGED_IN;
}

function isSince(at: number | null | undefined, login: LoginRow): boolean {
  return (at ?? Number.NEGATIVE_INFINITY) >= (login.endedAt ?? 0);
}

function sentence(text: string): string {
  const first = `${text.slice(0, 1).toUpperCase()}${text.slice(1)}`;
  return /[.!?…]$/.test(first) ? first : `${first}.`;
}

/** Telegram takes only addresses of the web for a button: not those of this machine. */
function isButtonLink(address: string): boolean {
  return URL.canParse(address) && /[^.]\.[a-z]/i.test(new URL(address).hostname);
}
