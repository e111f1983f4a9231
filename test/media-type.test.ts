import { expect, it } from 'vitest';
import { readMediaType } from '../src/media-type.ts';

it.each([
  ['image/jpeg', '\xff\xd8\xff\xe0\0\x10JFIF'],
  ['image/png', '\x89PNG\r\n\x1a\n\0\0\0\rIHDR'],
  ['image/gif', 'GIF89a\x01\0'],
  ['image/webp', 'RIFF\x24\0\0\0WEBPVP8 '],
  ['application/octet-stream', 'RIFF\x24\0\0\0WAVEfmt '],
  ['video/mp4', '\0\0\0\x20ftypisom\0\0\x02\0'],
  ['application/octet-stream', '\0\0\0\x20ftypheic\0\0\0\0'],
  ['audio/mpeg', 'ID3\x04\0\0'],
  ['audio/mpeg', '\xff\xfb\x90\x64'],
  ['application/octet-stream', '\xff\xfe\x68\x00'],
  ['application/octet-stream', '\xff\xff\xff\xff'],
  ['application/pdf', '%PDF-1.7\n'],
  ['application/octet-stream', '<svg xmlns="http://www.w3.org/2000/svg">'],
  ['application/octet-stream', '#!/bin/sh\n'],
  ['application/octet-stream', ''],
])('takes a file for %s by its first bytes: %j', (type, head) => {
  expect(readMediaType(Buffer.from(head, 'latin1'))).toBe(type);
});
