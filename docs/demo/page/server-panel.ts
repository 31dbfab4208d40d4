import type { Person } from './account'
import { element, setText } from './element'
import { countText, sizeText } from './format'
import { icon } from './icons'
import { paced } from './pace'
import { dumpOf, serverView, type Stored } from './server-view'
import { virtualList, type RowOf } from './virtual-list'

export interface ServerPanel {
  readonly element: HTMLElement
  /** Asks the server what it holds now. */
  readonly look: () => void
  readonly count: () => number
  readonly subscribe: (listener: () => void) => void
}

/** The server as its operator sees it. */
export const serverPanel = (person: Person): ServerPanel => {
  const view = serverView(person)
  const summary = element('p', { class: 'panel-summary' })
  const list = virtualList<Stored>({
    label: 'What the server holds',
    makeRow: (id) => storedRow(id, view),
  })
  const empty = element('div', { class: 'empty' }, element('p', { class: 'empty-title' }, 'Nothing stored yet'))
  let stored: readonly Stored[] = []
  let places = new Map<string, number>()
  const listeners = new Set<() => void>()
  let isAsking = false
  let isStale = false

  const show = (next: readonly Stored[]) => {
    // What came last stands first; the server lists by id, which says nothing.
    const known = new Map<string, number>()
    next.forEach(({ id }, index) => known.set(id, places.get(id) ?? Date.now() + index / next.length))
    places = known
    stored = next.toSorted((a, b) => (places.get(b.id) ?? 0) - (places.get(a.id) ?? 0))
    list.show(stored)
    list.element.tabIndex = stored.length > 0 ? 0 : -1
    empty.hidden = stored.length > 0
    const bytes = stored.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
    setText(
      summary,
      stored.length === 0 ? 'Holds nothing' : `${countText(stored.length, 'blob')} · ${sizeText(bytes)} of ciphertext`,
    )
    for (const listener of listeners) listener()
  }

  const ask = async () => {
    if (isAsking) {
      isStale = true
      return
    }
    isAsking = true
    try {
      show(await view.list())
    } catch {
      setText(summary, 'Cannot be reached')
    } finally {
      isAsking = false
    }
    if (isStale) {
      isStale = false
      await ask()
    }
  }

  show([])
  return {
    count: () => stored.length,
    subscribe: (listener) => void listeners.add(listener),
    look: paced(() => void ask(), { apartMs: 150, apartMsMax: 2000 }),
    element: element(
      'section',
      { class: 'panel server', 'aria-labelledby': 'title-server' },
      element(
        'header',
        { class: 'panel-head' },
        element('span', { class: 'badge', 'aria-hidden': 'true' }, icon('lock')),
        element('div', { class: 'panel-titles' }, element('h2', { id: 'title-server' }, 'Server'), summary),
      ),
      element(
        'p',
        { class: 'server-text' },
        'All that its operator could see: ids, sizes, and bytes like these. No names, no pictures, no keys.',
      ),
      element('div', { class: 'list-place' }, list.element, empty),
    ),
  }
}

const storedRow = (id: string, view: ReturnType<typeof serverView>): RowOf<Stored> => {
  const size = element('span', { class: 'stored-size' })
  const hex = element('code', { class: 'stored-hex' }, '·· '.repeat(16).trim())
  const row = element(
    'div',
    { class: 'stored', tabindex: -1, 'data-main': true },
    element('span', { class: 'stored-head' }, element('code', { class: 'stored-id', title: id }, id), size),
    hex,
  )
  const showSample = () => {
    const sample = view.sampleOf(id)
    if (sample !== undefined) setText(hex, dumpOf(sample).hex)
  }
  // A sample that cannot be had leaves its dots.
  void view.fetchSample(id).then(showSample, () => {})
  return { element: row, show: ({ sizeBytes }) => setText(size, sizeText(sizeBytes)) }
}
