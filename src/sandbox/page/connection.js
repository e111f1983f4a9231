/** The page's line to the sandbox: events in, sends and presses out. */

/** EventSource reconnects by itself, except after an answer that is not an event stream; then this page does, this much later. */
const REOPEN_MS = 2_000;

const EVENTS = ['snapshot', 'message', 'edit', 'delete', 'answer', 'commands'];

/** Keeps an event stream open for as long as the page lives; `onEvent(name, data)`, `onState(online)`. */
export function openEvents({ onEvent, onState }) {
  const source = new EventSource(`/phone/events${location.search}`);
  for (const name of EVENTS) {
    source.addEventListener(name, (event) => {
      if (name === 'snapshot') onState(true);
      onEvent(name, JSON.parse(event.data));
    });
  }
  source.addEventListener('error', () => {
    onState(false);
    if (source.readyState !== EventSource.CLOSED) return;
    setTimeout(() => openEvents({ onEvent, onState }), REOPEN_MS);
  });
}

/** Posts to the sandbox; resolves to `taken`, `refused` (what it was about is gone), or `unreachable`. */
export async function post(path, body) {
  try {
    const response = await fetch(`${path}${location.search}`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    if (response.ok) return 'taken';
    return response.status < 500 ? 'refused' : 'unreachable';
  } catch {
    return 'unreachable';
  }
}
