import { readMediaType } from '../media-type.ts';
import { badRequest, BotApiRefusal } from './bot-error.ts';

/** The limits of the Bot API: of a picture that is shown as one, and of everything else. */
const maxPhotoBytes = 10 * 1024 * 1024;
const maxUploadBytes = 50 * 1024 * 1024;
/** A picture's width and height together, and the longer side measured by the shorter one. */
const maxPhotoSides = 10_000;
const maxPhotoRatio = 20;

/** A file that came with a multipart request. */
export interface UploadedFile {
  readonly uploadedName: string;
  readonly content: Uint8Array;
}

/** Tells an uploaded file from every other value of a payload. */
export function isUploadedFile(value: unknown): value is UploadedFile {
  return typeof value === 'object' && value !== null && 'uploadedName' in value && 'content' in value;
}

/** Refuses what the real server would not take as that. */
export function checkUpload({ content }: UploadedFile, form: 'document' | 'photo' | 'video' | 'audio'): void {
  if (content.length === 0) throw badRequest('file must be non-empty');
  if (content.length > maxUploadBytes) throw new BotApiRefusal(413, 'Request Entity Too Large');
  if (form === 'photo') checkPhoto(content);
}

function checkPhoto(content: Uint8Array): void {
  if (content.length > maxPhotoBytes) {
    throw badRequest(
      `file of size ${content.length} bytes is too big for a photo; the maximum size is ${maxPhotoBytes} bytes`,
    );
  }
  const type = readMediaType(content.subarray(0, 64));
  if (!/^image\/(jpeg|png|webp)$/.test(type)) throw badRequest('IMAGE_PROCESS_FAILED');
  if (type !== 'image/png' || content.length < 24) return;
  // Only of a PNG the sides are read: they stand at the same place in each.
  const view = new DataView(content.buffer, content.byteOffset);
  const [width, height] = [view.getUint32(16), view.getUint32(20)];
  if (width + height > maxPhotoSides || Math.max(width, height) > maxPhotoRatio * Math.min(width, height))
    throw badRequest('PHOTO_INVALID_DIMENSIONS');
}
