import type { Tone } from './chart.ts'
import { element, line, text } from './svg.ts'

/** How one quantity grows with another, both by powers of ten. */
export interface Lines {
  readonly kind: 'lines'
  readonly title: string
  readonly series: readonly Series[]
}

export interface Series {
  readonly label: string
  readonly tone: Tone
  readonly points: readonly { readonly x: number; readonly y: number }[]
}

export const LINES_HEIGHT = 220

const LEFT = 52
const RIGHT = 16
const BOTTOM = 24
const LABEL_ROW = 16

export const drawLines = ({ series }: Lines, width: number): readonly string[] => {
  const points = series.flatMap((one) => one.points).filter(({ y }) => y > 0)
  if (points.length === 0) return [text(0, 20, 'small', 'Nothing was measured.')]
  const top = series.length > 1 ? series.length * LABEL_ROW : 0
  const across = axis(points.map(({ x }) => x))
  const upward = axis(points.map(({ y }) => y))
  const atX = (x: number) => LEFT + across.at(x) * (width - LEFT - RIGHT)
  const atY = (y: number) => LINES_HEIGHT - BOTTOM - upward.at(y) * (LINES_HEIGHT - BOTTOM - top - 8)
  const drawSeries = ({ label, tone, points: own }: Series, index: number) => {
    // Nothing at all has no place on such an axis.
    const shown = own.filter(({ y }) => y > 0).toSorted((a, b) => a.x - b.x)
    const d = shown.map(({ x, y }, at) => `${at === 0 ? 'M' : 'L'}${atX(x).toFixed(1)} ${atY(y).toFixed(1)}`).join('')
    return [
      ...(shown.length > 1 ? [element('path', { d, class: `line-${tone}` })] : []),
      ...shown.map(({ x, y }) => element('circle', { cx: atX(x), cy: atY(y), r: 3.5, class: tone })),
      ...(series.length > 1
        ? [
            element('circle', { cx: LEFT + 5, cy: index * LABEL_ROW + 5, r: 3.5, class: tone }),
            text(LEFT + 15, index * LABEL_ROW + 9, 'label', label),
          ]
        : []),
    ]
  }
  return [
    ...upward.ticks.flatMap((y) => [
      line(LEFT, atY(y), width - RIGHT, atY(y), 'rule'),
      text(LEFT - 7, atY(y) + 4, 'tick', tickText(y), 'end'),
    ]),
    ...across.ticks.map((x) => text(atX(x), LINES_HEIGHT - 7, 'tick', tickText(x), 'middle')),
    ...series.flatMap(drawSeries),
  ]
}

/** From the power of ten below all values to the one above. */
const axis = (values: readonly number[]) => {
  const least = Math.floor(Math.log10(Math.min(...values)) + 1e-9)
  const most = Math.max(Math.ceil(Math.log10(Math.max(...values)) - 1e-9), least + 1)
  return {
    at: (value: number) => (Math.log10(value) - least) / (most - least),
    ticks: Array.from({ length: most - least + 1 }, (_, index) => 10 ** (least + index)),
  }
}

const tickText = (value: number) =>
  value >= 1e6 ? `${value / 1e6}M` : value >= 1000 ? `${value / 1000}k` : String(Number(value.toPrecision(1)))
