import type { Device } from './device'
import { countText, sizeText } from './format'

/** What a device is about, in one line. */
export const summaryOf = (device: Device): string => {
  const { blobs } = device
  const { counts, active, connectivity, access, transfers, quota, reconciliation, lastListFailure, held } = blobs.getSnapshot()
  const adding = device.adding()
  const items = device.items()
  const files = items.length
  const waiting = active > 0 ? `${countText(active, 'file')} wait${active === 1 ? 's' : ''}` : null
  const about = (state: string) => [state, waiting].filter((part) => part !== null).join(' · ')
  if (reconciliation === 'recalling') return 'Opening…'
  if (adding !== null) return `Storing ${adding.done} of ${countText(adding.total, 'file')}…`
  if (transfers === 'paused') return about('Paused')
  if (connectivity === 'offline') return about('Offline')
  if (access === 'denied') return about('Signed out: the token has expired')
  if (transfers === 'full') return about('This device is full')
  if (quota !== 'available') return about('The account is full')
  const later = items.filter(({ view }) => view.phase === 'backingOff').length
  if (active > 0 && later === active) return `${countText(later, 'file')} to be tried again`
  if (active > 0) return movement(device)
  if (lastListFailure !== null) return 'The server cannot be asked; trying again'
  if (counts.FAILED_DOWNLOAD > 0) return `${countText(counts.FAILED_DOWNLOAD, 'file')} did not verify`
  const onDemand = items.filter(({ view }) => view.held === 'onDemand').length
  if (held > onDemand) return `${countText(files, 'file')} · ${held - onDemand} held back`
  if (onDemand > 0) return `${countText(files, 'file')} · ${onDemand} on demand`
  return files === 0 ? 'No files yet' : `${countText(files, 'file')}, all in sync`
}

const movement = ({ progress, wire: { up, down } }: Device): string => {
  const { blobs, totalBlobs, bytes, totalBytes } = progress()
  const speed = up.bytesPerSecond() + down.bytesPerSecond()
  const pace = speed > 0 ? [`${sizeText(speed)}/s`] : []
  return [`${blobs} of ${totalBlobs}`, ...pace, `${sizeText(bytes)} of ${sizeText(totalBytes)}`].join(' · ')
}
