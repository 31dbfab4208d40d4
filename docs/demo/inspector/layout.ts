import ELK from 'elkjs/lib/elk-api.js'
import workerUrl from 'elkjs/lib/elk-worker.min.js?url'
import type { Chart } from './graph'
import { drawingOf, elkBlocksOf, type Drawing, type Measure } from './layout-graph'

const elk = new ELK({ workerFactory: () => new Worker(workerUrl) })

/** Lets ELK place a chart, in a worker of its own, into about this width. */
export const layOut = async (chart: Chart, widthMax: number, measure: Measure): Promise<Drawing> => {
  const blocks = await Promise.all(elkBlocksOf(chart, widthMax, measure).map((block) => elk.layout(block)))
  return drawingOf(blocks, chart, widthMax)
}
