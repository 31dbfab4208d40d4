import { ROW_HEIGHT } from './actor-panel'
import { byId, fillCells, inputById } from './element'
import { virtualList } from './virtual-list'
import { eventText, shortName, timeText } from './words'
import type { Entry, World } from './world'

/** The log of events, the newest first, with filter and pause; while it is paused, what comes is counted and kept. */
export const logPanel = (world: World) => {
  const filter = inputById('log-filter')
  const pause = byId('log-pause')
  const detail = byId('log-detail')
  let paused: { readonly entries: readonly Entry[]; readonly heard: number } | null = null
  let shownFor = ''

  const list = virtualList<Entry>({
    element: byId('log-list'),
    rowHeight: ROW_HEIGHT,
    keyOf: ({ number }) => String(number),
    onSelect: ({ actor, source, event }) => {
      detail.hidden = false
      detail.textContent = `${source === '' ? 'outside' : source} → ${actor}\n${JSON.stringify(event, null, 2)}`
    },
    fill: (row, { number, atMs, actor, event }) => {
      row.dataset['number'] = String(number)
      fillCells(row, [
        ['time', timeText(atMs)],
        ['name', shortName(actor)],
        ['event', eventText(event.type)],
      ])
      row.title = `${event.type} → ${actor}`
    },
  })

  pause.addEventListener('click', () => {
    paused = paused === null ? { entries: [...world.entries()], heard: world.heard() } : null
    pause.setAttribute('aria-pressed', String(paused !== null))
  })
  byId('log-clear').addEventListener('click', () => {
    world.clearEntries()
    if (paused !== null) paused = { entries: [], heard: world.heard() }
    shownFor = ''
    detail.hidden = true
  })

  return {
    show: () => {
      const wanted = filter.value.trim().toLowerCase()
      const missed = paused === null ? 0 : world.heard() - paused.heard
      pause.textContent = paused === null ? 'Pause' : missed === 0 ? 'Go on' : `Go on (${missed.toLocaleString('en')} new)`
      const state = `${paused === null ? world.version() : `paused ${paused.heard}`} ${wanted}`
      if (state === shownFor) return
      shownFor = state
      const entries = paused?.entries ?? world.entries()
      const matches = ({ actor, event }: Entry) =>
        `${actor} ${event.type} ${eventText(event.type)}`.toLowerCase().includes(wanted)
      list.show((wanted === '' ? [...entries] : entries.filter(matches)).toReversed())
    },
  }
}
