import type { Device } from './device'
import { button, element, setAttributes } from './element'
import type { Trouble } from './wire'

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
  const show = () => {
    for (const { made, trouble } of switches) setAttributes(made, { 'aria-checked': String(device.wire.isOn(trouble)) })
  }
  show()
  const title = element('h3', { class: 'troubles-title' }, 'Trouble on this wire')
  const group = element('div', { class: 'switches' }, ...switches.map(({ made }) => made))
  return {
    element: element(
      'div',
      { class: 'troubles', role: 'group', 'aria-label': `Trouble on the wire of ${device.label}` },
      title,
      group,
    ),
    show,
  }
}
