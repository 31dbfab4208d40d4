import type { Device } from './device'
import { button, element, setAttributes } from './element'
import type { Trouble } from './troubles-shared'

const troubles: readonly { readonly trouble: Trouble; readonly text: string; readonly says: string }[] = [
  { trouble: 'offline', text: 'Offline', says: 'No request gets through' },
  { trouble: 'slow', text: 'Slow', says: '160 kB a second, and a quarter of a second of delay' },
  { trouble: 'busy', text: '429', says: 'The server answers “too many requests”, come back in 5 seconds' },
  { trouble: 'broken', text: '500', says: 'The server answers “internal error”' },
  { trouble: 'full', text: 'Quota full', says: 'The server takes no more from this account' },
  { trouble: 'corrupt', text: 'Corrupt next download', says: 'One bit of the next download is changed on its way' },
  { trouble: 'expired', text: 'Token expired', says: 'The server refuses the token until you switch this off' },
]

/** The switches of one device's wire. */
export const troubleSwitches = (device: Device): { readonly element: HTMLElement; readonly show: () => void } => {
  const switches = troubles.map(({ trouble, text, says }) => {
    const made = button(
      { class: 'switch', role: 'switch', title: says },
      () => {
        device.wire.turn(trouble, !device.wire.isOn(trouble))
        // What waits for these is told by nobody else.
        if (!device.wire.isOn(trouble) && (trouble === 'full' || trouble === 'expired')) device.goOn()
        if (!device.wire.isOn(trouble) && trouble === 'offline') device.look()
      },
      element('span', { class: 'switch-knob' }),
      text,
    )
    return { made, trouble }
  })
  const onDemand = button(
    { class: 'switch is-setting', role: 'switch', title: 'What others put is fetched only when you ask for it' },
    () => device.setOnDemand(!device.isOnDemand()),
    element('span', { class: 'switch-knob' }),
    'Fetch on demand',
  )
  const show = () => {
    for (const { made, trouble } of switches) setAttributes(made, { 'aria-checked': String(device.wire.isOn(trouble)) })
    setAttributes(onDemand, { 'aria-checked': String(device.isOnDemand()) })
  }
  show()
  const head = element('div', { class: 'troubles-head' }, element('h3', {}, 'Trouble on this wire'), onDemand)
  const group = element('div', { class: 'switches' }, ...switches.map(({ made }) => made))
  return {
    element: element('div', { class: 'troubles', role: 'group', 'aria-label': `Switches of ${device.label}` }, head, group),
    show,
  }
}
