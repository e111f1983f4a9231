import { business } from './content/people.ts';
import type { Network, Post } from './network.ts';

/** A page of the site. */
export interface Page {
  readonly status: number;
  readonly html: string;
}

/** Renders the site: the feed, a permalink with its answers, and everybody's own page. */
export function createPages(options: {
  readonly network: Network;
  readonly now: () => number;
}): (path: string) => Page {
  const { network, now } = options;

  function feedPage(): Page {
    const posts = network.feed().map((post) => card(post, network.replies(post.id).length, now(), 'short'));
    const intro = `<p class="intro">What people who make things are saying. <span>${posts.length} posts, newest first.</span></p>`;
    return { status: 200, html: page('Murmur', `${intro}${posts.join('\n')}`) };
  }

  function threadPage(id: string): Page {
    const post = network.find(id);
    if (post === undefined) return missingPage();
    const root = (post.replyTo === undefined ? undefined : network.find(post.replyTo)) ?? post;
    const replies = network.replies(root.id);
    const answers = replies.map((reply) => card(reply, 0, now(), reply.id === id ? 'marked' : 'reply')).join('\n');
    const heading = replies.length === 0 ? 'No replies yet' : count(replies.length, 'reply', 'replies');
    const body = `${card(root, replies.length, now(), 'root')}<h2>${heading}</h2>${answers}`;
    return { status: 200, html: page(`${root.author.name} on Murmur`, body) };
  }

  function personPage(handle: string): Page {
    const posts = network.byAuthor(handle);
    const author = posts[0]?.author;
    if (author === undefined) return missingPage();
    const followers = handle === business.handle ? `<p class="meta">${network.followers()} followers</p>` : '';
    const head = `<header class="person">${avatar(author.handle, author.name)}<div><h1 dir="auto">${escapeHtml(author.name)}</h1>
<p class="meta">@${escapeHtml(handle)}</p><p dir="auto">${escapeHtml(author.bio)}</p>${followers}</div></header>`;
    const cards = posts.map((post) => card(post, network.replies(post.id).length, now(), 'short'));
    return { status: 200, html: page(`${author.name} on Murmur`, `${head}${cards.join('\n')}`) };
  }

  return (path) => {
    if (path === '/') return feedPage();
    const id = /^\/p\/([\w-]+)$/.exec(path)?.[1];
    if (id !== undefined) return threadPage(id);
    const handle = /^\/@(\w+)$/.exec(path)?.[1];
    return handle === undefined ? missingPage() : personPage(handle);
  };
}

/** Escapes text for HTML, inside and outside of attributes. */
function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}

function missingPage(): Page {
  return {
    status: 404,
    html: page('Nothing here', '<p class="intro">Nothing here. Perhaps it hasn’t been said yet.</p>'),
  };
}

function card(post: Post, replies: number, now: number, look: 'short' | 'root' | 'reply' | 'marked'): string {
  const ours = post.author.handle === business.handle ? ' ours' : '';
  const badge = ours === '' ? '' : ' <span class="badge" title="This is you">you</span>';
  const link = `/p/${escapeHtml(post.id)}`;
  const parent =
    look === 'short' && post.replyTo !== undefined
      ? `<p class="meta">in reply to <a href="/p/${escapeHtml(post.replyTo)}">a post</a></p>`
      : '';
  const topic = post.topic === 'chatter' || post.replyTo !== undefined ? '' : `<span>#${post.topic}</span>`;
  const answered = replies === 0 ? '' : `<span>${count(replies, 'reply', 'replies')}</span>`;
  const time = `<a href="${link}"><time datetime="${new Date(post.at).toISOString()}">${ago(now - post.at)}</time></a>`;
  return `<article class="${look}${ours}" id="${escapeHtml(post.id)}">
${avatar(post.author.handle, post.author.name)}
<div class="words"><p class="who"><a href="/@${escapeHtml(post.author.handle)}"><b dir="auto">${escapeHtml(post.author.name)}</b></a>${badge}
<span class="meta">@${escapeHtml(post.author.handle)}</span></p>${parent}
<p class="text" dir="auto">${escapeHtml(post.text)}</p>
<p class="meta foot">${time}${topic}<span>♥ ${post.likes}</span>${answered}</p></div></article>`;
}

function avatar(handle: string, name: string): string {
  const hue = Buffer.from(handle).reduce((sum, byte) => sum + byte, 0) % 8;
  const letter = /^./u.exec(name)?.[0] ?? '?';
  return `<a class="avatar hue${hue}" href="/@${escapeHtml(handle)}" aria-hidden="true" tabindex="-1">${escapeHtml(letter)}</a>`;
}

function ago(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 10) return 'just now';
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return seconds < 86_400 ? `${Math.floor(seconds / 3600)} h ago` : `${Math.floor(seconds / 86_400)} d ago`;
}

function count(number: number, one: string, many: string): string {
  return `${number} ${number === 1 ? one : many}`;
}

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>${escapeHtml(title)}</title>
<link rel="stylesheet" href="/murmur.css"><link rel="icon" href="/icon.svg" type="image/svg+xml"></head>
<body><nav><a class="brand" href="/"><img src="/icon.svg" alt="" width="26" height="26">Murmur</a>
<a class="refresh" href="/@${business.handle}">${escapeHtml(business.name)}</a></nav>
<main>${body}</main>
<footer>Murmur is made up: a small network that Nightdesk’s demo runs on your own machine.</footer></body></html>
`;
}
