import { element, setAttributes } from './element'

export interface RowOf<Item> {
  readonly element: HTMLElement
  readonly show: (item: Item) => void
  /** Called when the row leaves the list's window. */
  readonly leave?: () => void
}

export interface VirtualList<Item> {
  readonly element: HTMLElement
  readonly show: (items: readonly Item[]) => void
  /** Moves the focus to the main button of a row, which is scrolled to. */
  readonly focus: (index: number) => void
}

interface ListOptions<Item extends { readonly id: string }> {
  readonly label: string
  readonly makeRow: (id: string) => RowOf<Item>
}

/** Rows outside the window that are kept, so that a quick scroll shows no gap. */
const SPARE_ROWS = 6

/** A list of any length, of which only what can be seen has elements. A row belongs to its item while it is there. */
export const virtualList = <Item extends { readonly id: string }>({ label, makeRow }: ListOptions<Item>): VirtualList<Item> => {
  const inner = element('div', { class: 'list-inner', role: 'list', 'aria-label': label })
  const outer = element('div', { class: 'list', tabindex: 0, role: 'group', 'aria-label': `${label}, scrollable` }, inner)
  const rows = new Map<string, RowOf<Item>>()
  let items: readonly Item[] = []
  /** Of a row, in pixels. */
  let height = 64

  const draw = () => {
    const first = Math.max(0, Math.floor(outer.scrollTop / height) - SPARE_ROWS)
    const last = Math.min(items.length, Math.ceil((outer.scrollTop + outer.clientHeight) / height) + SPARE_ROWS)
    const shown = items.slice(first, last)
    const wanted = new Set(shown.map(({ id }) => id))
    for (const [id, row] of rows) {
      // A row that has the focus stays, or the focus would be lost.
      if (wanted.has(id) || (row.element.contains(document.activeElement) && items.some((item) => item.id === id))) continue
      row.leave?.()
      row.element.remove()
      rows.delete(id)
    }
    let before: Element | null = null
    shown.forEach((item, offset) => {
      const row = rows.get(item.id) ?? makeRow(item.id)
      rows.set(item.id, row)
      row.show(item)
      const at = first + offset
      setAttributes(row.element, { role: 'listitem', 'aria-setsize': items.length, 'aria-posinset': at + 1, 'data-id': item.id })
      row.element.style.transform = `translateY(${at * height}px)`
      // Where the order of elements is the order of rows, the keyboard and a screen reader go through them as the eye does.
      const expected: Element | null = before === null ? inner.firstElementChild : before.nextElementSibling
      if (expected !== row.element) inner.insertBefore(row.element, expected)
      before = row.element
    })
    inner.style.height = `${items.length * height}px`
  }

  const focus = (index: number) => {
    const item = items[Math.max(0, Math.min(items.length - 1, index))]
    if (item === undefined) return
    const top = items.indexOf(item) * height
    if (top < outer.scrollTop) outer.scrollTop = top
    else if (top + height > outer.scrollTop + outer.clientHeight) outer.scrollTop = top + height - outer.clientHeight
    draw()
    rows.get(item.id)?.element.querySelector<HTMLElement>('[data-main]')?.focus({ preventScroll: true })
  }

  outer.addEventListener('scroll', draw, { passive: true })
  outer.addEventListener('keydown', (event) => {
    const id = document.activeElement?.closest<HTMLElement>('[data-id]')?.dataset['id']
    const at = items.findIndex((item) => item.id === id)
    const target = new Map([
      ['ArrowDown', at + 1],
      ['ArrowUp', Math.max(0, at - 1)],
      ['Home', 0],
      ['End', items.length - 1],
    ]).get(event.key)
    if (target === undefined || items.length === 0) return
    event.preventDefault()
    focus(target)
  })
  /** The style sheet has it by the size of the window and of the list; to ask it at each drawing would cost more than the drawing. */
  const measure = () => {
    height = Number.parseFloat(getComputedStyle(outer).getPropertyValue('--row')) || height
    draw()
  }
  new ResizeObserver(measure).observe(outer)
  addEventListener('resize', measure)

  return {
    element: outer,
    focus,
    show: (next) => {
      items = next
      draw()
    },
  }
}
