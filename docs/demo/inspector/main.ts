import { actorPanel } from './actor-panel'
import { charts, hasChart } from './charts'
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
let chosen: string | null = null

const actors = actorPanel(world, ({ sessionId }) => {
  chosen = sessionId
  showSoon()
})
const log = logPanel(world)

const chosenActor = (): Actor | undefined => {
  const actor = chosen === null ? undefined : world.actors.get(chosen)
  if (actor !== undefined) return actor
  // The one that was chosen lives again under another session, or nobody has chosen yet.
  for (const one of world.actors.values()) if (one.kind === 'blob') return one
  return undefined
}

const show = () => {
  const own = chosenActor()
  const coordinators = [...world.actors.values()].filter(({ kind }) => kind === 'coordinator')
  const coordinator = coordinators.find(({ sessionId }) => sessionId === chosen || sessionId === own?.rootId) ?? coordinators[0]
  actors.show(own?.sessionId ?? null)
  log.show()
  showActor(coordinatorChart, coordinator, 'coordinator')
  showActor(chosenChart, own?.kind === 'coordinator' ? undefined : own, 'blob')
  byId('summary').textContent = summaryOf(coordinators.length)
}

const showActor = (view: typeof coordinatorChart, actor: Actor | undefined, place: 'coordinator' | 'blob') => {
  const kind = actor?.kind ?? place
  view.show(hasChart(kind) ? charts[kind] : null, actor?.value, actor?.status === 'active')
  byId(`${place}-title`).textContent = actor === undefined ? (place === 'blob' ? 'Blob' : 'Coordinator') : nameText(actor, true)
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
