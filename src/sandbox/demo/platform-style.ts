/** The site's only style sheet; light and dark follow the device. */
export const siteStyle = `
:root { --paper: #f7f4ef; --card: #fffdfa; --ink: #26211c; --soft: #766c62; --line: #e6dfd5; --accent: #a8482a; --mark: #fdf0e6; }
@media (prefers-color-scheme: dark) {
  :root { --paper: #171513; --card: #211e1b; --ink: #ece5dc; --soft: #a1968a; --line: #35302b; --accent: #e58a66; --mark: #30241d; }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
a { color: inherit; text-decoration: none; }
a:hover b, a:hover time { text-decoration: underline; }
a:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 6px; }
nav { position: sticky; top: 0; z-index: 1; display: flex; justify-content: space-between; align-items: center; gap: 12px;
  padding: 10px max(16px, calc(50vw - 304px)); background: var(--paper); border-bottom: 1px solid var(--line); }
.brand { display: flex; align-items: center; gap: 8px; font-weight: 700; font-size: 18px; letter-spacing: -0.01em; }
.refresh { color: var(--accent); font-size: 14px; font-weight: 600; padding: 6px 0; }
main { max-width: 640px; margin: 0 auto; padding: 12px 16px 32px; }
.intro { color: var(--soft); margin: 6px 2px 14px; }
.intro span { white-space: nowrap; }
h2 { font-size: 14px; font-weight: 600; color: var(--soft); margin: 22px 2px 10px; }
h1 { font-size: 20px; line-height: 1.2; margin: 0; }
article { display: flex; gap: 12px; padding: 14px; margin-bottom: 10px; background: var(--card); border: 1px solid var(--line); border-radius: 14px; }
article.reply, article.marked { margin-left: 24px; }
article.ours { border-left: 3px solid var(--accent); }
article.marked { background: var(--mark); border-color: var(--accent); }
.words { flex: 1; min-width: 0; }
p { margin: 0; }
.who { line-height: 1.3; }
.meta { color: var(--soft); font-size: 14px; }
.meta > a[href^='/p/']:not(:has(time)) { text-decoration: underline; }
.badge { padding: 0 7px; border-radius: 9px; background: var(--accent); color: var(--card); font-size: 12px; font-weight: 600; }
.text { margin: 5px 0 8px; white-space: pre-line; overflow-wrap: anywhere; }
article.short .text { display: -webkit-box; -webkit-box-orient: vertical; -webkit-line-clamp: 9; overflow: hidden; }
article.root .text { font-size: 18px; }
.foot { display: flex; flex-wrap: wrap; gap: 2px 14px; }
.avatar { flex: none; width: 40px; height: 40px; border-radius: 50%; display: grid; place-items: center; color: #fff; font-weight: 700; font-size: 17px; }
.reply .avatar, .marked .avatar { width: 32px; height: 32px; font-size: 14px; }
.hue0 { background: #9c4a2f; } .hue1 { background: #4a6b5d; } .hue2 { background: #3f6387; } .hue3 { background: #7a5489; }
.hue4 { background: #8a6a1f; } .hue5 { background: #276b72; } .hue6 { background: #8d4560; } .hue7 { background: #55613a; }
.person { display: flex; gap: 14px; padding: 10px 2px 18px; }
.person .avatar { width: 56px; height: 56px; font-size: 24px; }
footer { max-width: 640px; margin: 0 auto; padding: 0 16px 32px; color: var(--soft); font-size: 13px; }
@media (max-width: 480px) { article.reply, article.marked { margin-left: 10px; } article { padding: 12px; } }
`;

/** The site's mark: a cup with a voice. */
export const siteIcon = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="9" fill="#a8482a"/>
<path d="M8 13h13v6a5 5 0 0 1-5 5h-3a5 5 0 0 1-5-5z" fill="#fff"/><path d="M21 15h1.5a2.5 2.5 0 0 1 0 5H21" fill="none" stroke="#fff" stroke-width="2"/>
<path d="M12 10c0-2 2-2 2-4M16.500 10c0-2 2-2 2-4" fill="none" stroke="#fff" stroke-width="1.600" stroke-linecap="round"/></svg>`;
