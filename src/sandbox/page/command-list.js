/** The bot's commands: the list over the composer, for the menu button and for what is being typed. */
import { element } from './dom.js';

/** Builds the list in `panel`; `choose(command)` gets the chosen one, with its slash. */
export function createCommandList({ panel, list, field, menu, choose }) {
  let commands = [];
  let shown = [];
  let active = -1;
  let openedByMenu = false;

  function render(matches) {
    shown = matches;
    active = matches.length > 0 && !openedByMenu ? 0 : -1;
    list.replaceChildren(
      ...matches.map((command, index) => {
        const option = element(
          'li',
          { role: 'option', id: `command-${index}` },
          element('b', {}, `/${command.command}`),
          element('span', {}, command.description),
        );
        option.addEventListener('pointerdown', (event) => event.preventDefault()); // The field keeps its focus.
        option.addEventListener('click', () => pick(index));
        return option;
      }),
    );
    panel.hidden = matches.length === 0;
    panel.scrollTop = 0;
    menu.setAttribute('aria-expanded', String(!panel.hidden));
    highlight();
  }

  function highlight() {
    for (const [index, option] of [...list.children].entries())
      option.setAttribute('aria-selected', String(index === active));
    if (active >= 0) {
      field.setAttribute('aria-activedescendant', `command-${active}`);
      list.children[active].scrollIntoView({ block: 'nearest' });
    } else field.removeAttribute('aria-activedescendant');
  }

  function pick(index) {
    const command = `/${shown[index].command}`;
    close();
    choose(command);
  }

  function close() {
    openedByMenu = false;
    render([]);
  }

  /** Shows what fits the typed text: a slash and the beginning of a name, nothing after it. An exact name comes first. */
  function suggest(text) {
    openedByMenu = false;
    const typed = /^\/([a-z0-9_]*)$/i.exec(text)?.[1]?.toLowerCase();
    const matches = typed === undefined ? [] : commands.filter(({ command }) => command.startsWith(typed));
    render(matches.sort((a, b) => Number(b.command === typed) - Number(a.command === typed)));
  }

  /** The keys of an open list; true when the key was one of them. */
  function handleKey(event) {
    if (panel.hidden) return false;
    if (event.key === 'Escape') close();
    else if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      const step = event.key === 'ArrowDown' ? 1 : -1;
      active = active < 0 ? (step > 0 ? 0 : shown.length - 1) : (active + step + shown.length) % shown.length;
      highlight();
    } else if (event.key === 'Tab' && active >= 0 && !event.shiftKey) {
      field.value = `/${shown[active].command} `;
      field.dispatchEvent(new Event('input')); // As if typed: the list closes, the field and its button follow.
    } else if (event.key === 'Enter' && active >= 0 && !event.shiftKey) pick(active);
    else return false;
    event.preventDefault();
    return true;
  }

  menu.addEventListener('click', () => {
    if (!panel.hidden) return close();
    openedByMenu = true;
    render([...commands]);
    field.focus({ preventScroll: true });
  });
  document.addEventListener('pointerdown', (event) => {
    if (!panel.hidden && !panel.contains(event.target) && !menu.contains(event.target)) close();
  });

  return {
    suggest,
    handleKey,
    close,
    set(next) {
      commands = next;
      menu.hidden = next.length === 0;
      if (!panel.hidden) close();
    },
  };
}
