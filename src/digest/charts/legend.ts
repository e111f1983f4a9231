import { CARD, FONT_FAMILY, INK, textWidth } from './look.ts';
import { shortName } from './words.ts';

/** One entry of a legend: what the colour stands for, and its number. */
export interface LegendEntry {
  readonly name: string;
  readonly value: string;
  readonly colour: string;
  /** Of the chip; undefined: as its filling. */
  readonly edge?: string;
}

/** A drawn element of the charting library's `graphic` component. */
export type Graphic = Readonly<Record<string, unknown>>;

const ROW_HEIGHT = 54;
const CHIP = 30;
const COLUMN_GAP = 56;
/** Fits beside its number in a third of the card. */
const SHORT_NAME = 10;

/** A few entries with short names stand in one row. */
function columnsFor(entries: readonly LegendEntry[]): number {
  return entries.length <= 3 && entries.every(({ name }) => name.length <= SHORT_NAME) ? 3 : 2;
}

/** How high a legend is. */
export function legendHeight(entries: readonly LegendEntry[]): number {
  return Math.ceil(entries.length / columnsFor(entries)) * ROW_HEIGHT;
}

/** A legend in columns, read down the first one, then down the next; names that do not fit are cut. */
export function legend(entries: readonly LegendEntry[], top: number): readonly Graphic[] {
  const columns = columnsFor(entries);
  const rows = Math.ceil(entries.length / columns);
  const columnWidth = (CARD.width - 2 * CARD.padding - (columns - 1) * COLUMN_GAP) / columns;
  return entries.flatMap(({ name, value, colour, edge }, index) => {
    const left = CARD.padding + Math.floor(index / rows) * (columnWidth + COLUMN_GAP);
    const middle = top + (index % rows) * ROW_HEIGHT + ROW_HEIGHT / 2;
    const nameLeft = left + CHIP + 18;
    const valueWidth = textWidth(value, CARD.smallSize) + 24;
    const nameWidth = columnWidth - (nameLeft - left) - valueWidth;
    return [
      {
        type: 'rect',
        shape: { x: left, y: middle - CHIP / 2, width: CHIP, height: CHIP, r: 7 },
        style: { fill: colour, stroke: edge ?? colour, lineWidth: 2 },
      },
      text(shortName(name, Math.floor(nameWidth / textWidth('n', CARD.smallSize) - 2)), nameLeft, middle, {
        width: nameWidth,
      }),
      text(value, left + columnWidth, middle, { align: 'right', colour: INK.title, weight: 'bold' }),
    ];
  });
}

/** A line of text around a middle; wider than `width` it is cut. */
export function text(
  words: string,
  x: number,
  middle: number,
  how: {
    readonly width?: number;
    readonly align?: 'left' | 'right' | 'center';
    readonly colour?: string;
    readonly weight?: 'bold' | 'normal';
  } = {},
): Graphic {
  return {
    type: 'text',
    x,
    y: middle,
    style: {
      text: words,
      fill: how.colour ?? INK.text,
      align: how.align ?? 'left',
      verticalAlign: 'middle',
      fontFamily: FONT_FAMILY,
      fontSize: CARD.smallSize,
      fontWeight: how.weight ?? 'normal',
      ...(how.width === undefined ? {} : { width: how.width, overflow: 'truncate', ellipsis: '…' }),
    },
  };
}
