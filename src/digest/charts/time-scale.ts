import type { EChartsOption } from 'echarts';
import { CARD, INK } from './look.ts';
import type { TimeTick } from './time-axis.ts';

/** An axis of instants that names the given ones. */
export function timeScale(
  fromAt: number,
  toAt: number,
  ticks: readonly TimeTick[],
): NonNullable<EChartsOption['xAxis']> {
  return {
    type: 'value',
    min: fromAt,
    max: Math.max(toAt, fromAt + 1),
    axisLine: { show: true, onZero: false, lineStyle: { color: INK.soft, width: 2 } },
    axisTick: { show: false },
    splitLine: { show: false },
    axisLabel: {
      customValues: ticks.map(({ at }) => at),
      formatter: (at: number) => ticks.find((tick) => tick.at === at)?.label ?? '',
      hideOverlap: true,
      showMinLabel: true,
      showMaxLabel: true,
      fontSize: CARD.smallSize,
      color: INK.soft,
      margin: 18,
    },
  };
}
