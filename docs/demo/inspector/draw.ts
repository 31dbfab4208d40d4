import type { Arrow } from './arrows'
import { ANYWHERE } from './graph'
import { INVOKE_HEIGHT, LINE_HEIGHT, type Box, type Drawing, type Measure, type Path } from './layout-graph'

const SVG = 'http://www.w3.org/2000/svg'

type Attributes = Readonly<Record<string, string | number>>

const svg = <Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  children: readonly (Element | string)[] = [],
): SVGElementTagNameMap[Name] => {
  const element = document.createElementNS(SVG, name)
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value))
  element.append(...children)
  return element
}

/** A chart on the page. */
export interface Drawn {
  readonly element: SVGSVGElement
  /** Lights the states with these ids, and no others. */
  readonly light: (ids: ReadonlySet<string>) => void
}

let drawings = 0

/** Draws a chart as ELK has placed it. A state's description is its tooltip; what leads on from the active ones stands out. */
export const draw = ({ width, height, boxes, dots, paths }: Drawing, title: string): Drawn => {
  const arrowId = `arrow-${(drawings += 1)}`
  const states: { readonly id: string; readonly group: SVGGElement }[] = []
  const marked: { readonly from: readonly string[]; readonly element: SVGElement }[] = []
  const element = svg('svg', {
    class: 'chart',
    width: Math.ceil(width),
    height: Math.ceil(height),
    viewBox: `0 0 ${width} ${height}`,
    role: 'group',
    'aria-label': title,
  })
  element.append(
    svg('defs', {}, [
      svg(
        'marker',
        {
          id: arrowId,
          class: 'tip',
          viewBox: '0 0 8 8',
          refX: 7,
          refY: 4,
          markerWidth: 7,
          markerHeight: 7,
          orient: 'auto-start-reverse',
        },
        [svg('path', { d: 'M0.5,0.8 L7,4 L0.5,7.2 z' })],
      ),
    ]),
  )
  // Boxes that hold others lie below them.
  for (const box of boxes.toSorted((a, b) => a.depth - b.depth)) {
    const group = boxGroup(box)
    states.push({ id: box.state.id, group })
    element.append(group)
  }
  for (const { x, y, radius } of dots) element.append(svg('circle', { class: 'start', cx: x, cy: y, r: radius }))
  for (const path of paths) {
    const group = pathGroup(path, arrowId)
    marked.push({ from: path.arrow?.rows.map(({ from }) => from) ?? [], element: group })
    element.append(group)
  }
  for (const { arrow, label } of paths) {
    if (arrow === null) continue
    const { group, texts } = labelGroup(arrow, label)
    texts.forEach((text, at) => marked.push({ from: [arrow.rows[at]?.from ?? ''], element: text }))
    element.append(group)
  }
  return {
    element,
    light: (ids) => {
      for (const { id, group } of states) {
        group.classList.toggle('active', ids.has(id))
        if (ids.has(id)) group.setAttribute('aria-current', 'true')
        else group.removeAttribute('aria-current')
      }
      for (const { from, element: part } of marked)
        part.classList.toggle(
          'leads-on',
          from.some((id) => ids.has(id)),
        )
    },
  }
}

const boxGroup = ({ state, isOpen, depth, x, y, width, height }: Box): SVGGElement => {
  const group = svg('g', {
    class: `state ${state.kind} ${isOpen ? `container depth-${depth}` : 'leaf'} ${state.children.length > 0 && !isOpen ? 'shut' : ''} ${state.id === ANYWHERE ? 'anywhere' : ''}`,
    'data-state': state.id,
    role: 'group',
    'aria-label': state.description === '' ? state.name : `${state.name}: ${state.description}`,
  })
  const hears = state.hears.length === 0 ? '' : `\n\nHears without leaving: ${state.hears.join(', ')}`
  group.append(svg('title', {}, [`${state.name}\n${state.description}${hears}`]))
  group.append(
    svg('rect', {
      x: x + 0.5,
      y: y + 0.5,
      width: Math.max(0, width - 1),
      height: Math.max(0, height - 1),
      rx: isOpen ? 10 : 8,
    }),
  )
  if (state.kind === 'final') {
    group.append(svg('rect', { class: 'inner', x: x + 3.5, y: y + 3.5, width: width - 7, height: height - 7, rx: 6 }))
  }
  const middle = x + width / 2
  const top = isOpen ? y + 22 : y + (height - INVOKE_HEIGHT * state.invokes.length) / 2 + 4.5
  const name = svg(
    'text',
    isOpen ? { class: 'name', x: x + 24, y: top } : { class: 'name', x: middle, y: top, 'text-anchor': 'middle' },
    [state.name],
  )
  group.append(svg('circle', { class: 'lamp', cx: isOpen ? x + 13 : x + 10, cy: top - 4.5, r: 3.5 }), name)
  state.invokes.forEach((invoke, at) => {
    group.append(
      svg('text', { class: 'invoke', x: middle, y: top + INVOKE_HEIGHT * (at + 1), 'text-anchor': 'middle' }, [`runs ${invoke}`]),
    )
  })
  return group
}

const pathGroup = ({ arrow, points }: Path, arrowId: string): SVGGElement =>
  svg('g', arrow === null ? { class: 'arrow' } : { class: 'arrow', 'data-from': arrow.source, 'data-to': arrow.target }, [
    svg('path', { d: rounded(points), 'marker-end': `url(#${arrowId})` }),
  ])

const labelGroup = (arrow: Arrow, label: Path['label']) => {
  const group = svg('g', { class: 'arrow-label' })
  group.append(svg('rect', { x: label.x, y: label.y, width: label.width, height: label.height, rx: 3 }))
  const texts = arrow.rows.map(({ event, guard }, at) =>
    svg('text', { x: label.x + label.width / 2, y: label.y + LINE_HEIGHT * at + 11, 'text-anchor': 'middle' }, [
      event === '' || guard === '' ? event : `${event} `,
      ...(guard === '' ? [] : [svg('tspan', { class: 'guard' }, [guard])]),
    ]),
  )
  group.append(...texts)
  return { group, texts }
}

const CORNER = 6

/** A line through the points, with its corners rounded. */
const rounded = (points: Path['points']): string => {
  const [first, ...rest] = points
  if (first === undefined) return ''
  let path = `M${first.x},${first.y}`
  rest.forEach((point, at) => {
    const before = points[at] ?? first
    const after = rest[at + 1]
    if (after === undefined) path += ` L${point.x},${point.y}`
    else {
      const into = towards(point, before)
      const out = towards(point, after)
      path += ` L${into.x},${into.y} Q${point.x},${point.y} ${out.x},${out.y}`
    }
  })
  return path
}

const towards = (from: { x: number; y: number }, to: { x: number; y: number }) => {
  const length = Math.hypot(to.x - from.x, to.y - from.y)
  const part = length === 0 ? 0 : Math.min(CORNER, length / 2) / length
  return { x: from.x + (to.x - from.x) * part, y: from.y + (to.y - from.y) * part }
}

/** How wide text will be, in the fonts of inspector.css. */
export const measurer = (): Measure => {
  const context = document.createElement('canvas').getContext('2d')
  const style = getComputedStyle(document.documentElement)
  const fonts = { name: `600 13px ${style.getPropertyValue('--sans')}`, label: `11px ${style.getPropertyValue('--sans')}` }
  return (text, kind) => {
    if (context === null) return text.length * 7
    context.font = fonts[kind]
    return context.measureText(text).width
  }
}
