/** One message on the page: its bubble, its keyboard, and how both change when it is edited. */
import { element, icon, prefersStillness, safeAddress } from './dom.js';
import { timeOfDay } from './clock.js';
import { renderText } from './entities.js';
import { createKeyboard } from './keyboard.js';
import { openViewer } from './viewer.js';

/** How long a finger rests on a message before that means "reply"; a scroll or a tap is over sooner. */
const LONG_PRESS_MS = 480;

/**
 * Builds the view of a message.
 * `actions`: send(text), copy(text), press(message, row, column), unanswered(), reply(message), jump(id), find(id) → message or undefined, nameOf(message).
 */
export function createMessageView(first, actions) {
  let message = first;
  let shownContent = '';
  const opened = new Set();
  const bubble = element('div', { class: 'bubble' });
  const keyboard = createKeyboard({
    press: (row, column) => actions.press(message, row, column),
    copy: actions.copy,
    unanswered: actions.unanswered,
  });
  const replyButton = element(
    'button',
    { type: 'button', class: 'reply', 'aria-label': 'Reply', title: 'Reply', onclick: () => actions.reply(message) },
    icon('reply'),
  );
  const card = element('div', { class: 'card' }, bubble, keyboard.node);
  const node = element(
    'article',
    { class: `message ${message.from === 'bot' ? 'from-bot' : 'from-user'}`, tabindex: -1 },
    element('div', { class: 'row' }, card, replyButton),
  );
  node.dataset.id = message.id;
  listenForLongPress(bubble, () => actions.reply(message));

  function update(next) {
    message = next;
    node.setAttribute('aria-label', `${actions.nameOf(message)}, ${timeOfDay(message.date)}`);
    keyboard.render(message.buttons);
    card.classList.toggle('with-keys', (message.buttons ?? []).length > 0);
    const quoted =
      message.reply_to === null || message.reply_to === undefined ? null : preview(actions.find(message.reply_to));
    const content = JSON.stringify([
      message.text,
      message.entities,
      message.edit_date,
      message.document,
      message.media,
      message.silent,
      quoted,
    ]);
    if (content === shownContent) return;
    const isEdit = shownContent !== '';
    shownContent = content;
    renderBubble(quoted);
    if (isEdit && !prefersStillness())
      bubble.firstElementChild.animate([{ opacity: 0.35 }, { opacity: 1 }], { duration: 260, easing: 'ease-out' });
  }

  function renderBubble(quoted) {
    const body = element('div', { class: 'body' });
    if (quoted) body.append(createQuote(quoted));
    if (message.document) body.append(createDocument(message.document));
    if (message.media) body.append(createMedia(message.media, (message.text ?? '').trim(), bubble));
    const text = element(
      'div',
      { class: 'text', dir: 'auto' },
      renderText(message.text ?? '', message.entities, actions, opened),
      createMeta(message),
    );
    body.append(text);
    bubble.replaceChildren(body, icon('tail', 'tail'));
    requestAnimationFrame(() => markFoldable(body));
  }

  function createQuote({ name, text, isBot }) {
    const lines = [element('b', {}, name), element('span', { dir: 'auto' }, text)];
    return element(
      'button',
      {
        type: 'button',
        class: `quote ${isBot ? 'of-bot' : 'of-user'}`,
        'aria-label': `In reply to ${name}: ${text}`,
        onclick: () => actions.jump(message.reply_to),
      },
      ...lines,
    );
  }

  function preview(target) {
    if (!target) return { name: 'Reply', text: 'a message that is no longer here', isBot: true };
    return { name: actions.nameOf(target), text: summary(target), isBot: target.from === 'bot' };
  }

  update(message);
  return {
    node,
    update,
    /** Renders again with what is known now: the message that this one replies to may have changed. */
    refresh: () => update(message),
    message: () => message,
    /** What the caption says, for the album that it belongs to. */
    caption: () => renderText(message.text ?? '', message.entities, actions, opened),
    answered: keyboard.answered,
    dispose: keyboard.dispose,
    /** Draws the eye to the message after a jump. */
    flash() {
      node.classList.remove('flash');
      void node.offsetWidth; // Restarts the animation when the same message is jumped to twice.
      node.classList.add('flash');
      node.focus({ preventScroll: true });
    },
  };
}

