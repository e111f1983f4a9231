/** One special part of a text; `offset` and `length` count UTF-16 code units. */
export interface MessageEntity {
  readonly type:
    | 'bold'
    | 'italic'
    | 'underline'
    | 'strikethrough'
    | 'spoiler'
    | 'code'
    | 'pre'
    | 'blockquote'
    | 'expandable_blockquote'
    | 'text_link'
    | 'text_mention'
    | 'custom_emoji'
    | 'date_time'
    | 'bot_command'
    | 'url'
    | 'mention'
    | 'hashtag'
    | 'cashtag'
    | 'email'
    | 'phone_number';
  readonly offset: number;
  readonly length: number;
  readonly url?: string;
  readonly language?: string;
  readonly custom_emoji_id?: string;
  readonly user?: { readonly id: number; readonly is_bot: boolean; readonly first_name: string };
  readonly unix_time?: number;
  readonly date_time_format?: string;
}

/** TDLib's order of entities that cover the same range (get_type_priority); what is not listed has 50. */
const priorities: Readonly<Partial<Record<MessageEntity['type'], number>>> = {
  blockquote: 0,
  expandable_blockquote: 0,
  pre: 11,
  code: 20,
  text_link: 49,
  text_mention: 49,
  bold: 90,
  italic: 91,
  underline: 92,
  strikethrough: 93,
  spoiler: 94,
  custom_emoji: 99,
};

/** Sorts as the server does: by start, the longer first, then by kind. */
export function sortEntities(entities: readonly MessageEntity[]): MessageEntity[] {
  const priority = (entity: MessageEntity) => priorities[entity.type] ?? 50;
  return [...entities].sort(
    (left, right) => left.offset - right.offset || right.length - left.length || priority(left) - priority(right),
  );
}
