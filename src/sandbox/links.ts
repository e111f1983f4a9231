/** What Telegram takes for a link, as far as a bot notices. */

/** The user that a tg://user?id= link mentions, or undefined. */
export function linkedUserId(link: string): number | undefined {
  const id = /^tg:\/\/user\?id=(\d+)$/i.exec(link)?.[1];
  return id === undefined ? undefined : Number(id);
}

/** The link as Telegram would store it, or undefined where it refuses it: a host without a dot, such as localhost, is none. */
export function checkedLink(link: string): string | undefined {
  const trimmed = link.trim();
  if (/^(tg|ton|tonsite):\/\/./i.test(trimmed)) return trimmed;
  const candidate = /^[a-z][a-z0-9+.-]*:/i.test(trimmed) && !/^[^/]+:\d/.test(trimmed) ? trimmed : `http://${trimmed}`;
  if (/\s/.test(candidate) || !URL.canParse(candidate)) return undefined;
  const { protocol, hostname, pathname } = new URL(candidate);
  if ((protocol !== 'http:' && protocol !== 'https:') || !/[^.]\.[^.]/.test(hostname)) return undefined;
  const needsSlash = pathname === '/' && /^https?:\/\/[^/?#]+$/i.test(candidate);
  return needsSlash ? `${candidate}/` : candidate;
}
