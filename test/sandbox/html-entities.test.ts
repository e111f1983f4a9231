import fc from 'fast-check';
import { expect, test } from 'vitest';
import { EntityParseError, parseHtml } from '../../src/sandbox/html-entities.ts';

function refusal(html: string): string {
  try {
    return `parsed: ${parseHtml(html).text}`;
  } catch (error) {
    if (error instanceof EntityParseError) return error.message;
    throw error;
  }
}

test.each([
  ['a tag that is not closed', 'x <b>y', 'Can\'t find end tag corresponding to start tag "b"'],
  ['a tag that is not supported', 'x<br>y', 'Unsupported start tag "br" at byte offset 1'],
  ['a self-closing tag', '<b/>', 'Unsupported start tag "b/" at byte offset 0'],
  ['a bare less-than sign', 'a < b', 'Unsupported start tag "" at byte offset 2'],
  ['a start tag that is cut off', 'a <b', 'Unclosed start tag at byte offset 2'],
  ['a less-than sign at the end', 'a<', 'Unclosed start tag at byte offset 1'],
  ['an end tag without its start', 'a</b>', 'Unexpected end tag at byte offset 1'],
  ['tags that overlap', '<b>1<i>2</b></i>', 'Unmatched end tag at byte offset 8, expected "</i>", found "</b>"'],
  ['an end tag that is cut off', '<b>1</b', 'Unclosed end tag at byte offset 4'],
  ['an attribute without a name', '<a ="x">y</a>', 'Empty attribute name in the tag "a" at byte offset 0'],
  ['a value that runs into something else', '<a href=x&y>z</a>', 'Unexpected end of name token at byte offset 8'],
  ['a quote that is not closed', '<a href="x>y</a>', 'Unclosed start tag at byte offset 0'],
  ['a tag that ends in its attributes', '<a href=', 'Unclosed start tag "a" at byte offset 0'],
  [
    'a span that is no spoiler',
    '<span class="red">x</span>',
    'Tag "span" must have class "tg-spoiler" at byte offset 0',
  ],
  ['a custom emoji without an id', '<tg-emoji>x</tg-emoji>', 'Invalid custom emoji identifier specified'],
  ['a time in an unknown format', '<tg-time unix="1" format="zz">x</tg-time>', 'Invalid date format used'],
  [
    'half of a surrogate pair',
    'a&#xD83D;b',
    'Text contains invalid Unicode characters after decoding HTML entities, check for unmatched surrogate code units',
  ],
])('HTML with %s is refused', (_, html, wording) => {
  expect(refusal(html)).toBe(wording);
});

test('byte offsets of a refusal count UTF-8, not characters', () => {
  expect(refusal('ä😀<x>')).toBe('Unsupported start tag "x" at byte offset 6');
});

test.each<[string, string, string, object[]]>([
  [
    'bold in both spellings',
    '<b>a</b><strong>b</strong>',
    'ab',
    [
      { type: 'bold', offset: 0, length: 1 },
      { type: 'bold', offset: 1, length: 1 },
    ],
  ],
  ['offsets after an emoji in UTF-16 units', '😀<i>x</i>', '😀x', [{ type: 'italic', offset: 2, length: 1 }]],
  [
    'nested tags, the outer first',
    '<u>a<s>b</s></u>',
    'ab',
    [
      { type: 'underline', offset: 0, length: 2 },
      { type: 'strikethrough', offset: 1, length: 1 },
    ],
  ],
  [
    'a link with an escaped address',
    '<a href="https://a.example/?x=1&amp;y=2">l</a>',
    'l',
    [{ type: 'text_link', url: 'https://a.example/?x=1&y=2', offset: 0, length: 1 }],
  ],
  [
    'a mention by user id',
    '<a href="tg://user?id=7">Bo</a>',
    'Bo',
    [{ type: 'text_mention', user: { id: 7, is_bot: false, first_name: '' }, offset: 0, length: 2 }],
  ],
  [
    'a block with its language',
    '<pre><code class="language-ts">x</code></pre>',
    'x',
    [{ type: 'pre', language: 'ts', offset: 0, length: 1 }],
  ],
  [
    'a quotation that can be expanded',
    '<blockquote expandable>q</blockquote>',
    'q',
    [{ type: 'expandable_blockquote', offset: 0, length: 1 }],
  ],
  [
    'a spoiler in both spellings',
    '<tg-spoiler>a</tg-spoiler><span class="tg-spoiler">b</span>',
    'ab',
    [
      { type: 'spoiler', offset: 0, length: 1 },
      { type: 'spoiler', offset: 1, length: 1 },
    ],
  ],
  [
    'a time',
    '<tg-time unix="1700000000" format="r">soon</tg-time>',
    'soon',
    [{ type: 'date_time', unix_time: 1_700_000_000, date_time_format: 'r', offset: 0, length: 4 }],
  ],
])('HTML gives %s', (_, html, text, entities) => {
  expect(parseHtml(html)).toEqual({ text, entities });
});

test.each([
  ['&lt;&gt;&amp;&quot;', '<>&"'],
  ['&#65;&#x42;', 'AB'],
  ['&nbsp;&copy; a & b', '&nbsp;&copy; a & b'],
  ['&lt b', '< b'],
])('character references %s are decoded to %s', (html, text) => {
  expect(parseHtml(html).text).toBe(text);
});

test('a link that Telegram would not open, such as one to localhost, is dropped in silence', () => {
  expect(parseHtml('<a href="http://localhost:3000/x">l</a><a href="javascript:alert(1)">m</a>')).toEqual({
    text: 'lm',
    entities: [],
  });
});

test('empty tags leave no entity', () => {
  expect(parseHtml('<b></b>x')).toEqual({ text: 'x', entities: [] });
});

test('escaped text comes out as it went in, whatever it is', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const escaped = text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

      expect(parseHtml(`<b>${escaped}</b>`).text).toBe(text);
    }),
  );
});
