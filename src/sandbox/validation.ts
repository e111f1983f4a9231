/**
 * Validates a payload against the specification: missing and unknown fields, types, nested objects, literals, lengths.
 *
 * Where the real server has words of its own for a fault, `realWordings` has them; every other refusal starts with
 * `sandbox:`. Refusing unknown fields is this sandbox's own strictness: the real server ignores them.
 */
import { badRequest, sandboxRefusal } from './bot-error.ts';
import type { BotApiRefusal } from './bot-error.ts';
import type { FieldTable, Specification } from './specification.ts';
import { parseWireType } from './type-language.ts';
import type { WireType } from './type-language.ts';
import { isUploadedFile } from './uploaded-file.ts';

/** What a method is called with. */
export type Payload = Readonly<Record<string, unknown>>;

/** How the text of a form field is to be read: as it is, as a number, as a boolean, or as JSON. */
export type FormKind = 'text' | 'number' | 'boolean' | 'json';

/** Validates requests against one specification. */
export interface Validator {
  /** The name as the specification spells it (methods are case-insensitive), or undefined. */
  findMethod(name: string): string | undefined;
  /** How a parameter is written in a form, where every value is text; undefined when there is no such parameter. */
  formKind(method: string, parameter: string): FormKind | undefined;
  /** Whether an uploaded file may be given for this parameter. */
  mayBeFile(method: string, parameter: string): boolean;
  /** Throws a BotApiRefusal when the payload is not one of this method's. */
  check(method: string, payload: Payload): void;
}

/** The real server's words, by what is wrong with which field (of which type), or by the union that nothing completes. */
const realWordings: Readonly<Record<string, string>> = {
  'chat_id missing': 'chat_id is empty',
  'sendMessage.text missing': 'message text is empty',
  'answerCallbackQuery.text length': 'MESSAGE_TOO_LONG',
  'InlineKeyboardButton.CallbackButton.callback_data length': 'BUTTON_DATA_INVALID',
  'CopyTextButton.text length': 'BUTTON_COPY_TEXT_INVALID',
  'BotCommand.command length': 'BOT_COMMAND_INVALID',
  'BotCommand.description length': 'BOT_COMMAND_DESCRIPTION_INVALID',
  'InlineKeyboardButton incomplete':
    "can't parse inline keyboard button: Text buttons are unallowed in the inline keyboard",
  'style type': "can't parse inline keyboard button: invalid button style specified",
};

