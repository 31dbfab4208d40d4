import { actorPanel } from './actor-panel'
import { charts } from './charts'
import { chartView } from './chart-view'
import { byId } from './element'
import { logPanel } from './log-panel'
import { listen, sourceOf } from './source'
import { followTheme } from './theme'
import { factsOf, nameText } from './words'
import { createWorld, type Actor } from './world'

const world = createWorld()
const coordinatorChart = chartView(byId('coordinator-chart'), 'Coordinator')
const chosenChart = chartView(byId('blob-chart'), 'Chosen actor')
let chosen: Actor | null = null

const actors = actorPanel(world, (actor) => {
  chosen = actor
  showSoon()
})
const log = logPanel(world)

/** The one that was chosen, also where it lives again under another session; the first blob, until one is. */
const chosenActor = (): Actor | undefined => {
  const actor = chosen === null ? undefined : world.successorOf(chosen)
  if (actor !== undefined) return actor
  for (const one of world.actors.values()) if (one.chart === 'blob') return one
  return undefined
}

const show = () => {
  const own = chosenActor()
  const coordinators = [...world.actors.values()].filter(({ chart }) => chart === 'coordinator')
  const coordinator = coordinators.find(({ rootId }) => rootId === own?.rootId) ?? coordinators[0]
  actors.show(own?.sessionId ?? null)
  log.show()
  showActor(coordinatorChart, coordinator, 'coordinator')
  showActor(chosenChart, own?.chart === 'coordinator' ? undefined : own, 'blob')
  byId('summary').textContent = summaryOf(coordinators.length)
}

const showActor = (view: typeof coordinatorChart, actor: Actor | undefined, place: 'coordinator' | 'blob') => {
  const id = actor === undefined ? place : actor.chart
  view.show(id === null ? null : (charts.get(id) ?? null), actor?.value, actor?.status === 'active')
  const none = place === 'blob' ? 'Blob' : 'Coordinator'
  byId(`${place}-title`).textContent = actor === undefined ? none : nameText(actor, world.devices() > 1)
  const facts = actor === undefined ? [place === 'blob' ? 'None is chosen.' : 'None is heard yet.'] : factsOf(actor)
  byId(`${place}-state`).replaceChildren(
    ...facts.map((fact) => {
      const item = document.createElement('span')
      item.textContent = fact
      return item
    }),
  )
}

const summaryOf = (devices: number): string => {
  if (source.from === 'nowhere') return source.why
  if (world.actors.size === 0) return 'Waiting for a device.'
  const count = (n: number, word: string) => `${n.toLocaleString('en')} ${word}${n === 1 ? '' : 's'}`
  return `${devices > 1 ? `${count(devices, 'device')}, ` : ''}${count(world.actors.size, 'actor')}, ${count(world.heard(), 'event')}`
}

let isDue = false
const showSoon = () => {
  if (isDue) return
  isDue = true
  requestAnimationFrame(() => {
    isDue = false
    show()
  })
}

const source = sourceOf(new URL(location.href), window.opener !== null || window.parent !== window)
followTheme()
for (const id of ['actor-filter', 'log-filter']) byId(id).addEventListener('input', showSoon)
for (const id of ['log-pause', 'log-clear']) byId(id).addEventListener('click', showSoon)
show()
listen(source, (event) => {
  world.tell(event)
  showSoon()
})
