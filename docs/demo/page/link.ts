import type { Device } from './device'
import { element, setAttributes } from './element'
import { icon } from './icons'

/** The wire between a device and the server, as a sign of what passes over it. What it shows is said in words elsewhere. */
export const linkSign = (device: Device): HTMLElement => {
  // The server stands between them: towards it is to the right of A, to the left of B.
  const [up, down] = device.letter === 'a' ? [icon('right'), icon('left')] : [icon('left'), icon('right')]
  const cut = icon('close')
  const sign = element('div', { class: 'link', 'aria-hidden': 'true' }, element('span', { class: 'link-ways' }, up, down, cut))
  const show = () => {
    const { connectivity } = device.blobs.getSnapshot()
    setAttributes(sign, { 'data-cut': connectivity === 'offline' })
    setAttributes(up, { 'data-on': device.wire.up.bytesPerSecond() > 0 })
    setAttributes(down, { 'data-on': device.wire.down.bytesPerSecond() > 0 })
  }
  setInterval(show, SHOW_MS)
  show()
  return sign
}

const SHOW_MS = 300
