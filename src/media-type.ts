/** What a file is, as far as its first bytes tell. */
export type MediaType =
  | 'image/jpeg'
  | 'image/png'
  | 'image/gif'
  | 'image/webp'
  | 'video/mp4'
  | 'audio/mpeg'
  | 'application/pdf'
  | 'application/octet-stream';

/** Marks at the beginning of files, each at its place; all marks of a row have to be there. */
const MARKS: readonly (readonly [MediaType, ...(readonly [at: number, mark: string])[]])[] = [
  ['image/jpeg', [0, '\xff\xd8\xff']],
  ['image/png', [0, '\x89PNG\r\n\x1a\n']],
  ['image/gif', [0, 'GIF87a']],
  ['image/gif', [0, 'GIF89a']],
  ['image/webp', [0, 'RIFF'], [8, 'WEBP']],
  ['audio/mpeg', [0, 'ID3']],
  ['application/pdf', [0, '%PDF-']],
];

/** Brands of ISO media files that are films of MPEG-4 (ISO 14496-12, `ftyp`). */
const FILMS = /^(isom|iso[2-9]|mp4[12]|avc1|M4V |MSNV|dash)$/;

/** Reads what a file is from its first bytes, and never from its name. */
export function readMediaType(head: Uint8Array): MediaType {
  const text = Buffer.from(head).toString('latin1');
  const found = MARKS.find(([, ...marks]) => marks.every(([at, mark]) => text.startsWith(mark, at)));
  if (found !== undefined) return found[0];
  if (text.startsWith('ftyp', 4) && FILMS.test(text.slice(8, 12))) return 'video/mp4';
  return isMpegAudio(head) ? 'audio/mpeg' : 'application/octet-stream';
}

/** A frame of MPEG audio, layer III, as sound without an ID3 tag begins with (ISO 11172-3: sync, version, layer, bit rate, sampling). */
function isMpegAudio(head: Uint8Array): boolean {
  const [first = 0, second = 0, third = 0] = head;
  const isSync = first === 0xff && (second & 0xe0) === 0xe0 && (second & 0x18) !== 0x08;
  return isSync && (second & 0x06) === 0x02 && third >> 4 !== 0xf && third >> 4 !== 0 && (third & 0x0c) !== 0x0c;
}
