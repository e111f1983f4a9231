import { FormattedString } from '@grammyjs/parse-mode';
import type { QuestionRow } from '../../../storage/question-store.ts';
import type { Button, Content } from '../outbox.ts';
import type { CardSetting } from './draft-card.ts';
import {
  bold,
  clockTime,
  LONGEST_CAPTION,
  LONGEST_TEXT,
  line,
  lines,
  type Piece,
  quote,
  richText,
  shorten,
} from './words.ts';

/** What the last lines of a card may take, in any state: a message cannot become a document later, nor a document a message. */
const LONGEST_FOOT = 200;
/** What a caption or a message shows of the words beside the thing itself; what is longer stands whole in the file. */
const LONGEST_COVER = 300;
/** What a file's caption shows of its beginning. */
const LONGEST_BEGINNING = 400;
/** A phone shows about this much of a button's label in a row of its own; longer answers are listed in the text, by number. */
const LONGEST_LABEL = 30;
/** The owner's own reply stands right below the card, whole. */
const LONGEST_ANSWER = 1_000;

const PERMISSION_BUTTONS: readonly Pick<Button, 'text' | 'style'>[] = [
  { text: 'Allow once', style: 'success' },
  { text: 'Allow for this run' },
  { text: 'Deny', style: 'danger' },
];

/** What a question's card needs besides the question. */
interface QuestionSetting extends CardSetting {
  /** Who answered, as ` by Ada`; empty where only one person may. */
  readonly who: string;
}

/** Key of the card that shows this question. */
export function questionCardKey(id: number): string {
  return `question:${id}`;
}

/** What a question's buttons are bound to. */
export function questionBinding(question: Pick<QuestionRow, 'runId' | 'request'>): string {
  return `${question.runId}:${question.request}`;
}

/**
 * The card of a question as it stands: who asks what, until when, and a button for each answer while it is open.
 * What a CLI wants to run is shown whole, as a file where it does not fit a message, so that nobody allows half a command unseen.
 */
export function renderQuestionCard(
  question: QuestionRow,
  options: readonly string[],
  setting: QuestionSetting,
): Content {
  return question.kind === 'permission' ? renderPermission(question, setting) : renderAsk(question, options, setting);
}

function renderPermission(question: QuestionRow, setting: QuestionSetting): Content {
  const head = line(
    bold(`🔐 ${question.agent} asks: may it use ${shorten(visible(question.tool ?? ''), 100)}?`),
    ` · run ${question.runId}`,
  );
  const detail = visible(question.text);
  const covers = visible(question.forRun ?? '');
  const cover = covers === '' ? undefined : `“Allow for this run” covers: ${shorten(covers, LONGEST_COVER)}`;
  const foot = renderState(question, setting);
  const press = PERMISSION_BUTTONS.map((button, index) => ({ ...button, data: sign(question, index, setting) }));
  // The long one has a row of its own: Telegram cuts what half a row does not show.
  const [once, forRun, deny] = press;
  const rows = [[once, deny], [forRun]].map((row) => row.filter((button) => button !== undefined));
  const buttons = question.state === 'open' ? rows : [];
  const whole = lines(head, '', FormattedString.pre(detail || ' '), cover, '');
  if (covers.length <= LONGEST_COVER && whole.text.length + LONGEST_FOOT <= LONGEST_TEXT)
    return { kind: 'text', body: richText(lines(whole, foot)), buttons };
  const frame = lines(head, '', '', '📄 The whole of it is in the file.', cover, foot).text.length;
  const beginning = shorten(detail, Math.min(LONGEST_BEGINNING, LONGEST_CAPTION - frame - 10));
  return {
    kind: 'document',
    name: `permission-${question.id}.txt`,
    content: covers.length <= LONGEST_COVER ? detail : `${detail}\n\n“Allow for this run” covers: ${covers}\n`,
    body: richText(lines(head, '', FormattedString.pre(beginning), '📄 The whole of it is in the file.', cover, foot)),
    buttons,
  };
}

function renderAsk(question: QuestionRow, options: readonly string[], setting: QuestionSetting): Content {
  const isListed = options.some((option) => option.length > LONGEST_LABEL);
  const isOpen = question.state === 'open';
  const listed = isOpen && isListed ? options.map((option, index) => `${index + 1}. ${option}`) : [];
  const buttons = options.map((option, index) => [
    {
      text: isListed ? `${index + 1}. ${shorten(option, LONGEST_LABEL)}` : option,
      data: sign(question, index, setting),
    },
  ]);
  return {
    kind: 'text',
    body: richText(
      lines(
        line(bold(`❓ ${question.agent} asks`), ` · run ${question.runId}`),
        '',
        question.text,
        ...(listed.length === 0 ? [] : ['', ...listed]),
        '',
        renderState(question, setting),
        isOpen
          ? options.length === 0
            ? 'Reply to this message with your answer.'
            : 'Press an answer, or reply to this message with your own.'
          : undefined,
      ),
    ),
    buttons: isOpen ? buttons : [],
  };
}

function renderState(question: QuestionRow, setting: QuestionSetting): Piece {
  const at = (time: number): Piece => clockTime(time, setting.timezone, setting.now);
  const isPermission = question.kind === 'permission';
  switch (question.state) {
    case 'open':
      return isPermission
        ? line('⏳ Decide by ', at(question.expiresAt), ', or it is denied')
        : line('⏳ Answer by ', at(question.expiresAt));
    case 'answered': {
      const when = line(at(question.settledAt ?? question.expiresAt), setting.who);
      if (!isPermission)
        return lines(line('✅ Answered ', when, ':'), quote(shorten(question.answer ?? '', LONGEST_ANSWER)));
      if (question.answer === 'once') return line('✅ Allowed once ', when);
      return question.answer === 'run' ? line('✅ Allowed for this run ', when) : line('🚫 Denied ', when);
    }
    case 'expired':
      return line(isPermission ? '⌛ Denied ' : '⌛ Expired ', at(question.expiresAt), ': nobody answered in time');
    case 'withdrawn':
      // A CLI also takes a request back while its run goes on.
      return isPermission
        ? '⚪️ Nobody waits for it any more: nothing was decided'
        : '⚪️ The run is over: nothing was answered';
  }
}

function sign(question: QuestionRow, index: number, setting: CardSetting): string {
  return setting.callbackData.sign({ verb: 'choose', id: question.id, revision: index }, questionBinding(question));
}

/** What a phone would not show, or would show in another order, stands as an escape: what is read is what runs. */
function visible(text: string): string {
  return text.replace(
    /(?![\n\t])[\p{Cc}\p{Cf}\p{Co}\p{Zl}\p{Zp}\u115f\u1160\u3164\uffa0\u2800]/gu,
    (hidden) => `\\u{${hidden.codePointAt(0)?.toString(16) ?? ''}}`,
  );
}
