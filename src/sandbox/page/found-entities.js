/** What Telegram marks by itself in plain text: commands and addresses. */

const COMMAND = /(?<=^|\s)\/[A-Za-z0-9_]{1,64}(?:@[A-Za-z0-9_]{3,32})?(?=$|[^\w@/])/g;
const ADDRESS = /\bhttps?:\/\/[^\s<>"]*[^\s<>"'.,;:!?)\]}]/gi;

/** Nothing is found inside these: code is literal, and a link leads somewhere already. */
const CLOSED = new Set(['code', 'pre', 'text_link', 'url', 'email', 'bot_command', 'date_time', 'text_mention']);

/** The given entities, and those that a Telegram client would show besides them. */
export function withFoundEntities(text, entities) {
  const closed = entities.filter((entity) => CLOSED.has(entity.type));
  const isFree = (start, end) =>
    closed.every((entity) => end <= entity.offset || start >= entity.offset + entity.length);
  const matches = [...find(text, COMMAND, 'bot_command'), ...find(text, ADDRESS, 'url').filter(hasDottedHost(text))];
  return [...entities, ...matches.filter((entity) => isFree(entity.offset, entity.offset + entity.length))];
}

function find(text, pattern, type) {
  return [...text.matchAll(pattern)].map((match) => ({ type, offset: match.index, length: match[0].length }));
}

/** Telegram takes a host without a dot, such as localhost, for no address. */
function hasDottedHost(text) {
  return ({ offset, length }) => URL.parse(text.slice(offset, offset + length))?.hostname.includes('.') ?? false;
}
