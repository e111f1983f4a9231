/** The list of messages: order, groups, days, and a scroll position that never jumps under the reader. */
import { createAlbums, runsOf } from './album.js';
import { element, prefersStillness } from './dom.js';
import { dayKey, dayName } from './clock.js';
import { createMessageView } from './message-view.js';

/** More than this and layout gets slow on an old phone; the oldest leave the page, not the sandbox. */
const MAX_MESSAGES = 400;

/** Messages of one sender within this time stand together. */
const GROUP_MS = 5 * 60_000;

/** As close to the end as this counts as being there: a thumb does not stop at the last pixel. */
const BOTTOM_PX = 48;

/**
 * Builds the log inside `scroller` and `log`.
 * `actions` as for a message view, without `find` and `jump`; `onChange()` is called whenever unread or the counts may have changed.
 */
export function createChatLog({ scroller, log, actions, onChange }) {
  const views = new Map();
  const unread = new Set();
  const albums = createAlbums();
  let following = true; // Whether the reader was at the end when they last scrolled: a later change of size must not lose it.
  let loaded = false;

  const viewActions = { ...actions, find: (id) => views.get(id)?.message(), jump };

  function isAtEnd() {
    return scroller.scrollHeight - scroller.scrollTop - scroller.clientHeight <= BOTTOM_PX;
  }

  /** Changes the page without moving what the reader looks at: the end stays the end, otherwise the first visible message stays in place. */
  function keepPlace(change) {
    const atEnd = following && isAtEnd();
    const top = scroller.getBoundingClientRect().top;
    const anchor = atEnd
      ? undefined
      : [...views.values()].find((view) => view.node.getBoundingClientRect().bottom > top)?.node;
    const before = anchor?.getBoundingClientRect().top;
    change();
    if (atEnd) scroller.scrollTop = scroller.scrollHeight;
    else if (anchor?.isConnected) scroller.scrollTop += anchor.getBoundingClientRect().top - before;
  }

  /** Puts separators and messages into their order and marks where groups begin and end. */
  function arrange() {
    const ordered = [...views.values()];
    const wanted = [];
    for (const [index, view] of ordered.entries()) {
      const message = view.message();
      const previous = ordered[index - 1]?.message();
      const next = ordered[index + 1]?.message();
      view.node.classList.toggle('first', !standTogether(previous, message));
      view.node.classList.toggle('last', !standTogether(message, next));
    }
    const shownAlbums = new Set();
    let day;
    for (const { group, views: members } of runsOf(ordered)) {
      const { date } = members[0].message();
      if (dayKey(date) !== day) wanted.push(separatorOf(date));
      day = dayKey(date);
      if (members.length === 1) wanted.push(members[0].node);
      else {
        shownAlbums.add(group);
        wanted.push(albums.frameOf(group, members));
      }
    }
    albums.keepOnly(shownAlbums);
    let at = log.firstChild;
    for (const node of wanted) {
      if (node === at) at = at.nextSibling;
      else log.insertBefore(node, at);
    }
    while (at) {
      const next = at.nextSibling;
      at.remove();
      at = next;
    }
  }

  function separatorOf(date) {
    const key = dayKey(date);
    const existing = [...log.children].find((node) => node.dataset.day === key);
    const node = existing ?? element('div', { class: 'day', 'data-day': key, role: 'separator' }, element('span'));
    node.firstElementChild.textContent = dayName(date);
    return node;
  }

  function put(message) {
    const existing = views.get(message.id);
    if (existing) existing.update(message);
    else views.set(message.id, createMessageView(message, viewActions));
    for (const view of views.values()) if (view.message().reply_to === message.id) view.refresh();
    return !existing;
  }

  function drop(id) {
    views.get(id)?.dispose();
    views.delete(id);
    unread.delete(id);
  }

  function trim() {
    for (const id of [...views.keys()].slice(0, Math.max(0, views.size - MAX_MESSAGES))) drop(id);
  }

  function noteArrivals(messages) {
    const away = document.hidden || !(following && isAtEnd());
    if (away) for (const message of messages) if (message.from === 'bot') unread.add(message.id);
  }

  function toEnd(behavior = 'auto') {
    following = true;
    scroller.scrollTo({ top: scroller.scrollHeight, behavior: prefersStillness() ? 'auto' : behavior });
  }

  function jump(id) {
    const view = views.get(id);
    if (!view) return;
    view.node.scrollIntoView({ block: 'center', behavior: prefersStillness() ? 'auto' : 'smooth' });
    view.flash();
  }

  function read() {
    if (!document.hidden && isAtEnd()) unread.clear();
    onChange();
  }

  scroller.addEventListener(
    'scroll',
    () => {
      following = isAtEnd();
      read();
    },
    { passive: true },
  );
  document.addEventListener('visibilitychange', read);
  const onResize = new ResizeObserver(() => {
    if (following) scroller.scrollTop = scroller.scrollHeight;
  });
  onResize.observe(scroller);
  onResize.observe(log);

  return {
    jump,
    toEnd,
    /** Takes over a snapshot: after a reconnect what is already there stays as it is. Returns the messages that are new to the page, none on the first call. */
    reset(messages) {
      const fresh = loaded ? messages.filter((message) => !views.has(message.id)) : [];
      noteArrivals(fresh);
      keepPlace(() => {
        const present = new Set(messages.map((message) => message.id));
        for (const id of views.keys()) if (!present.has(id)) drop(id);
        for (const message of messages) put(message);
        trim();
        arrange();
      });
      if (!loaded) toEnd();
      loaded = true;
      onChange();
      return fresh;
    },
    /** Adds a message at the end; false when it was there already. */
    add(message) {
      noteArrivals([message]);
      let isNew = false;
      keepPlace(() => {
        isNew = put(message);
        trim();
        arrange();
        if (isNew) views.get(message.id)?.node.classList.add('arriving');
      });
      if (isNew && message.from === 'user') toEnd();
      onChange();
      return isNew;
    },
    edit(message) {
      if (views.has(message.id)) keepPlace(() => put(message));
      onChange();
    },
    remove(id) {
      keepPlace(() => {
        drop(id);
        for (const view of views.values()) if (view.message().reply_to === id) view.refresh();
        arrange();
      });
      onChange();
    },
    /** An answer came for a press in this message; whether it was this page's. */
    answered: (id) => views.get(id)?.answered() ?? false,
    isAtEnd: () => following && isAtEnd(),
    /** What the counters show: all that arrived with and without a sound, and what of it was not seen yet. */
    counts() {
      const fromBot = [...views.values()].map((view) => view.message()).filter((message) => message.from === 'bot');
      const loud = fromBot.filter((message) => !message.silent);
      const unseenBuzzes = loud.filter((message) => unread.has(message.id)).length;
      return {
        total: views.size,
        buzzes: loud.length,
        silent: fromBot.length - loud.length,
        unread: unread.size,
        unseenBuzzes,
      };
    },
    /** Renames the days, for a page that stays open over midnight. */
    renameDays() {
      for (const view of views.values()) separatorOf(view.message().date);
    },
  };
}

function standTogether(first, second) {
  if (!first || !second || first.from !== second.from) return false;
  return second.date - first.date < GROUP_MS && dayKey(first.date) === dayKey(second.date);
}
