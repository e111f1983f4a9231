/**
 * multipart/form-data, read as tolerantly as grammY needs it: it writes `content-disposition:form-data;name="x"` without
 * a space, in lower case, and file names without quotes, which the parser of fetch refuses.
 */

/** One part: a field of text, or a file. */
export interface Part {
  readonly name: string;
  /** Undefined for a field of text. */
  readonly fileName: string | undefined;
  readonly content: Buffer;
}

/** More parts than any method has parameters and files. */
const maxParts = 200;

/** The boundary of a content type, or undefined when it is not multipart/form-data. */
export function multipartBoundary(contentType: string): string | undefined {
  const found = /^multipart\/form-data\s*;.*?boundary=(?:"([^"]+)"|([^;\s]+))/i.exec(contentType);
  return found?.[1] ?? found?.[2];
}

/** Splits a body into its parts, or gives undefined when it is not well-formed. */
export function parseMultipart(body: Buffer, boundary: string): readonly Part[] | undefined {
  const separator = Buffer.from(`\r\n--${boundary}`);
  const framed = Buffer.concat([Buffer.from('\r\n'), body]);
  const parts: Part[] = [];
  let position = framed.indexOf(separator);
  while (position !== -1) {
    const start = position + separator.length;
    if (framed.toString('latin1', start, start + 2) === '--') return parts;
    const end = framed.indexOf(separator, start);
    if (end === -1 || parts.length >= maxParts) return undefined;
    const part = parsePart(framed.subarray(start, end));
    if (part === undefined) return undefined;
    parts.push(part);
    position = end;
  }
  return undefined;
}

function parsePart(bytes: Buffer): Part | undefined {
  const headersEnd = bytes.indexOf('\r\n\r\n');
  if (headersEnd === -1) return undefined;
  const disposition = bytes
    .toString('utf8', 0, headersEnd)
    .split('\r\n')
    .find((line) => /^content-disposition\s*:\s*form-data/i.test(line));
  const name = disposition && readParameter(disposition, 'name');
  if (disposition === undefined || name === undefined) return undefined;
  return { name, fileName: readParameter(disposition, 'filename'), content: bytes.subarray(headersEnd + 4) };
}

/** A quoted value ends at its quote; one without quotes at the end of the line, as grammY writes the file name last. */
function readParameter(disposition: string, parameter: string): string | undefined {
  const found = new RegExp(`;\\s*${parameter}=(?:"([^"]*)"|([^"].*))`, 'i').exec(disposition);
  return found?.[1] ?? found?.[2]?.trim();
}
