/** Whose phone this page is, and which chat is open on it: a choice where there is one. The address of the page holds it. */
import { element } from './dom.js';

/** Shows the choices in `nav`; each change opens the page anew. */
export function showViews(nav, { people, groups, view }) {
  nav.hidden = people.length < 2 && groups.length === 0;
  if (nav.hidden) return;
  const chats = [
    { value: String(view.as), label: 'alone with the bot' },
    ...groups.flatMap(({ id, title, topics = [] }) => [
      { value: String(id), label: title },
      ...topics.map((topic) => ({ value: `${id}/${topic.id}`, label: `${title} › ${topic.name}` })),
    ]),
  ];
  const open = view.topic === null ? String(view.chat) : `${view.chat}/${view.topic}`;
  const persons = people.map(({ id, name }) => ({ value: String(id), label: name }));
  nav.replaceChildren(
    choice('Person', persons, String(view.as), (as) => go(as, open === String(view.as) ? as : open)),
    choice('Chat', chats, open, (chat) => go(String(view.as), chat)),
  );
}

function go(as, chat) {
  const [id, topic] = chat.split('/');
  const query = new URLSearchParams({ as, chat: id, ...(topic === undefined ? {} : { topic }) });
  location.search = query.toString();
}

function choice(label, options, chosen, onChoose) {
  const select = element(
    'select',
    { 'aria-label': label },
    ...options.map((option) => element('option', { value: option.value }, option.label)),
  );
  select.value = chosen;
  select.addEventListener('change', () => onChoose(select.value));
  return select;
}
