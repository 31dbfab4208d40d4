import type { BlobSync } from '../options'
import { speedAt, type Speed } from '../speed'
import { progressLine, trackWork } from './progress'

/** Where a sync tells how it goes. On a terminal a progress bar stays below the lines. */
export interface Screen {
  readonly line: (text: string) => void
  /** A line of which there may be one per blob: left out where the bar says as much. */
  readonly detail: (text: string) => void
  /** Leaves the last state of the bar standing. */
  readonly end: () => void
}

/** @param label Stands before the bar. */
export const openScreen = (blobs: BlobSync, stream: NodeJS.WriteStream, label = ''): Screen =>
  stream.isTTY ? barScreen(blobs, stream, label) : lineScreen(stream)

const lineScreen = (stream: NodeJS.WriteStream): Screen => {
  const line = (text: string) => void stream.write(`${text}\n`)
  return { line, detail: line, end: () => {} }
}

const barScreen = (blobs: BlobSync, stream: NodeJS.WriteStream, label: string): Screen => {
  const tracker = trackWork(blobs)
  let speed: Speed | null = null
  const draw = () => {
    const progress = tracker.progress()
    speed = speedAt(speed, progress.bytes, performance.now())
    const text = label + progressLine(progress, speed)
    stream.write(`${CLEAR_LINE}${text.slice(0, (stream.columns > 0 ? stream.columns : COLUMNS) - 1)}`)
  }
  const timer = setInterval(draw, DRAW_MS)
  draw()
  return {
    line: (text) => {
      stream.write(`${CLEAR_LINE}${text}\n`)
      draw()
    },
    detail: () => {},
    end: () => {
      clearInterval(timer)
      draw()
      tracker.dispose()
      stream.write('\n')
    },
  }
}

/** Where a terminal does not tell its width. */
const COLUMNS = 80

const CLEAR_LINE = '\r\u001B[2K'
const DRAW_MS = 200
