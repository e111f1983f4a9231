/** A message's text and its Telegram entities, as DOM nodes. Offsets are UTF-16 code units, which is how JavaScript counts anyway. */
import { element, icon, safeAddress } from './dom.js';
import { formatDateTime } from './clock.js';
import { withFoundEntities } from './found-entities.js';

const BLOCKS = new Set(['pre', 'blockquote', 'expandable_blockquote']);

/**
 * Renders `text` into a fragment.
 * `actions`: send(text) for commands, copy(text) for code. `opened` is a set that outlives an edit: which spoilers and quotes
 * of this message were opened, by their place among the message's entities.
 */
export function renderText(text, entities, actions, opened) {
  const sorted = withFoundEntities(text, entities ?? [])
    .map((entity, index) => ({
      entity,
      key: `${entity.type}${index}`,
      start: entity.offset,
      end: entity.offset + entity.length,
    }))
    .sort((a, b) => a.start - b.start || b.end - a.end);
  const fragment = document.createDocumentFragment();
  append(fragment, text, 0, text.length, sorted, { actions, opened });
  return fragment;
}

/**
 * 1. Text up to the next span. 2. The span's node, with the spans inside it. 3. On, from its end.
 * Telegram's entities nest properly; a span that still crosses another's end is cut in two there, so any input gives a tree.
 */
function append(parent, text, from, to, spans, context) {
  let at = from;
  const waiting = [...spans];
  while (waiting.length > 0) {
    const span = waiting.shift();
    const start = Math.max(span.start, at);
    const end = Math.min(span.end, to);
    if (start >= end) continue;
    appendRun(parent, text.slice(at, start));
    const inside = [];
    const beyond = [];
    while (waiting.length > 0 && waiting[0].start < end) {
      const next = waiting.shift();
      inside.push(next);
      if (next.end > end) beyond.push({ ...next, start: end });
    }
    waiting.unshift(...beyond);
    const { node, content } = createSpan(span, text.slice(start, end), context);
    if (content) append(content, text, start, end, inside, context);
    parent.append(node);
    at = end;
  }
  appendRun(parent, text.slice(at, to));
}

/** A line feed right after a block would show as an empty line: the block has already ended the line. */
function appendRun(parent, run) {
  const afterBlock = parent.lastChild instanceof HTMLElement && parent.lastChild.dataset.block === '';
  const shown = afterBlock && run.startsWith('\n') ? run.slice(1) : run;
  if (shown) parent.append(shown);
}

/** The node of one span, and where the spans inside it go; `content` is null for a span that shows something else than its text. */
function createSpan(span, text, context) {
  const { entity } = span;
  const simple = { bold: 'strong', italic: 'em', underline: 'u', strikethrough: 's', blockquote: 'blockquote' }[
    entity.type
  ];
  if (simple) return whole(element(simple, { 'data-block': BLOCKS.has(entity.type) }));
  switch (entity.type) {
    case 'code':
      return whole(element('code', { title: 'Copy', onclick: () => context.actions.copy(text) }));
    case 'pre':
      return createPre(entity, text, context);
    case 'text_link':
      return whole(createLink(entity.url));
    case 'url':
      return whole(createLink(/^[a-z][a-z0-9+.-]*:/i.test(text) ? text : `http://${text}`));
    case 'email':
      return whole(createLink(`mailto:${text}`));
    case 'phone_number':
      return whole(createLink(`tel:${text.replace(/[^+\d]/g, '')}`));
    case 'bot_command':
      return whole(element('button', { type: 'button', class: 'command', onclick: () => context.actions.send(text) }));
    case 'mention':
    case 'text_mention':
    case 'hashtag':
    case 'cashtag':
      return whole(element('span', { class: 'tag' }));
    case 'spoiler':
      return whole(createSpoiler(span.key, context.opened));
    case 'expandable_blockquote':
      return createExpandable(span.key, context.opened);
    case 'date_time':
      return createTime(entity);
    default:
      return whole(element('span'));
  }
}

function whole(node) {
  return { node, content: node };
}

function createLink(address) {
  const href = safeAddress(address);
  return href ? element('a', { href, title: href, target: '_blank', rel: 'noopener noreferrer' }) : element('span');
}

function createPre(entity, text, context) {
  const content = element('code');
  const copy = element(
    'button',
    { type: 'button', class: 'copy', 'aria-label': 'Copy the code', onclick: () => context.actions.copy(text) },
    icon('copy'),
  );
  const language = entity.language ? element('span', { class: 'language' }, entity.language) : '';
  const node = element(
    'div',
    { class: 'pre', 'data-block': true },
    copy,
    language,
    element('pre', { tabindex: 0 }, content),
  );
  return { node, content };
}

function createTime(entity) {
  const moment = new Date(entity.unix_time * 1000);
  const format = entity.date_time_format ?? '';
  const node = element('time', {
    title: moment.toLocaleString(),
    datetime: moment.toISOString(),
    'data-format': format,
    'data-unix': entity.unix_time,
  });
  const shown = formatDateTime(entity.unix_time, format);
  if (shown === null) return whole(node);
  node.textContent = shown;
  return { node, content: null };
}

function createSpoiler(key, opened) {
  const node = element('span', { class: 'spoiler' });
  if (opened.has(key)) return node;
  node.classList.add('hidden');
  node.tabIndex = 0;
  node.setAttribute('role', 'button');
  node.setAttribute('aria-label', 'Hidden text, press to show');
  function reveal(event) {
    if (event.type === 'keydown' && event.key !== 'Enter' && event.key !== ' ') return;
    event.preventDefault();
    opened.add(key);
    node.classList.remove('hidden');
    for (const name of ['role', 'tabindex', 'aria-label']) node.removeAttribute(name);
  }
  node.addEventListener('click', reveal, { once: true });
  node.addEventListener('keydown', reveal);
  return node;
}

function createExpandable(key, opened) {
  const content = element('div', { class: 'folded-text' });
  const toggle = element('button', { type: 'button', class: 'unfold' }, icon('down'));
  const node = element('blockquote', { class: 'expandable', 'data-block': true }, content, toggle);
  function show() {
    node.classList.toggle('open', opened.has(key));
    toggle.setAttribute('aria-expanded', String(opened.has(key)));
    toggle.setAttribute('aria-label', opened.has(key) ? 'Show less of the quote' : 'Show the whole quote');
  }
  toggle.addEventListener('click', () => {
    if (!opened.delete(key)) opened.add(key);
    show();
  });
  show();
  return { node, content };
}
