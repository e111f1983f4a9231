/** What comes and goes over the chat: toasts, the alert, the banner, the shake of a buzzing phone. */
import { element } from './dom.js';

const TOAST_MS = 3_500;
const BANNER_MS = 4_500;

/** Alerts that wait behind an open one. A bot that sends more is not read anyway. */
const MAX_WAITING_ALERTS = 5;

/** Builds the notices; `parts` are the elements of index.html that they live in. */
export function createNotices({ toasts, alert, alertName, alertText, banner, phone }) {
  const waiting = [];
  let bannerTimer;

  function toast(text) {
    const node = element('div', { class: 'toast', dir: 'auto' }, text);
    toasts.replaceChildren(node); // One at a time, as in Telegram: the newest answers the newest press.
    setTimeout(() => node.remove(), TOAST_MS);
  }

  function showAlert(name, text) {
    if (alert.open) {
      if (waiting.length < MAX_WAITING_ALERTS) waiting.push([name, text]);
      return;
    }
    alertName.textContent = name;
    alertText.textContent = text;
    alert.showModal();
  }

  alert.addEventListener('close', () => {
    const next = waiting.shift();
    if (next) showAlert(...next);
  });

  function hideBanner() {
    clearTimeout(bannerTimer);
    banner.hidden = true;
  }

  function showBanner(name, text, onOpen) {
    hideBanner();
    banner.replaceChildren(element('b', {}, name), element('span', { dir: 'auto' }, text));
    banner.onclick = () => {
      hideBanner();
      onOpen();
    };
    banner.hidden = false;
    bannerTimer = setTimeout(hideBanner, BANNER_MS);
  }

  /** The phone buzzes in the hand: it shakes on a desktop, and vibrates where there is something to vibrate. */
  function buzz() {
    if (navigator.userActivation?.hasBeenActive) navigator.vibrate?.([60, 40, 60]);
    phone.classList.remove('buzzing');
    void phone.offsetWidth; // Restarts the animation for a second buzz.
    phone.classList.add('buzzing');
  }
  phone.addEventListener('animationend', (event) => {
    if (event.target === phone) phone.classList.remove('buzzing');
  });

  async function copy(text) {
    toast((await copyText(text)) ? 'Copied' : 'The browser did not allow copying');
  }

  return { toast, showAlert, showBanner, hideBanner, buzz, copy };
}

/** The page is served on loopback, where the clipboard is available; the browser may still refuse it. */
async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
