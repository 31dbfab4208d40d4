import type { Device } from './device'

/** Draws once for any number of changes, and now and then while numbers run that no change tells of. */
export const drawWhenNeeded = (device: Device, draw: () => void): void => {
  let isDue = false
  const soon = () => {
    if (isDue) return
    isDue = true
    requestAnimationFrame(() => {
      isDue = false
      draw()
    })
  }
  device.subscribe(soon)
  setInterval(() => {
    if (device.blobs.getSnapshot().active > 0) device.refresh()
  }, RUNNING_MS)
  draw()
}

const RUNNING_MS = 250
