/**
 * Writes bot-api.json, the specification against which the sandbox validates requests, from the installed @grammyjs/types.
 *
 * Run it with `node src/sandbox/generate-bot-api.ts` after every upgrade of grammY.
 *
 * TypeScript 7 is a native program: its package has no `ts.createProgram`. It exposes the checker through
 * `typescript/unstable/sync`, which speaks to that program over a pipe; that is what answers here, so aliases, generics,
 * `Omit` and `keyof` are resolved by the compiler itself. A file that exists only in memory names the root type.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { API, SignatureKind, SymbolFlags, TypeFlags } from 'typescript/unstable/sync';
import type { Checker, Project, Symbol as TypeScriptSymbol, Type } from 'typescript/unstable/sync';
import type { Node } from 'typescript/unstable/ast';
import type { FieldTable, Specification } from './specification.ts';

const repository = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Where the generated specification lies. */
export const specificationFile = join(dirname(fileURLToPath(import.meta.url)), 'bot-api.json');

/** Generates the specification from the installed types; throws when the types use something that this does not know. */
export function generateSpecification(): Specification {
  const entry = join(repository, 'sandbox-entry.ts');
  const config = join(repository, 'sandbox-entry.json');
  const virtual: Record<string, string> = {
    [entry]: `import type { ApiMethods } from '@grammyjs/types';
      export interface InputFile { readonly inputFile: true }
      export type Methods = ApiMethods<InputFile>;`,
    [config]: JSON.stringify({
      compilerOptions: { strict: true, module: 'nodenext', target: 'es2022', types: [], noEmit: true },
      files: [entry],
    }),
  };
  const api = new API({
    cwd: repository,
    fs: { readFile: (file) => virtual[file], fileExists: (file) => (file in virtual ? true : undefined) },
  });
  try {
    const project = api.updateSnapshot({ openProjects: [config] }).getProject(config);
    if (project === undefined) throw new Error('TypeScript did not open the project that names the Bot API types');
    return readSpecification(project, entry);
  } finally {
    api.close();
  }
}

function readSpecification(project: Project, entry: string): Specification {
  const complaints = project.program.getSemanticDiagnostics(entry);
  if (complaints.length > 0) throw new Error(`the Bot API types do not compile: ${complaints[0]?.text}`);
  const { checker } = project;
  const sourceFile = project.program.getSourceFile(entry);
  const module = sourceFile && checker.getSymbolAtLocation(sourceFile);
  const root = module && checker.getMemberInModuleExports(module, 'Methods');
  if (root === undefined) throw new Error('the root type of the Bot API was not found');

  const types: Record<string, FieldTable | string> = {};
  const writer = createTypeWriter(project, types);
  const methods: Record<string, FieldTable> = {};
  for (const method of checker.getPropertiesOfType(checker.getDeclaredTypeOfSymbol(root))) {
    methods[method.name] = writer.fieldsOfMethod(method);
  }
  return { source: `@grammyjs/types ${installedVersion()}`, methods: sorted(methods), types: sorted(types) };
}

