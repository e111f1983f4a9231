import { fileURLToPath } from 'node:url';
import { type Canvas, createCanvas, GlobalFonts } from '@napi-rs/canvas';
import { BarChart, CustomChart, ScatterChart } from 'echarts/charts';
import {
  GraphicComponent,
  GridComponent,
  MarkAreaComponent,
  MarkLineComponent,
  TitleComponent,
} from 'echarts/components';
import * as echarts from 'echarts/core';
import { CanvasRenderer } from 'echarts/renderers';
import { FONT_FAMILY } from './look.ts';
import type { Picture } from './picture.ts';

/** The two weights that the pictures use. */
const FONTS = [
  import.meta.resolve('@expo-google-fonts/inter/400Regular/Inter_400Regular.ttf'),
  import.meta.resolve('@expo-google-fonts/inter/700Bold/Inter_700Bold.ttf'),
];

/**
 * Prepares what paints: the fonts, the parts of the charting library. Letters come from our own font only, so a machine without any
 * paints the same picture; the canvas' text renderer is the same on every system.
 */
export function createPainter(): (picture: Picture) => Buffer {
  for (const font of FONTS)
    if (GlobalFonts.registerFromPath(fileURLToPath(font), FONT_FAMILY) === null)
      throw new Error(`the font ${font} cannot be read`);
  echarts.use([
    BarChart,
    CanvasRenderer,
    CustomChart,
    GraphicComponent,
    GridComponent,
    MarkAreaComponent,
    MarkLineComponent,
    ScatterChart,
    TitleComponent,
  ]);
  // What it measures texts with.
  echarts.setPlatformAPI({ createCanvas: () => createEnglishCanvas(1, 1) as never });

  return ({ width, height, option }) => {
    const canvas = createEnglishCanvas(width, height);
    const chart = echarts.init(canvas as never, null, { renderer: 'canvas', width, height, devicePixelRatio: 1 });
    try {
      chart.setOption(option);
      chart.getZr().flush();
      return canvas.toBuffer('image/png');
    } finally {
      chart.dispose();
    }
  };
}

/** The language of the host would choose other forms of some letters. */
function createEnglishCanvas(width: number, height: number): Canvas {
  const canvas = createCanvas(width, height);
  canvas.getContext('2d').lang = 'en';
  return canvas;
}
