import type { Chart, State } from './graph'

/** A line between two boxes that lie in the same box, with all the transitions that it stands for. */
export interface Arrow {
  readonly id: string
  readonly owner: string
  readonly source: string
  readonly target: string
  readonly rows: readonly Row[]
}

/** A line of an arrow's label. */
export interface Row {
  readonly event: string
  readonly guard: string
  /** The state that the transition leaves. */
  readonly from: string
}

/** Characters. */
const ROW_MAX = 20

/**
 * The arrows to draw: a transition that crosses the border of a box is drawn from border to border, and says which state within it
 * leaves or reaches. So each box can be placed for itself, and stays small.
 */
export const arrowsOf = ({ root, transitions }: Chart): readonly Arrow[] => {
  const arrows = new Map<string, { owner: string; source: string; target: string; rows: Row[] }>()
  for (const { from, to, event, guard } of transitions) {
    const above = pathTo(root, from)
    const below = pathTo(root, to)
    let shared = 0
    while (shared < Math.min(above.length, below.length) - 1 && above[shared] === below[shared]) shared += 1
    const source = above[shared]
    const target = below[shared]
    const owner = above[shared - 1]
    if (source === undefined || target === undefined || owner === undefined) continue
    const leaving = source.id === from ? '' : `${namesOf(above.slice(shared + 1))}: `
    const reaching = target.id === to ? '' : `→ ${namesOf(below.slice(shared + 1))}`
    const id = `${source.id} → ${target.id}`
    const arrow = arrows.get(id) ?? { owner: owner.id, source: source.id, target: target.id, rows: [] }
    arrow.rows.push(...rowsOf(`${leaving}${event}`, guard, reaching).map((row) => ({ ...row, from })))
    arrows.set(id, arrow)
  }
  return [...arrows].map(([id, arrow]) => ({ id, ...arrow }))
}

/** Event, guard and what is reached, in as few rows as are short enough. */
const rowsOf = (event: string, guard: string, reaching: string): readonly Omit<Row, 'from'>[] => {
  const tail = guard.length + reaching.length <= ROW_MAX ? [`${guard} ${reaching}`.trim()] : [guard, reaching]
  const [first = '', ...rest] = tail.filter((part) => part !== '')
  const isOne = event.length + first.length <= ROW_MAX || event === '' || first === ''
  const head = isOne
    ? [{ event, guard: first }]
    : [
        { event, guard: '' },
        { event: '', guard: first },
      ]
  return [...head, ...rest.map((part) => ({ event: '', guard: part }))]
}

/** The states from the root to the one with this id. */
const pathTo = (state: State, id: string): readonly State[] => {
  if (state.id === id) return [state]
  for (const child of state.children) {
    const path = pathTo(child, id)
    if (path.length > 0) return [state, ...path]
  }
  return []
}

const namesOf = (states: readonly State[]): string => states.map(({ name }) => name).join('.')
