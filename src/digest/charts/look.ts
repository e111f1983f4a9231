import type { EChartsOption } from 'echarts';
import { drawable } from './words.ts';

/**
 * How every picture of a digest looks: one dark, opaque card with a background of its own, so that it is the same inside a light chat and
 * inside a dark one. A phone shows it about 390 points wide, so nothing written is smaller than 34 pixels of 1,280. An album cuts what is
 * higher than two thirds of its width at top and bottom: where the figures allow it, a picture is about that high.
 */
export const CARD = {
  width: 1_280,
  padding: 52,
  /** Where the plot may begin: below title and subtitle. */
  headerHeight: 198,
  titleSize: 56,
  textSize: 36,
  smallSize: 34,
} as const;

/** The family that the renderer registers; no system has a font of this name, so none is taken for it. */
export const FONT_FAMILY = 'Nightdesk Inter';

/** Ink and ground; text reaches a contrast of at least 4.5 on the card. */
export const INK = {
  card: '#172031',
  title: '#f3f6fc',
  text: '#c3cddd',
  soft: '#95a3b8',
  grid: '#2b374b',
  expected: '#3a485f',
  expectedEdge: '#6b7c96',
  good: '#4fc3a1',
  bad: '#ff7a66',
} as const;

/**
 * The colours of agents: Paul Tol's "light" scheme (https://sronpersonalpages.nl/~pault/), made for filled areas and told apart with the
 * common forms of colour blindness.
 */
export const AGENT_COLOURS = ['#77aadd', '#ee8866', '#eedd88', '#44bb99', '#ffaabb', '#bbcc33'] as const;

/** What stands for all who have no colour of their own. */
export const OTHERS_COLOUR = '#8b97aa';

/** Inter's bold letters are about this wide, as a part of their size. */
const BOLD_WIDTH = 0.57;
const REGULAR_WIDTH = 0.54;

/** The largest size at which a line fits between the paddings, down to the smallest that a phone shows readably. */
function fittingSize(text: string, largest: number, width = CARD.width - 2 * CARD.padding): number {
  const fitting = Math.floor(width / (text.length * BOLD_WIDTH));
  return Math.max(CARD.smallSize, Math.min(largest, fitting));
}

/** About how wide a text of regular weight is, in pixels. */
export function textWidth(text: string, size: number): number {
  return text.length * size * REGULAR_WIDTH;
}

/** The room below the last line. */
export const CARD_FOOT = 34;

/** The card with its finding as the title, and below it what was counted. */
export function card(title: string, subtitle: string, colour: string = INK.soft): EChartsOption {
  const width = CARD.width - 2 * CARD.padding;
  const size = fittingSize(drawable(title), CARD.titleSize);
  const shown = { title: drawable(title), subtitle: drawable(subtitle) };
  return {
    animation: false,
    backgroundColor: INK.card,
    textStyle: { fontFamily: FONT_FAMILY, color: INK.text, fontSize: CARD.smallSize },
    title: {
      text: shown.title,
      subtext: shown.subtitle,
      left: CARD.padding,
      top: 40,
      padding: 0,
      itemGap: 8,
      textStyle: {
        color: INK.title,
        fontSize: size,
        lineHeight: Math.round(size * 1.3),
        fontWeight: 'bold',
        width,
        overflow: 'truncate',
      },
      subtextStyle: {
        color: colour,
        fontSize: fittingSize(shown.subtitle, CARD.textSize),
        lineHeight: 48,
        width,
        overflow: 'truncate',
      },
    },
  };
}
