/*
 * Light or dark. A classic script in the head, not a module: it must have run before the first paint, or a remembered choice would flash.
 * Without a remembered choice the page follows the system (style.css: color-scheme).
 */
(function theme() {
  const root = document.documentElement;
  const systemIsDark = matchMedia('(prefers-color-scheme: dark)');

  function remembered() {
    try {
      return localStorage.getItem('nightdesk.theme');
    } catch {
      return null; // Storage is blocked: the choice lasts as long as the page.
    }
  }

  function remember(choice) {
    try {
      localStorage.setItem('nightdesk.theme', choice);
    } catch {
      root.dataset.remembered = 'no'; // Storage is blocked; the choice itself still holds for this page.
    }
  }

  function isDark() {
    return root.dataset.theme ? root.dataset.theme === 'dark' : systemIsDark.matches;
  }

  function label(button) {
    button.setAttribute('aria-label', isDark() ? 'Switch to light' : 'Switch to dark');
    button.title = button.getAttribute('aria-label');
  }

  const choice = remembered();
  if (choice === 'light' || choice === 'dark') root.dataset.theme = choice;

  addEventListener('DOMContentLoaded', () => {
    const button = document.getElementById('theme');
    label(button);
    systemIsDark.addEventListener('change', () => label(button));
    button.addEventListener('click', () => {
      root.dataset.theme = isDark() ? 'light' : 'dark';
      remember(root.dataset.theme);
      label(button);
    });
  });
})();
