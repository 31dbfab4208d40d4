export interface VirtualListOptions<Item> {
  /** Has role `listbox`, scrolls, and is focused as a whole. */
  readonly element: HTMLElement
  /** Pixels; the same in the style sheet. */
  readonly rowHeight: number
  readonly keyOf: (item: Item) => string
  /** Fills a row with what stands for the item. */
  readonly fill: (row: HTMLElement, item: Item) => void
  readonly onSelect: (item: Item) => void
}

export interface VirtualList<Item> {
  readonly show: (items: readonly Item[]) => void
  readonly select: (key: string | null) => void
}

/** Rows beyond the visible ones, so that a quick look up or down meets no gap. */
const SPARE = 6

/** A list of any length with as many elements as are seen; arrows, page keys, Home and End choose a row. */
export const virtualList = <Item>({ element, rowHeight, keyOf, fill, onSelect }: VirtualListOptions<Item>): VirtualList<Item> => {
  const space = document.createElement('div')
  space.className = 'space'
  element.append(space)
  let items: readonly Item[] = []
  let selected: string | null = null
  const rows: HTMLElement[] = []

  const render = () => {
    space.style.height = `${items.length * rowHeight}px`
    const first = Math.max(0, Math.floor(element.scrollTop / rowHeight) - SPARE)
    const count = Math.max(0, Math.min(items.length - first, Math.ceil(element.clientHeight / rowHeight) + 2 * SPARE))
    while (rows.length < count) {
      const row = document.createElement('div')
      row.setAttribute('role', 'option')
      row.id = `${element.id}-${rows.length}`
      row.className = 'row'
      rows.push(row)
      space.append(row)
    }
    while (rows.length > count) rows.pop()?.remove()
    element.removeAttribute('aria-activedescendant')
    rows.forEach((row, at) => {
      const item = items[first + at]
      if (item === undefined) return
      const isSelected = keyOf(item) === selected
      row.style.transform = `translateY(${(first + at) * rowHeight}px)`
      row.dataset['index'] = String(first + at)
      row.setAttribute('aria-selected', String(isSelected))
      row.setAttribute('aria-setsize', String(items.length))
      row.setAttribute('aria-posinset', String(first + at + 1))
      if (isSelected) element.setAttribute('aria-activedescendant', row.id)
      fill(row, item)
    })
  }
  const choose = (index: number) => {
    const item = items[Math.max(0, Math.min(items.length - 1, index))]
    if (item === undefined) return
    selected = keyOf(item)
    const top = items.indexOf(item) * rowHeight
    if (top < element.scrollTop) element.scrollTop = top
    else if (top + rowHeight > element.scrollTop + element.clientHeight)
      element.scrollTop = top + rowHeight - element.clientHeight
    render()
    onSelect(item)
  }
  const steps: Readonly<Record<string, (at: number) => number>> = {
    ArrowDown: (at) => at + 1,
    ArrowUp: (at) => Math.max(0, at - 1),
    PageDown: (at) => at + Math.max(1, Math.floor(element.clientHeight / rowHeight) - 1),
    PageUp: (at) => Math.max(0, at - Math.max(1, Math.floor(element.clientHeight / rowHeight) - 1)),
    Home: () => 0,
    End: () => items.length - 1,
  }

  element.addEventListener('scroll', render, { passive: true })
  new ResizeObserver(render).observe(element)
  element.addEventListener('click', ({ target }) => {
    const row = target instanceof Element ? target.closest<HTMLElement>('.row') : null
    if (row !== null) choose(Number(row.dataset['index']))
  })
  element.addEventListener('keydown', (event) => {
    const step = steps[event.key]
    if (step === undefined) return
    event.preventDefault()
    choose(step(items.findIndex((item) => keyOf(item) === selected)))
  })

  return {
    show: (shown) => {
      items = shown
      render()
    },
    select: (key) => {
      selected = key
      render()
    },
  }
}
