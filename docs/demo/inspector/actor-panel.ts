import { byId, fillCells, inputById } from './element'
import { virtualList } from './virtual-list'
import { attemptText, markOf, nameText, reasonText, stateText } from './words'
import type { Actor, World } from './world'

export const ROW_HEIGHT = 28

/** The list of actors, filtered by what is written above it. */
export const actorPanel = (world: World, onSelect: (actor: Actor) => void) => {
  const filter = inputById('actor-filter')
  const list = virtualList<Actor>({
    element: byId('actor-list'),
    rowHeight: ROW_HEIGHT,
    keyOf: ({ sessionId }) => sessionId,
    onSelect,
    fill: (row, actor) => {
      const { sign, tone } = markOf(actor)
      const isEnded = actor.status !== 'active'
      row.classList.toggle('ended', isEnded)
      row.dataset['session'] = actor.sessionId
      fillCells(row, [
        [`mark ${tone}`, sign],
        ['name', nameText(actor, hasDevices)],
        ['state', stateText(actor)],
        ['reason', reasonText(actor)],
        ['attempt', attemptText(actor)],
      ])
      row.title = `${actor.name}: ${stateText(actor)}${reasonText(actor) === '' ? '' : `, ${reasonText(actor)}`} (${actor.status})`
    },
  })
  let shownFor = ''
  let hasDevices = false
  return {
    show: (selected: string | null) => {
      const wanted = filter.value.trim().toLowerCase()
      const state = `${world.version()} ${wanted} ${selected}`
      if (state === shownFor) return
      shownFor = state
      const all = [...world.actors.values()]
      hasDevices = world.devices() > 1
      const matches = (actor: Actor) =>
        `${actor.device} ${actor.name} ${stateText(actor)} ${reasonText(actor)}`.toLowerCase().includes(wanted)
      list.select(selected)
      list.show(ordered(wanted === '' ? all : all.filter(matches)))
    },
  }
}

const rankOf = ({ chart }: Actor): number => (chart === 'coordinator' ? 0 : chart === null ? 3 : chart === 'blob' ? 2 : 1)

/** By device; the coordinator first, what it supervises after it in the order of birth, tasks last. */
const ordered = (actors: readonly Actor[]): readonly Actor[] => {
  const devices = [...new Set(actors.map(({ rootId }) => rootId))]
  return devices.flatMap((device) => {
    const own = actors.filter(({ rootId }) => rootId === device)
    return [0, 1, 2, 3].flatMap((rank) => own.filter((actor) => rankOf(actor) === rank))
  })
}