/** Turns compiler types into the small type language of specification.ts, collecting named object types on the way. */
function createTypeWriter(project: Project, types: Record<string, FieldTable | string>) {
  const { checker } = project;

  function fieldsOfMethod(method: TypeScriptSymbol): FieldTable {
    const signature = checker.getSignaturesOfType(typeOf(method), SignatureKind.Call)[0];
    if (signature === undefined) throw new Error(`${method.name} is not a method`);
    if (signature.parameters.length === 0) return {};
    const parameter = checker.getParameterType(signature, 0);
    return parameter === undefined ? {} : fieldsOf(checker.getNonNullableType(parameter) ?? parameter);
  }

  function fieldsOf(type: Type): FieldTable {
    const fields: Record<string, string> = {};
    for (const property of checker.getPropertiesOfType(type)) {
      const optional = (property.flags & SymbolFlags.Optional) !== 0;
      fields[optional ? `${property.name}?` : property.name] = writeField(property);
    }
    return fields;
  }

  function writeField(property: TypeScriptSymbol): string {
    const written = write(declaredTypeOf(property));
    return written === 'string' ? `string${limitOf(checker, property)}` : written;
  }

  /** The type as declared keeps its alias, and has no `undefined` where the field is optional. */
  function declaredTypeOf(property: TypeScriptSymbol): Type {
    const node = property.valueDeclaration?.resolve(project) as (Node & { readonly type?: Node }) | undefined;
    const declared = node?.type && checker.getTypeFromTypeNode(node.type as never);
    return declared ?? checker.getNonNullableType(typeOf(property)) ?? typeOf(property);
  }

  function typeOf(symbol: TypeScriptSymbol): Type {
    const type = checker.getTypeOfSymbol(symbol);
    if (type === undefined) throw new Error(`${symbol.name} has no type`);
    return type;
  }

  function write(type: Type): string {
    if ((type.flags & TypeFlags.Boolean) !== 0) return 'boolean';
    if (type.isIntrinsicType()) return type.intrinsicName;
    if (type.isLiteralType()) return JSON.stringify(type.value);
    if (type.isTypeParameter()) return 'InputFile'; // the one type parameter of these types is the file
    if (type.isUnionType()) return writeUnion(type);
    if (type.isIntersectionType()) return writeIntersection(type);
    if (checker.isArrayLikeType(type) && type.isTypeReference()) return writeArray(type);
    if (type.isObjectType()) return writeObject(type);
    throw new Error(`a type that the generator does not know: ${checker.typeToString(type)}`);
  }

  function writeUnion(type: Type & { getTypes(): readonly Type[] }): string {
    const members = () => [...new Set(type.getTypes().map(write))].sort().join('|').replace('false|true', 'boolean');
    const alias = type.getAliasSymbol();
    if (alias === undefined) return members();
    if (!(alias.name in types)) {
      types[alias.name] = ''; // reserved before descending: types refer to themselves
      types[alias.name] = members();
    }
    return alias.name;
  }

  /** `string & Record<never, never>` only keeps editors suggesting literals: on the wire it is a string. */
  function writeIntersection(type: Type & { getTypes(): readonly Type[] }): string {
    if (type.getTypes().some((member) => (member.flags & TypeFlags.String) !== 0)) return 'string';
    throw new Error(`an intersection that the generator does not know: ${checker.typeToString(type)}`);
  }

  function writeArray(type: Parameters<Checker['getTypeArguments']>[0]): string {
    const element = checker.getTypeArguments(type)[0];
    if (element === undefined) throw new Error(`an array without an element type: ${checker.typeToString(type)}`);
    const written = write(element);
    return written.includes('|') ? `(${written})[]` : `${written}[]`;
  }

  function writeObject(type: Type): string {
    const symbol = type.getAliasSymbol() ?? type.getSymbol();
    if (symbol === undefined || symbol.name.startsWith('__')) {
      throw new Error(`an object type without a name: ${checker.typeToString(type)}`);
    }
    const name = symbol.name === 'Omit' ? helperName(checker.typeToString(type)) : qualifiedName(symbol);
    if (name !== 'InputFile' && !(name in types)) {
      types[name] = {};
      types[name] = fieldsOf(type);
    }
    return name;
  }

  return { fieldsOfMethod };
}

/** A library helper is named by its whole text, as its symbol says nothing of its fields: Omit_LoginUrl_bot_username. */
function helperName(text: string): string {
  return text.replaceAll(/\W+/g, '_').replace(/_$/, '');
}

/** InlineKeyboardButton.CallbackButton, not CallbackButton: several namespaces use the same short names. */
function qualifiedName(symbol: TypeScriptSymbol): string {
  const parent = symbol.getParent();
  const inNamespace = parent !== undefined && (parent.flags & SymbolFlags.Namespace) !== 0 && /^\w+$/.test(parent.name);
  return inNamespace ? `${parent.name}.${symbol.name}` : symbol.name;
}

/** The length that the prose states, unless it counts after entity parsing, which a validator of raw text cannot. */
function limitOf(checker: Checker, property: TypeScriptSymbol): string {
  const prose = checker.getDocumentationCommentOfSymbol(property);
  const found = /\b(\d+)-(\d+) (characters|bytes)(?! after entit)/.exec(prose);
  return found === null ? '' : `(${found[1]}-${found[2]}${found[3] === 'bytes' ? ' bytes' : ''})`;
}

function installedVersion(): string {
  const file = createRequire(import.meta.url).resolve('@grammyjs/types/package.json');
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return version;
}

function sorted<Value>(table: Record<string, Value>): Record<string, Value> {
  return Object.fromEntries(Object.entries(table).sort(([left], [right]) => (left < right ? -1 : 1)));
}

/** One line per method and per type, so that an upgrade reads well as a difference. */
export function renderSpecification(specification: Specification): string {
  const lines = (table: object) =>
    Object.entries(table)
      .map(([name, value]) => `    ${JSON.stringify(name)}: ${JSON.stringify(value)}`)
      .join(',\n');
  const { source, methods, types } = specification;
  return `{\n  "source": ${JSON.stringify(source)},\n  "methods": {\n${lines(methods)}\n  },\n  "types": {\n${lines(types)}\n  }\n}\n`;
}

if (import.meta.main) writeFileSync(specificationFile, renderSpecification(generateSpecification()));
