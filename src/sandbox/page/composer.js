/** Where the owner writes: the growing field, the reply bar, sending. */

/** Telegram's limit for one message, in UTF-16 code units. */
const MAX_TEXT = 4096;

/** The count appears this many units before the limit. */
const COUNT_FROM = 300;

/**
 * Builds the composer.
 * `send(text, replyTo)` resolves to whether it was delivered; `describe(message)` gives {name, text} for the reply bar.
 */
export function createComposer({ form, field, sendButton, count, replyBar, send, describe }) {
  const placeholder = field.placeholder;
  let replyTo = null;
  let sending = Promise.resolve(); // One after the other, so that two quick messages keep their order; no longer than a person types.

  function refresh() {
    field.style.height = 'auto';
    field.style.height = `${field.scrollHeight}px`;
    const left = MAX_TEXT - field.value.trim().length;
    sendButton.disabled = left === MAX_TEXT || left < 0;
    count.hidden = left > COUNT_FROM;
    count.textContent = String(left);
    count.classList.toggle('over', left < 0);
  }

  function replyToMessage(message) {
    replyTo = message;
    replyBar.hidden = !message;
    field.placeholder = message?.asks || placeholder;
    if (!message) return;
    const { name, text } = describe(message);
    replyBar.querySelector('b').textContent = `Reply to ${name}`;
    replyBar.querySelector('.quoted span').textContent = text;
    field.focus();
  }

  function submit(text) {
    const target = replyTo;
    replyToMessage(null);
    sending = sending.then(async () => {
      if (await send(text, target?.id)) return;
      if (field.value === '') field.value = text; // Nothing that was typed is lost.
      if (target && !replyTo) replyToMessage(target);
      refresh();
    });
  }

  form.addEventListener('submit', (event) => {
    event.preventDefault();
    const text = field.value.trim();
    if (!text || text.length > MAX_TEXT) return;
    field.value = '';
    refresh();
    submit(text);
    field.focus();
  });
  field.addEventListener('input', refresh);
  field.addEventListener('keydown', (event) => {
    if (event.defaultPrevented || event.isComposing) return;
    if (event.key === 'Escape' && replyTo) replyToMessage(null);
    if (event.key !== 'Enter' || event.shiftKey) return;
    event.preventDefault();
    form.requestSubmit();
  });
  replyBar.querySelector('button').addEventListener('click', () => {
    replyToMessage(null);
    field.focus();
  });

  return {
    reply: replyToMessage,
    refresh,
    /** Sends something that was not typed: a command that was tapped. */
    submit,
    clear() {
      field.value = '';
      refresh();
    },
    /** A reply to a message that was deleted meanwhile has no target any more. */
    forget(id) {
      if (replyTo?.id === id) replyToMessage(null);
    },
  };
}
