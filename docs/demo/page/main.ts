import { linkFor, whoIsHere, type Person } from './account'
import { rowActions } from './actions'
import { detailsDialog } from './details'
import { openDevice, type Device, type Letter } from './device'
import { devicePanel } from './device-panel'
import { button, element } from './element'
import { icon } from './icons'
import { intro } from './intro'
import { inspectorPanel } from './inspector-panel'
import { linkSign } from './link'
import { liveRegion } from './live'
import { followChanges } from './look'
import { rowMenu } from './menu'
import { serverPanel } from './server-panel'
import { shareDialog } from './share'
import { forgetOthers, openStore } from './store'
import { switcher } from './switcher'
import { themeButton } from './theme'
import { toasts } from './toasts'

const hash = new URLSearchParams(location.hash.slice(1))
const alone: Letter | null = hash.get('device') === 'a' ? 'a' : hash.get('device') === 'b' ? 'b' : null

const start = async (): Promise<void> => {
  const person = await whoIsHere(hash)
  // The secret need not stand in the address, where it is seen and remembered.
  history.replaceState(null, '', alone === null ? location.pathname : `#device=${alone}`)
  const inspector = inspectorPanel()
  const letters: readonly Letter[] = alone === null ? ['a', 'b'] : [alone]
  const devices = letters.map((letter) =>
    openDevice({ letter, person, store: openStore(person, letter), inspect: inspector.observer }),
  )
  build(person, devices, inspector)
  // What cannot be removed now is removed the next time.
  await forgetOthers(person).catch(() => {})
}

const build = (person: Person, devices: readonly Device[], inspector: ReturnType<typeof inspectorPanel>) => {
  const live = liveRegion()
  const notes = toasts()
  const actions = rowActions({ show: (device, id) => details.show(device, id), say: live.say, complain: notes.complain })
  const details = detailsDialog(() => actions, notes.complain)
  const menu = rowMenu(actions)
  const share = shareDialog((device) => linkFor(device.letter, person))
  const server = serverPanel(person)
  const main = element('main', { class: alone === null ? 'devices' : 'devices is-alone' })
  const tabs = switcher(
    [
      ...devices.slice(0, 1).map(placeOf),
      { key: 'server', name: 'Server', count: () => String(server.count()) },
      ...devices.slice(1).map(placeOf),
    ],
    main,
  )
  server.subscribe(tabs.show)
  const panels = devices.map((device) => {
    device.subscribe(() => tabs.show())
    return devicePanel({
      device,
      actions,
      openMenu: menu.open,
      say: live.say,
      complain: notes.complain,
      share: alone === null ? share.show : null,
    })
  })
  const links = devices.map(linkSign)
  main.append(...panels.slice(0, 1), ...links.slice(0, 1), server.element, ...links.slice(1), ...panels.slice(1))

  document.body.append(
    element(
      'header',
      { class: 'top' },
      element('h1', { class: 'brand' }, mark(), 'blobsync'),
      element(
        'p',
        { class: 'tagline' },
        alone === null ? 'Two devices, and a server that cannot read' : `Device ${alone.toUpperCase()}, alone in this tab`,
      ),
      inspector.button,
      themeButton(),
    ),
    intro(),
    tabs.element,
    main,
    inspector.element,
    details.element,
    share.element,
    menu.element,
    notes.element,
    live.element,
  )
  refuseStrayDrops()
  followChanges(() => {
    server.look()
    for (const device of devices) device.look()
  })
  addEventListener('pagehide', (event) => {
    if (!event.persisted) for (const { blobs } of devices) void blobs.close()
  })
  tabs.show()
}

const placeOf = (device: Device) => ({ key: device.letter, name: device.label, count: () => String(device.count()) })

const mark = () => {
  const made = element('img', { src: new URL('../icon.svg', import.meta.url).href, alt: '', width: 26, height: 26 })
  return made
}

/** A file dropped beside a device would replace the page. */
const refuseStrayDrops = () => {
  for (const name of ['dragover', 'drop'] as const)
    addEventListener(name, (event) => {
      if (!event.defaultPrevented) event.preventDefault()
    })
}

const sayWhy = (error: unknown) => {
  const text = error instanceof Error ? error.message : String(error)
  document.body.append(
    element(
      'main',
      { class: 'broken' },
      icon('alert'),
      element('h1', {}, 'This page cannot start'),
      element('p', {}, text),
      button({ class: 'button is-main' }, () => location.reload(), icon('retry'), 'Try again'),
    ),
  )
}

start().catch(sayWhy)