/** The beginning of a message as one run of text, as Telegram shows it in notifications and above replies. */
export function summary(message) {
  const text = (message.text ?? '').trim().replace(/\s+/g, ' ');
  return (text || message.document?.name || message.media?.name || 'Message').slice(0, 240);
}

function createMeta(message) {
  const meta = element('span', { class: 'meta', dir: 'ltr' });
  if (message.silent && message.from === 'bot')
    meta.append(
      element(
        'span',
        { class: 'silent', role: 'img', 'aria-label': 'Sent without a sound', title: 'Sent without a sound' },
        icon('bell-off'),
      ),
    );
  if (message.edit_date)
    meta.append(element('span', { class: 'edited', title: new Date(message.edit_date).toLocaleString() }, 'edited'));
  meta.append(
    element(
      'time',
      { datetime: new Date(message.date).toISOString(), title: new Date(message.date).toLocaleString() },
      timeOfDay(message.date),
    ),
  );
  if (message.from === 'user') meta.append(icon('check', 'sent'));
  return meta;
}

/** A picture, a film or sound, as itself; a picture opens at the size of the screen, with the others of its album. */
function createMedia(file, caption, bubble) {
  const src = safeAddress(file.url);
  if (file.form !== 'photo')
    return element(file.form, { class: 'media', src, controls: '', preload: 'metadata', 'aria-label': file.name });
  const button = element(
    'button',
    { type: 'button', class: 'picture', 'aria-label': `Open ${file.name}` },
    element('img', { class: 'media', src, alt: file.name }),
  );
  button.dataset.caption = caption;
  button.addEventListener('click', () => {
    const together = [...(bubble.closest('.album') ?? bubble).querySelectorAll('.picture')];
    const pictures = together.map((each) => {
      const { src: shown, alt } = each.firstElementChild;
      return { src: shown, name: alt, caption: each.dataset.caption };
    });
    openViewer(pictures, together.indexOf(button));
  });
  return button;
}

function createDocument(file) {
  const href = safeAddress(file.url);
  const kind = /\.([a-z0-9]{1,4})$/i.exec(file.name)?.[1]?.toLowerCase() ?? 'file';
  const badge = element(
    'span',
    { class: 'file-badge', 'aria-hidden': 'true' },
    element('span', {}, kind),
    icon('download'),
  );
  const about = element(
    'span',
    { class: 'file-about' },
    element('b', { dir: 'auto' }, file.name),
    element('span', {}, `${formatSize(file.size)} · Download`),
  );
  return element(
    'a',
    { class: 'file', href, download: file.name, 'aria-label': `Download ${file.name}, ${formatSize(file.size)}` },
    badge,
    about,
  );
}

function formatSize(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  const [size, unit] = bytes < 1024 ** 2 ? [bytes / 1024, 'KB'] : [bytes / 1024 ** 2, 'MB'];
  return `${size.toFixed(size < 10 ? 1 : 0)} ${unit}`;
}

/** Only a quote that is longer than its folded height gets a way to unfold it. */
function markFoldable(body) {
  for (const quote of body.querySelectorAll('blockquote.expandable:not(.open)')) {
    const folded = quote.firstElementChild;
    quote.classList.toggle('short', folded.scrollHeight <= folded.clientHeight + 2);
  }
}

function listenForLongPress(target, act) {
  let timer;
  const cancel = () => clearTimeout(timer);
  target.addEventListener('pointerdown', (event) => {
    cancel();
    if (event.pointerType !== 'touch' || event.target.closest('a, button, pre')) return;
    timer = setTimeout(() => act(), LONG_PRESS_MS);
  });
  for (const name of ['pointerup', 'pointermove', 'pointercancel', 'pointerleave'])
    target.addEventListener(name, cancel);
}