/** Compiles the specification and returns its validator. */
export function createValidator(specification: Specification): Validator {
  const parsed = new Map<string, WireType>();
  const methodNames = new Map(Object.keys(specification.methods).map((name) => [name.toLowerCase(), name]));

  function parse(written: string): WireType {
    const known = parsed.get(written);
    if (known !== undefined) return known;
    const type = parseWireType(written);
    parsed.set(written, type);
    return type;
  }

  function checkFields(owner: string, fields: FieldTable, value: Payload, path: string): BotApiRefusal | undefined {
    for (const written of Object.keys(fields)) {
      const name = written.replace(/\?$/, '');
      const given = value[name];
      if (given === undefined || given === null) {
        if (written.endsWith('?')) continue;
        return refuse([`${owner}.${name} missing`, `${name} missing`], `${join(path, name)} is missing`);
      }
      const refusal = checkValue(parse(fields[written] ?? 'unknown'), given, join(path, name), `${owner}.${name}`);
      if (refusal !== undefined) return refusal;
    }
    const unknown = Object.keys(value).find((name) => !(name in fields) && !(`${name}?` in fields));
    return unknown === undefined ? undefined : sandboxRefusal(`${owner} has no field ${join(path, unknown)}`);
  }

  function checkValue(type: WireType, value: unknown, path: string, owner: string): BotApiRefusal | undefined {
    switch (type.kind) {
      case 'unknown':
        return undefined;
      case 'number':
        return Number.isFinite(value) ? undefined : mismatch(path, owner, 'a number');
      case 'boolean':
        return typeof value === 'boolean' ? undefined : mismatch(path, owner, 'a boolean');
      case 'literal':
        return value === type.value ? undefined : mismatch(path, owner, JSON.stringify(type.value));
      case 'file':
        return isUploadedFile(value) ? undefined : mismatch(path, owner, 'an uploaded file');
      case 'string':
        return typeof value === 'string' ? checkLength(type, value, path, owner) : mismatch(path, owner, 'a string');
      case 'array':
        return checkArray(type.of, value, path, owner);
      case 'named':
        return checkNamed(type.name, value, path, owner);
      case 'union':
        return checkUnion(type.members, value, path, owner, owner);
    }
  }

  function checkArray(element: WireType, value: unknown, path: string, owner: string): BotApiRefusal | undefined {
    if (!Array.isArray(value)) return mismatch(path, owner, 'an array');
    for (const [index, item] of value.entries()) {
      const refusal = checkValue(element, item, `${path}[${index}]`, owner);
      if (refusal !== undefined) return refusal;
    }
    return undefined;
  }

  function checkNamed(name: string, value: unknown, path: string, owner: string): BotApiRefusal | undefined {
    const definition = specification.types[name];
    if (definition === undefined) throw new Error(`the specification names ${name}, but does not define it`);
    if (typeof definition === 'string') {
      const type = parse(definition);
      return type.kind === 'union'
        ? checkUnion(type.members, value, path, owner, name)
        : checkValue(type, value, path, owner);
    }
    if (!isPlainObject(value)) return mismatch(path, owner, `an object ${name}`);
    return checkFields(name, definition, value, path);
  }

  /**
   * One fitting member is enough. Otherwise the complaint of the member that was most likely meant is reported: that one
   * which knows every given field, and whose `type` agrees.
   */
  function checkUnion(
    members: readonly WireType[],
    value: unknown,
    path: string,
    owner: string,
    name: string,
  ): BotApiRefusal | undefined {
    const refusals: BotApiRefusal[] = [];
    for (const member of members) {
      const refusal = checkValue(member, value, path, owner);
      if (refusal === undefined) return undefined;
      if (isPlainObject(value) && mayBeMeant(member, value)) refusals.push(refusal);
    }
    const [meant, another] = refusals;
    if (meant === undefined) return mismatch(path, owner, noFit(name, value));
    return another === undefined ? meant : refuse([`${name} incomplete`], `${path} must be ${noFit(name, value)}`);
  }

  function mayBeMeant(member: WireType, value: Payload): boolean {
    if (member.kind !== 'named') return false;
    const fields = specification.types[member.name];
    if (fields === undefined) return false;
    if (typeof fields === 'string') {
      const type = parse(fields);
      return type.kind === 'union' && type.members.some((inner) => mayBeMeant(inner, value));
    }
    return Object.entries(value).every(([name, given]) => {
      const written = fields[name] ?? fields[`${name}?`];
      if (written === undefined) return false;
      return name !== 'type' || checkValue(parse(written), given, '', '') === undefined;
    });
  }

  function parameterType(method: string, parameter: string): string | undefined {
    const fields = specification.methods[method];
    return fields?.[parameter] ?? fields?.[`${parameter}?`];
  }

  function kindOf(type: WireType): FormKind {
    switch (type.kind) {
      case 'string':
      case 'file':
        return 'text';
      case 'number':
      case 'boolean':
        return type.kind;
      case 'literal':
        return typeof type.value === 'string' ? 'text' : typeof type.value === 'number' ? 'number' : 'boolean';
      case 'array':
      case 'unknown':
        return 'json';
      case 'named': {
        const definition = specification.types[type.name];
        return typeof definition === 'string' ? kindOf(parse(definition)) : 'json';
      }
      case 'union': {
        const kinds = type.members.map(kindOf);
        return kinds.includes('text') ? 'text' : (kinds[0] ?? 'json');
      }
    }
  }

  return {
    findMethod: (name) => methodNames.get(name.toLowerCase()),
    formKind(method, parameter) {
      const written = parameterType(method, parameter);
      return written === undefined ? undefined : kindOf(parse(written));
    },
    mayBeFile: (method, parameter) => parameterType(method, parameter)?.split('|').includes('InputFile') === true,
    check(method, payload) {
      const refusal = checkFields(method, specification.methods[method] ?? {}, payload, '');
      if (refusal !== undefined) throw refusal;
    },
  };
}

function checkLength(
  type: WireType & { kind: 'string' },
  value: string,
  path: string,
  owner: string,
): BotApiRefusal | undefined {
  const length = type.unit === 'bytes' ? Buffer.byteLength(value) : value.length;
  if (length >= type.min && length <= type.max) return undefined;
  return refuse([`${owner} length`], `${path} has ${length} ${type.unit}, allowed are ${type.min}-${type.max}`);
}

function mismatch(path: string, owner: string, expected: string): BotApiRefusal {
  const field = owner.slice(owner.lastIndexOf('.') + 1);
  return refuse([`${owner} type`, `${field} type`], `${path} must be ${expected}`);
}

function noFit(name: string, value: unknown): string {
  const given = isPlainObject(value) ? `one with ${Object.keys(value).join(', ')}` : JSON.stringify(value);
  return `a kind of ${name}, and none is ${given}`;
}

function refuse(wordings: readonly string[], reason: string): BotApiRefusal {
  for (const key of wordings) {
    const wording = realWordings[key];
    if (wording !== undefined) return badRequest(wording);
  }
  return sandboxRefusal(reason);
}

function join(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}

function isPlainObject(value: unknown): value is Payload {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !isUploadedFile(value);
}
