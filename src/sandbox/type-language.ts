/** A type of the specification, parsed; see specification.ts for how it is written. */
export type WireType =
  | { readonly kind: 'string'; readonly min: number; readonly max: number; readonly unit: 'characters' | 'bytes' }
  | { readonly kind: 'number' | 'boolean' | 'file' | 'unknown' }
  | { readonly kind: 'literal'; readonly value: unknown }
  | { readonly kind: 'named'; readonly name: string }
  | { readonly kind: 'array'; readonly of: WireType }
  | { readonly kind: 'union'; readonly members: readonly WireType[] };

/** Parses a written type; throws on anything that is not in the language. */
export function parseWireType(written: string): WireType {
  const members = splitUnion(written);
  if (members.length > 1) return { kind: 'union', members: members.map(parseWireType) };
  if (written.endsWith('[]')) return { kind: 'array', of: parseWireType(written.slice(0, -2)) };
  if (written.startsWith('(') && written.endsWith(')')) return parseWireType(written.slice(1, -1));
  if (/^(".*"|-?\d+|true|false)$/.test(written)) return { kind: 'literal', value: JSON.parse(written) };
  if (written === 'number' || written === 'boolean' || written === 'unknown') return { kind: written };
  if (written === 'InputFile') return { kind: 'file' };
  const string = /^string(?:\((\d+)-(\d+)( bytes)?\))?$/.exec(written);
  if (string !== null) {
    const [, min = '0', max = 'Infinity', bytes] = string;
    return { kind: 'string', min: Number(min), max: Number(max), unit: bytes === undefined ? 'characters' : 'bytes' };
  }
  if (/^[\w.]+$/.test(written)) return { kind: 'named', name: written };
  throw new Error(`not a type of the specification: ${written}`);
}

/** Splits at the bars that stand neither in quotes nor in parentheses. */
function splitUnion(written: string): string[] {
  const parts: string[] = [];
  let depth = 0;
  let quoted = false;
  let start = 0;
  for (let index = 0; index < written.length; index += 1) {
    const character = written.charAt(index);
    if (character === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (character === '(') depth += 1;
    else if (character === ')') depth -= 1;
    else if (character === '|' && depth === 0) {
      parts.push(written.slice(start, index));
      start = index + 1;
    }
  }
  return [...parts, written.slice(start)];
}
