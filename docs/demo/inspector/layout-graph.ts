import type { ElkExtendedEdge, ElkNode } from 'elkjs/lib/elk-api.js'
import { arrowsOf, type Arrow } from './arrows'
import type { Chart, State } from './graph'
import { pack, type Spot } from './pack'

export interface Box {
  readonly state: State
  /** A state that has states inside it is drawn twice: as one among its neighbours, and as the box that holds what is inside. */
  readonly isOpen: boolean
  readonly depth: number
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

export interface Path {
  /** Null for the one that leads to an initial state. */
  readonly arrow: Arrow | null
  readonly points: readonly { readonly x: number; readonly y: number }[]
  readonly label: { readonly x: number; readonly y: number; readonly width: number; readonly height: number }
}

export interface Drawing {
  readonly width: number
  readonly height: number
  readonly boxes: readonly Box[]
  readonly dots: readonly { readonly x: number; readonly y: number; readonly radius: number }[]
  readonly paths: readonly Path[]
}

/** Pixels. */
export const LINE_HEIGHT = 14
export const INVOKE_HEIGHT = 16
const NAME = { height: 32, padding: 34, widthMin: 64 }
const HEAD = 34
const OVERVIEW_WIDE = 760
const ROOMY = 1.06

/** Before the ids of states that are drawn shut, among their neighbours. */
const SHUT = 'shut '

export type Measure = (text: string, kind: 'name' | 'label') => number

/**
 * A chart as ELK takes it, in blocks that are placed each for itself. Regions that run side by side are a block each; of other charts the
 * outermost states are one, shut, and each that holds others is one more, open.
 */
export const elkBlocksOf = (chart: Chart, widthMax: number, measure: Measure): readonly ElkNode[] => {
  const { root } = chart
  const arrows = arrowsOf(chart)
  const edgesOf = (owner: State, prefix: string) =>
    arrows.filter((arrow) => arrow.owner === owner.id).map((arrow) => edgeOf(arrow, prefix, measure))

  const leaf = (state: State, prefix: string): ElkNode => {
    const widths = state.invokes.map((name) => 24 + measure(`runs ${name}`, 'label'))
    return {
      id: `${prefix}${state.id}`,
      width: Math.max(NAME.widthMin, NAME.padding + measure(state.name, 'name'), ...widths),
      height: NAME.height + INVOKE_HEIGHT * state.invokes.length,
    }
  }
  const open = (state: State): ElkNode => ({
    id: state.id,
    children: [
      ...startsOf(state),
      ...state.children.map((child) => (child.children.length === 0 ? leaf(child, '') : open(child))),
    ],
    edges: [...startEdgesOf(state, ''), ...edgesOf(state, '')],
    layoutOptions: {
      ...flowing('DOWN'),
      'elk.padding': `[top=${HEAD + 4},left=12,bottom=12,right=12]`,
      'elk.nodeSize.constraints': 'MINIMUM_SIZE',
      'elk.nodeSize.minimum': `(${NAME.padding + 12 + measure(state.name, 'name')}, 0)`,
    },
  })
  const overview: ElkNode = {
    id: `${SHUT}${root.id}`,
    children: [...startsOf(root), ...root.children.map((child) => leaf(child, SHUT))],
    edges: [...startEdgesOf(root, SHUT), ...edgesOf(root, SHUT)],
    layoutOptions: { ...flowing(widthMax < OVERVIEW_WIDE ? 'DOWN' : 'RIGHT'), 'elk.padding': '[top=2,left=2,bottom=14,right=2]' },
  }
  const blocks = root.children.filter(({ children }) => children.length > 0).map(open)
  return root.kind === 'parallel' ? blocks : [overview, ...blocks]
}

/** The dot from which an arrow leads to the initial state. */
const START = 'start '
const DOT = 9

const startsOf = ({ id, initialId }: State): ElkNode[] =>
  initialId === null ? [] : [{ id: `${START}${id}`, width: DOT, height: DOT }]

const startEdgesOf = ({ id, initialId }: State, prefix: string): ElkExtendedEdge[] =>
  initialId === null ? [] : [{ id: `${START}${id}`, sources: [`${START}${id}`], targets: [`${prefix}${initialId}`] }]

const flowing = (direction: 'DOWN' | 'RIGHT'): Readonly<Record<string, string>> => ({
  'elk.algorithm': 'layered',
  'elk.json.shapeCoords': 'ROOT',
  'elk.json.edgeCoords': 'ROOT',
  'elk.direction': direction,
  'elk.edgeRouting': 'ORTHOGONAL',
  'elk.layered.nodePlacement.strategy': 'NETWORK_SIMPLEX',
  'elk.layered.spacing.nodeNodeBetweenLayers': '16',
  'elk.layered.spacing.edgeNodeBetweenLayers': '10',
  'elk.spacing.nodeNode': '14',
  'elk.spacing.edgeNode': '10',
  'elk.spacing.edgeEdge': '9',
  'elk.spacing.edgeLabel': '3',
})

const edgeOf = ({ id, source, target, rows }: Arrow, prefix: string, measure: Measure): ElkExtendedEdge => ({
  id,
  sources: [`${prefix}${source}`],
  targets: [`${prefix}${target}`],
  labels: [
    {
      text: id,
      width: Math.max(...rows.map(({ event, guard }) => measure(`${event} ${guard}`, 'label'))) + 8,
      height: LINE_HEIGHT * rows.length + 2,
      layoutOptions: { 'elk.edgeLabels.inline': 'true' },
    },
  ],
})

/** What ELK made of the blocks, packed into about this width, with the chart's own states and arrows. */
export const drawingOf = (blocks: readonly ElkNode[], chart: Chart, widthMax: number): Drawing => {
  const arrows = new Map(arrowsOf(chart).map((arrow) => [arrow.id, arrow]))
  const states = new Map<string, State>()
  const boxes: Box[] = []
  const dots: { x: number; y: number; radius: number }[] = []
  const paths: Path[] = []
  const note = (state: State) => {
    states.set(state.id, state)
    state.children.forEach(note)
  }
  const walk = (node: ElkNode, by: Spot, depth: number) => {
    const isOpen = (node.children ?? []).length > 0
    const state = states.get(node.id.startsWith(SHUT) ? node.id.slice(SHUT.length) : node.id)
    const { width = 0, height = 0 } = node
    const { x, y } = moved(node, by)
    if (state !== undefined && state !== chart.root) boxes.push({ state, isOpen, depth, x, y, width, height })
    if (node.id.startsWith(START)) dots.push({ x: x + width / 2, y: y + height / 2, radius: width / 2 })
    for (const edge of node.edges ?? []) {
      const section = edge.sections?.[0]
      if (section === undefined) continue
      const { width: wide = 0, height: high = 0, ...label } = edge.labels?.[0] ?? {}
      paths.push({
        arrow: arrows.get(edge.id) ?? null,
        points: [section.startPoint, ...(section.bendPoints ?? []), section.endPoint].map((point) => moved(point, by)),
        label: { ...moved(label, by), width: wide, height: high },
      })
    }
    for (const child of node.children ?? []) walk(child, by, depth + 1)
  }
  const sizes = blocks.map(({ width = 0, height = 0 }) => ({ width, height }))
  // A block that is wider than it should be makes room for others below it.
  const { spots, room } = pack(sizes, Math.max(widthMax, ...sizes.map(({ width }) => width * ROOMY)))
  note(chart.root)
  blocks.forEach((block, at) => walk(block, spots[at] ?? { x: 0, y: 0 }, 1))
  return { ...room, boxes, dots, paths }
}

const moved = ({ x = 0, y = 0 }: { readonly x?: number; readonly y?: number }, by: Spot): Spot => ({ x: x + by.x, y: y + by.y })
