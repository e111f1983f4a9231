/** The inline keyboard under a message. */
import { element, icon, safeAddress } from './dom.js';

/** How long a pressed button may spin. Longer than any honest answer takes, shorter than a person's doubt that it was pressed. */
const PRESS_TIMEOUT_MS = 10_000;

/**
 * Builds a keyboard.
 * `actions`: press(row, column) resolves to whether the press was delivered, copy(text), unanswered() after the timeout.
 */
export function createKeyboard(actions) {
  const node = element('div', { class: 'keyboard', role: 'group', 'aria-label': 'Buttons of this message' });
  let pending = []; // Presses without an answer, oldest first; at most one per button, since a spinning one cannot be pressed.
  let owed = 0; // Answers that are still to come for this page's presses, also for those that stopped spinning.
  let shown = '';
  let rows = [];

  function render(buttons) {
    const wanted = JSON.stringify(buttons ?? []);
    if (wanted === shown) return;
    shown = wanted;
    const focused = placeOfFocus();
    rows = buttons ?? [];
    for (const press of pending) if (rows[press.row]?.[press.column]?.text !== press.text) clearTimeout(press.timer);
    pending = pending.filter((press) => rows[press.row]?.[press.column]?.text === press.text);
    node.hidden = rows.length === 0;
    node.replaceChildren(
      ...rows.map((buttonsOfRow, row) =>
        element('div', { class: 'keys' }, ...buttonsOfRow.map((button, column) => createKey(button, row, column))),
      ),
    );
    if (focused) node.children[focused.row]?.children[focused.column]?.focus({ preventScroll: true });
    showPending();
  }

  function createKey(button, row, column) {
    const style = ['primary', 'success', 'danger'].includes(button.style) ? button.style : 'plain';
    const label = element('span', { class: 'label', dir: 'auto' }, button.text);
    const href = button.url ? safeAddress(button.url) : null;
    if (href && !button.disabled) {
      return element(
        'a',
        { class: `key ${style}`, href, title: href, target: '_blank', rel: 'noopener noreferrer' },
        label,
        icon('arrow-out', 'corner'),
      );
    }
    if (button.copy_text && !button.disabled) {
      return element(
        'button',
        { type: 'button', class: `key ${style}`, onclick: () => actions.copy(button.copy_text) },
        label,
        icon('copy', 'corner'),
      );
    }
    const dead = button.disabled || !button.pressable;
    const onclick = () => press(row, column, button.text);
    return element(
      'button',
      { type: 'button', class: `key ${style}`, disabled: dead, onclick },
      label,
      element('span', { class: 'spinner', 'aria-hidden': 'true' }),
    );
  }

  function placeOfFocus() {
    const key = document.activeElement;
    if (!node.contains(key)) return null;
    const row = [...node.children].indexOf(key.parentElement);
    return row < 0 ? null : { row, column: [...node.children[row].children].indexOf(key) };
  }

  async function press(row, column, text) {
    if (pending.some((other) => other.row === row && other.column === column)) return;
    const entry = { row, column, text, timer: setTimeout(() => giveUp(entry), PRESS_TIMEOUT_MS) };
    pending.push(entry);
    showPending();
    owed += 1;
    if (await actions.press(row, column)) return;
    owed -= 1;
    settle(entry);
  }

  function giveUp(entry) {
    settle(entry);
    actions.unanswered();
  }

  function settle(entry) {
    clearTimeout(entry.timer);
    pending = pending.filter((other) => other !== entry);
    showPending();
  }

  function showPending() {
    for (const [row, keys] of [...node.children].entries()) {
      for (const [column, key] of [...keys.children].entries()) {
        const busy = pending.some((entry) => entry.row === row && entry.column === column);
        key.toggleAttribute('aria-busy', false);
        if (busy) key.setAttribute('aria-busy', 'true');
      }
    }
  }

  return {
    node,
    render,
    /**
     * An answer does not say which button it is for: it ends the oldest press. False when this page did not press at all:
     * then another page did, and the answer is not for this one's reader.
     */
    answered() {
      if (owed === 0) return false;
      owed -= 1;
      if (pending[0]) settle(pending[0]);
      return true;
    },
    /** Ends every press silently; for a message that leaves the page. */
    dispose() {
      for (const entry of pending) clearTimeout(entry.timer);
      pending = [];
    },
  };
}
