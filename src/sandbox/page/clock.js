/** How times are written. All input is epoch milliseconds unless a name says otherwise. */

const DAY_MS = 86_400_000;

/** Hours and minutes, as the reader's locale writes them. */
export function timeOfDay(ms) {
  return new Date(ms).toLocaleTimeString([], { timeStyle: 'short' });
}

/** A key that two moments share when they are on one local day. */
export function dayKey(ms) {
  return new Date(ms).toDateString();
}

/** "Today", "Yesterday", or the date; with the year when it is another one. */
export function dayName(ms, now = Date.now()) {
  if (dayKey(ms) === dayKey(now)) return 'Today';
  if (dayKey(ms) === dayKey(now - DAY_MS)) return 'Yesterday';
  const sameYear = new Date(ms).getFullYear() === new Date(now).getFullYear();
  return new Date(ms).toLocaleDateString([], {
    day: 'numeric',
    month: 'long',
    ...(sameYear ? {} : { year: 'numeric' }),
  });
}

/** A span in its largest unit: "in 3 hours", "5 minutes ago". */
function relative(unixSeconds, now = Date.now()) {
  const seconds = unixSeconds - now / 1000;
  const units = [
    ['day', 86_400],
    ['hour', 3600],
    ['minute', 60],
    ['second', 1],
  ];
  const [unit, size] = units.find(([, length]) => Math.abs(seconds) >= length) ?? ['second', 1];
  return new Intl.RelativeTimeFormat([], { numeric: 'auto' }).format(Math.trunc(seconds / size), unit);
}

/**
 * What a date_time entity shows; null where the format is empty and the sender's own words stay.
 * The letters and their order are those of core.telegram.org/constructor/messageEntityFormattedDate:
 * r relative; w weekday, then t/T time, then d/D date.
 */
export function formatDateTime(unixSeconds, format, now = Date.now()) {
  if (!format) return null;
  if (format === 'r') return relative(unixSeconds, now);
  const date = new Date(unixSeconds * 1000);
  const otherYear = date.getFullYear() !== new Date(now).getFullYear();
  const parts = {
    w: () => date.toLocaleDateString([], { weekday: 'long' }),
    t: () => date.toLocaleTimeString([], { timeStyle: 'short' }),
    T: () => date.toLocaleTimeString([], { timeStyle: 'medium' }),
    d: () => date.toLocaleDateString([], { day: 'numeric', month: 'short', ...(otherYear ? { year: 'numeric' } : {}) }),
    D: () => date.toLocaleDateString([], { dateStyle: 'long' }),
  };
  return ['w', 't', 'T', 'd', 'D']
    .filter((letter) => format.includes(letter))
    .map((letter) => parts[letter]())
    .join(', ');
}

/** Rewrites every relative time inside `root`; called on a tick, so that a countdown counts without an edit. */
export function refreshRelativeTimes(root) {
  for (const node of root.querySelectorAll('time[data-format="r"]')) {
    const text = relative(Number(node.dataset.unix));
    if (node.textContent !== text) node.textContent = text;
  }
}
