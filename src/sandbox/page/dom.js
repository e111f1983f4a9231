/** Small tools for building DOM nodes. Data only ever becomes text nodes and attributes here, never markup. */

const SVG = 'http://www.w3.org/2000/svg';

/** Creates an element; `on…` properties become listeners, `class` the class name, the rest attributes (false and null are left out). */
export function element(tag, properties = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  node.append(...children);
  return node;
}

/** One of the symbols of index.html, hidden from screen readers: the label belongs to what it sits in. */
export function icon(name, className = '') {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('aria-hidden', 'true');
  svg.setAttribute('class', `icon ${className}`);
  const use = document.createElementNS(SVG, 'use');
  use.setAttribute('href', `#i-${name}`);
  svg.append(use);
  return svg;
}

/** The address if a link may lead there, otherwise null: what a bot sends must never run as a script. */
export function safeAddress(address) {
  const url = URL.parse(address, location.href);
  return url && ['http:', 'https:', 'mailto:', 'tel:', 'tg:'].includes(url.protocol) ? url.href : null;
}

/** Whether the person asked their system for less movement. */
export function prefersStillness() {
  return matchMedia('(prefers-reduced-motion: reduce)').matches;
}
