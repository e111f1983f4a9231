/** Messages whose files came together stand together: as tiles in one frame, as Telegram's apps show them. */
import { element } from './dom.js';

/** Builds what keeps the frames of albums, so that one that did not change is not built again. */
export function createAlbums() {
  const frames = new Map();

  /** Puts `views`, which follow each other, into the frame of their group and returns it. */
  function frameOf(group, views) {
    const frame = frames.get(group) ?? element('div', { class: 'album' });
    frames.set(group, frame);
    const tiles = views.map(({ node }) => node);
    const captioned = views.filter((view) => (view.message().text ?? '') !== '');
    // One caption is the album's; of several, each belongs to its picture and is read there.
    const children = captioned.length === 1 ? [...tiles, captionOf(frame, captioned[0])] : tiles;
    if (children.length !== frame.children.length || children.some((child, at) => child !== frame.children[at]))
      frame.replaceChildren(...children);
    frame.classList.toggle('odd', tiles.length % 2 === 1);
    frame.classList.toggle('pair', tiles.length === 2);
    return frame;
  }

  function captionOf(frame, view) {
    const shown = frame.querySelector('.album-caption');
    const { text } = view.message();
    if (shown?.dataset.text === text) return shown;
    return element('div', { class: 'album-caption', dir: 'auto', 'data-text': text }, view.caption());
  }

  /** Forgets the frames of groups that are not shown any more. */
  function keepOnly(groups) {
    for (const group of frames.keys()) if (!groups.has(group)) frames.delete(group);
  }

  return { frameOf, keepOnly };
}

/** Cuts the views, in their order, into runs: those of one album together, all others alone. */
export function runsOf(views) {
  const runs = [];
  for (const view of views) {
    const group = view.message().group;
    const last = runs.at(-1);
    if (group !== undefined && last?.group === group) last.views.push(view);
    else runs.push({ group, views: [view] });
  }
  return runs;
}
