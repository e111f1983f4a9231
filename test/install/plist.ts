/** What a property list may hold. */
export type PlistValue = string | number | boolean | readonly PlistValue[] | { readonly [key: string]: PlistValue };

/** Reads the XML form of a property list, strictly: whatever is not of it throws, with what was expected. */
export function parsePlist(xml: string): PlistValue {
  const body =
    /^<\?xml version="1\.0" encoding="UTF-8"\?>\s*<!DOCTYPE plist PUBLIC [^>]+>\s*(?:<!--(?:(?!--)[\s\S])*-->\s*)?<plist version="1\.0">([\s\S]*)<\/plist>\s*$/.exec(
      xml,
    )?.[1];
  if (body === undefined) throw new Error('no property list');
  const tokens = [...body.matchAll(/<(\/?)([a-z]+)(\/?)>|([^<]+)/g)];
  if (tokens.map(([whole]) => whole).join('') !== body) throw new Error('what is no element of a property list');
  const parts = tokens.filter(([whole]) => whole.trim() !== '');
  let at = 0;

  function take(): RegExpMatchArray {
    const token = parts[at];
    if (token === undefined) throw new Error('it ends too early');
    at += 1;
    return token;
  }

  function open(): { readonly name: string; readonly isEmpty: boolean } {
    const [whole, closes, name, empty] = take();
    if (name === undefined || closes === '/') throw new Error(`expected an element, found ${whole}`);
    return { name, isEmpty: empty === '/' };
  }

  function text(name: string): string {
    const isEmpty = parts[at]?.[1] === '/';
    const content = isEmpty ? '' : (take()[4] ?? '');
    if (/&(?!amp;|lt;|gt;)/.test(content)) throw new Error(`an unescaped & in ${content}`);
    close(name);
    return content.replaceAll('&lt;', '<').replaceAll('&gt;', '>').replaceAll('&amp;', '&');
  }

  function close(name: string): void {
    const [whole, closes, closed] = take();
    if (closes !== '/' || closed !== name) throw new Error(`expected </${name}>, found ${whole}`);
  }

  function isEnd(name: string): boolean {
    const token = parts[at];
    return token?.[1] === '/' && token[2] === name;
  }

  function value(): PlistValue {
    const { name, isEmpty } = open();
    switch (name) {
      case 'true':
      case 'false':
        if (!isEmpty) throw new Error(`<${name}> is not empty`);
        return name === 'true';
      case 'string':
        return text(name);
      case 'integer': {
        const written = text(name);
        if (!/^\d+$/.test(written)) throw new Error(`${written} is no integer`);
        return Number(written);
      }
      case 'array': {
        const items: PlistValue[] = [];
        while (!isEnd(name)) items.push(value());
        close(name);
        return items;
      }
      case 'dict': {
        const entries: [string, PlistValue][] = [];
        while (!isEnd(name)) {
          if (open().name !== 'key') throw new Error('expected a key');
          entries.push([text('key'), value()]);
        }
        close(name);
        return Object.fromEntries(entries);
      }
      default:
        throw new Error(`<${name}> is no element of a property list`);
    }
  }

  const whole = value();
  if (at < parts.length) throw new Error('something stands behind the end');
  return whole;
}
