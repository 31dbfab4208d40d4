import { activeIds } from './charts'
import { draw, measurer, type Drawn } from './draw'
import type { Chart } from './graph'
import { layOut } from './layout'

/** Below this the letters are too small to read: the chart scrolls instead. */
const SCALE_MIN = 0.86
/** Placed for a little more room than there is: a little smaller is better than another row. */
const SPARE = 1.16
const PADDING = 24
/** Around an active state that is scrolled into view. */
const MARGIN = 36

export interface ChartView {
  /** Shows the chart with the states of this value lit; nothing where there is no chart. */
  readonly show: (chart: Chart | null, value: unknown, isLive: boolean) => void
}

/** A chart in its place on the page: placed anew when the width changes much, lit anew when the state does. */
export const chartView = (canvas: HTMLElement, title: string): ChartView => {
  const measure = measurer()
  let chart: Chart | null = null
  let value: unknown
  let isLive = true
  let drawn: Drawn | null = null
  let placedFor = ''
  let litFor = ''
  let round = 0

  const light = () => {
    if (drawn === null || chart === null) return
    drawn.element.classList.toggle('ended', !isLive)
    const ids = activeIds(chart.root, value)
    const key = [...ids].join()
    if (key === litFor) return
    litFor = key
    drawn.light(ids)
    if (chart.root.kind !== 'parallel') bringIntoView()
  }
  /** Where only a part of the chart is seen, the active state shall be in it. */
  const bringIntoView = () => {
    const state = [...canvas.querySelectorAll('.state.active.leaf')].at(-1)?.getBoundingClientRect()
    const frame = canvas.getBoundingClientRect()
    if (state === undefined) return
    const by = (from: number, to: number, low: number, high: number) =>
      from < low ? from - low - MARGIN : to > high ? to - high + MARGIN : 0
    canvas.scrollBy({
      top: by(state.top, state.bottom, frame.top, frame.bottom),
      left: by(state.left, state.right, frame.left, frame.right),
    })
  }
  const place = async () => {
    const width = canvas.clientWidth - PADDING
    if (chart === null || width <= 0) return
    const wanted = `${chart.root.id} ${Math.round(width / 40)}`
    if (wanted === placedFor) return light()
    placedFor = wanted
    const own = (round += 1)
    const drawing = await layOut(chart, width * SPARE, measure)
    if (own !== round) return
    const made = draw(drawing, title)
    const scale = Math.min(1, Math.max(SCALE_MIN, width / drawing.width))
    made.element.style.width = `${Math.floor(drawing.width * scale)}px`
    made.element.style.height = 'auto'
    canvas.replaceChildren(made.element)
    drawn = made
    litFor = ''
    light()
  }
  new ResizeObserver(() => void place()).observe(canvas)

  return {
    show: (wanted, active, live) => {
      chart = wanted
      value = active
      isLive = live
      if (wanted !== null) return void place()
      round += 1
      placedFor = ''
      drawn = null
      canvas.replaceChildren()
    },
  }
}
