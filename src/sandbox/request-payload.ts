/** Turns a request into the payload of a method: from JSON, from a form, from multipart, or from the query. */
import { badRequest, BotApiRefusal, sandboxRefusal } from './bot-error.ts';
import { multipartBoundary, parseMultipart } from './multipart.ts';
import { isUploadedFile } from './uploaded-file.ts';
import type { UploadedFile } from './uploaded-file.ts';
import type { FormKind, Payload, Validator } from './validation.ts';

/** A request as it was read. */
export interface RawRequest {
  readonly contentType: string;
  readonly query: URLSearchParams;
  readonly body: Buffer;
}

/** Decodes the parameters of `method`; throws a BotApiRefusal when the body is not what its type says. */
export function decodePayload(method: string, request: RawRequest, validator: Validator): Payload {
  const { fields, files, json } = readBody(request);
  const payload: Record<string, unknown> = {};
  for (const [name, text] of [...request.query, ...fields]) {
    payload[name] = readFormValue(name, text, validator.formKind(method, name));
  }
  for (const [name, value] of Object.entries(json)) if (value !== null) payload[name] = value;
  for (const [name, value] of Object.entries(payload)) {
    payload[name] = isPlainText(method, name, validator) ? value : attachFiles(value, files);
  }
  // A file may also be the part that is named like its parameter.
  for (const [name, file] of files) {
    if (validator.formKind(method, name) !== undefined) payload[name] = file;
  }
  return payload;
}

interface DecodedBody {
  readonly fields: readonly (readonly [string, string])[];
  readonly files: ReadonlyMap<string, UploadedFile>;
  readonly json: Payload;
}

function readBody({ contentType, body }: RawRequest): DecodedBody {
  const nothing = { fields: [], files: new Map<string, UploadedFile>(), json: {} };
  if (body.length === 0) return nothing;
  const boundary = multipartBoundary(contentType);
  if (boundary !== undefined) return { ...nothing, ...readMultipart(body, boundary) };
  if (/^application\/x-www-form-urlencoded/i.test(contentType)) {
    return { ...nothing, fields: [...new URLSearchParams(body.toString('utf8'))] };
  }
  if (/^application\/json/i.test(contentType)) return { ...nothing, json: readJson(body) };
  throw sandboxRefusal(`a body of type ${contentType === '' ? 'nothing' : contentType} is not understood`);
}

function readMultipart(body: Buffer, boundary: string): Pick<DecodedBody, 'fields' | 'files'> {
  const parts = parseMultipart(body, boundary);
  if (parts === undefined) throw new BotApiRefusal(400, 'Bad Request: unexpected end of multipart/form-data');
  const fields: [string, string][] = [];
  const files = new Map<string, UploadedFile>();
  for (const { name, fileName, content } of parts) {
    if (fileName === undefined) fields.push([name, content.toString('utf8')]);
    else files.set(name, { uploadedName: fileName, content: Uint8Array.from(content) });
  }
  return { fields, files };
}

function readJson(body: Buffer): Payload {
  const value = parseJson(body.toString('utf8'));
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw badRequest("can't parse request JSON object");
  }
  return value as Payload;
}

function readFormValue(name: string, text: string, kind: FormKind | undefined): unknown {
  if (kind === 'number') return /^-?\d+(\.\d+)?$/.test(text) ? Number(text) : text;
  if (kind === 'boolean') return /^(true|yes|1)$/i.test(text);
  if (kind !== 'json') return text;
  const value = parseJson(text);
  if (value === undefined) throw badRequest(`can't parse ${name} JSON object`);
  return value;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined; // the caller says what was expected
  }
}

/** A parameter that is nothing but text is left alone: a message may well speak of attach://. */
function isPlainText(method: string, name: string, validator: Validator): boolean {
  return validator.formKind(method, name) === 'text' && !validator.mayBeFile(method, name);
}

/** Replaces every `attach://ID` by the uploaded part of that name. */
function attachFiles(value: unknown, files: ReadonlyMap<string, UploadedFile>): unknown {
  if (typeof value === 'string' && value.startsWith('attach://')) {
    const file = files.get(value.slice('attach://'.length));
    if (file === undefined) throw sandboxRefusal(`${value} names no part of the request`);
    return file;
  }
  if (Array.isArray(value)) return value.map((item) => attachFiles(item, files));
  if (typeof value !== 'object' || value === null || isUploadedFile(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, attachFiles(item, files)]));
}
