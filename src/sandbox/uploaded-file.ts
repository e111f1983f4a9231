/** A file that came with a multipart request. */
export interface UploadedFile {
  readonly uploadedName: string;
  readonly content: Uint8Array;
}

/** Tells an uploaded file from every other value of a payload. */
export function isUploadedFile(value: unknown): value is UploadedFile {
  return typeof value === 'object' && value !== null && 'uploadedName' in value && 'content' in value;
}
