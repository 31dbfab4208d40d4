import type { Tone } from './chart.ts'
import { element, line, text } from './svg.ts'

/** Bars that lie below each other, of parts that add up, from zero. */
export interface Bars {
  readonly kind: 'bars'
  readonly title: string
  readonly bars: readonly Bar[]
  readonly format: (value: number) => string
}

export interface Bar {
  readonly label: string
  readonly isBold: boolean
  /** A second, smaller line. */
  readonly note: string
  readonly parts: readonly { readonly value: number; readonly tone: Tone }[]
  readonly whole: number
  /** Of the whole, from least to most. */
  readonly spread: readonly [number, number]
  /** Behind the value. */
  readonly remark: string
}

export const barsHeight = ({ bars }: Bars): number => bars.length * ROW

const ROW = 34
const LABEL_WIDTH = 150
const VALUE_WIDTH = 110

export const drawBars = ({ bars, format }: Bars, width: number): readonly string[] => {
  const most = Math.max(...bars.map(({ spread, parts }) => Math.max(spread[1], totalOf(parts))))
  const scale = (value: number) => (value / most) * (width - LABEL_WIDTH - VALUE_WIDTH)
  const drawBar = ({ label, isBold, note, parts, whole, spread, remark }: Bar, index: number) => {
    const y = index * ROW
    let from = LABEL_WIDTH
    const pieces = parts.map(({ value, tone }) => {
      const piece = element('rect', { x: from, y: y + 4, width: Math.max(scale(value), 1), height: 18, class: tone })
      from += scale(value)
      return piece
    })
    const [least, greatest] = [LABEL_WIDTH + scale(spread[0]), LABEL_WIDTH + scale(spread[1])]
    const value = [format(whole), remark].filter(Boolean).join(' ')
    return [
      text(LABEL_WIDTH - 10, y + 13, isBold ? 'bold' : 'label', label, 'end'),
      text(LABEL_WIDTH - 10, y + 26, 'small', note, 'end'),
      ...pieces,
      line(least, y + 13, greatest, y + 13, 'spread'),
      text(Math.max(from, greatest) + 7, y + 17, isBold ? 'bold' : 'label', value),
    ]
  }
  return [...bars.flatMap(drawBar), line(LABEL_WIDTH, 0, LABEL_WIDTH, bars.length * ROW - 6, 'rule')]
}

const totalOf = (parts: Bar['parts']) => parts.reduce((sum, { value }) => sum + value, 0)
