/** Pictures as large as the screen: swiped or stepped through, with their captions below. */
import { element, icon, prefersStillness } from './dom.js';

/** Shows `pictures` ({src, name, caption}), beginning with the one at `index`, until it is closed. */
export function openViewer(pictures, index) {
  const strip = element('div', { class: 'strip', tabindex: -1 }, ...pictures.map(createFigure));
  const close = element(
    'button',
    { type: 'button', class: 'viewer-close', 'aria-label': 'Close', onclick: () => dialog.close() },
    icon('close'),
  );
  const dialog = element('dialog', { class: 'viewer', 'aria-label': 'Pictures' }, strip, close);
  const step = (count) =>
    strip.scrollBy({ left: count * strip.clientWidth, behavior: prefersStillness() ? 'auto' : 'smooth' });
  dialog.addEventListener('keydown', ({ key }) => {
    if (key === 'ArrowRight') step(1);
    else if (key === 'ArrowLeft') step(-1);
  });
  dialog.addEventListener('click', ({ target }) => {
    if (target === dialog || target.classList.contains('sheet')) dialog.close();
  });
  dialog.addEventListener('close', () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  strip.scrollLeft = index * strip.clientWidth;
}

function createFigure({ src, name, caption }) {
  return element(
    'figure',
    { class: 'sheet' },
    element('img', { src, alt: name }),
    ...(caption === '' ? [] : [element('figcaption', { dir: 'auto' }, caption)]),
  );
}
