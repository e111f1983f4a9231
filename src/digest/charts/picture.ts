import type { EChartsOption } from 'echarts';

/** A picture before it is painted: what the charting library is told, and what stands below it in the chat. */
export interface Picture {
  /** The name of its file. */
  readonly file: string;
  /** Plain text: whoever cannot see the picture learns its finding from it. */
  readonly caption: string;
  readonly width: number;
  readonly height: number;
  readonly option: EChartsOption;
}
