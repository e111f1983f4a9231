import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { generateSpecification, renderSpecification, specificationFile } from '../../src/sandbox/generate-bot-api.ts';
import { loadSpecification } from '../../src/sandbox/specification.ts';
import { parseWireType } from '../../src/sandbox/type-language.ts';

test('bot-api.json is what the generator makes of the installed @grammyjs/types', () => {
  const written = readFileSync(specificationFile, 'utf8');

  const generated = renderSpecification(generateSpecification());

  expect(generated === written, 'run: npm run spec').toBe(true);
});

test('the specification has the methods of Bot API 10.3 with their optional parameters marked', () => {
  const { methods } = loadSpecification();

  expect(Object.keys(methods)).toHaveLength(187);
  expect(methods['getMe']).toEqual({});
  expect(methods['sendMessage']).toMatchObject({
    chat_id: 'number|string',
    text: 'string',
    'parse_mode?': 'ParseMode',
  });
  expect(methods['sendDocument']).toMatchObject({ document: 'InputFile|string' });
});

test('the specification keeps the limits and literals that the types state', () => {
  const { types } = loadSpecification();

  expect(types['InlineKeyboardButton.CallbackButton']).toMatchObject({
    callback_data: 'string(1-64 bytes)',
    'style?': '"danger"|"primary"|"success"',
  });
});

test('every type that the specification names is defined and can be parsed', () => {
  const { methods, types } = loadSpecification();
  const written = [...Object.values(methods), ...Object.values(types)].flatMap((entry) =>
    typeof entry === 'string' ? [entry] : Object.values(entry),
  );

  const names = written.flatMap(namesIn);

  expect(names.filter((name) => types[name] === undefined)).toEqual([]);
});

test('a union is split neither inside of a literal nor inside of parentheses', () => {
  const type = parseWireType('("a|b"|number)[]|string(1-3)');

  expect(type).toEqual({
    kind: 'union',
    members: [
      { kind: 'array', of: { kind: 'union', members: [{ kind: 'literal', value: 'a|b' }, { kind: 'number' }] } },
      { kind: 'string', min: 1, max: 3, unit: 'characters' },
    ],
  });
});

test('something that is not in the type language is an error', () => {
  expect(() => parseWireType('Map<string, number>')).toThrow('not a type of the specification');
});

function namesIn(written: string): string[] {
  const type = parseWireType(written);
  if (type.kind === 'named') return [type.name];
  if (type.kind === 'array') return JSON.stringify(type.of).match(/(?<="name":")[^"]+/g) ?? [];
  return type.kind === 'union' ? (JSON.stringify(type.members).match(/(?<="name":")[^"]+/g) ?? []) : [];
}
