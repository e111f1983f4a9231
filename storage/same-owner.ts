import { chownSync, statSync } from 'node:fs';

/**
 * Gives a file or folder to whoever owns `like`. Who restores or copies a database with sudo would leave one behind that its own service may
 * not open. Only root may, and only for root it makes a difference.
 */
export function giveToOwnerOf(like: string, path: string): void {
  if (process.getuid?.() !== 0) return;
  const { uid, gid } = statSync(like);
  chownSync(path, uid, gid);
}
