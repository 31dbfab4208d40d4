import type { BlobSync, BlobView } from '../options'
import { msLeftAt, type Speed } from '../speed'
import { sizeText } from './print'

/** How far a sync has come, over the blobs that had work since it began. */
export interface Progress {
  readonly blobs: number
  readonly totalBlobs: number
  readonly bytes: number
  readonly totalBytes: number
}

/** Counts the work of a sync. */
export interface Tracker {
  readonly progress: () => Progress
  readonly dispose: () => void
}

interface Work {
  readonly isDone: boolean
  readonly bytes: number
  readonly totalBytes: number
}

/** Follows the blobs from now on: those with work now, and those that get some. */
export const trackWork = (blobs: BlobSync): Tracker => {
  const work = new Map<string, Work>()
  const note = (view: BlobView, hadWork = false) => {
    const key = `${view.namespace}/${view.id}`
    const isDone = view.phase === 'resting' || view.phase === 'held'
    if (isDone && !hadWork && !work.has(key)) return
    const before = work.get(key)?.totalBytes ?? 0
    const totalBytes = view.status === 'PENDING_DELETE' ? 0 : (view.progress?.totalBytes ?? view.sizeBytes ?? before)
    work.set(key, { isDone, totalBytes, bytes: isDone ? totalBytes : (view.progress?.bytes ?? 0) })
  }
  const ends = [
    blobs.on('blob.changed', (view) => note(view)),
    blobs.on('blob.synced', (view) => note(view, true)),
    blobs.on('blob.deleted', (view) => note(view, true)),
  ]
  const noteAll = () => blobs.list().forEach((view) => note(view))
  noteAll()
  return {
    progress: () => {
      noteAll()
      return [...work.values()].reduce<Progress>(added, { blobs: 0, totalBlobs: 0, bytes: 0, totalBytes: 0 })
    },
    dispose: () => ends.forEach((end) => end()),
  }
}

const added = (sum: Progress, { isDone, bytes, totalBytes }: Work): Progress => ({
  blobs: sum.blobs + (isDone ? 1 : 0),
  totalBlobs: sum.totalBlobs + 1,
  bytes: sum.bytes + Math.min(bytes, totalBytes),
  totalBytes: sum.totalBytes + totalBytes,
})

/** One line: bar, blobs, bytes, rate, time left. */
export const progressLine = ({ blobs, totalBlobs, bytes, totalBytes }: Progress, speed: Speed): string => {
  const share = totalBytes > 0 ? bytes / totalBytes : totalBlobs > 0 ? blobs / totalBlobs : 0
  const filled = Math.round(share * BAR_CHARACTERS)
  const bar = '█'.repeat(filled) + '░'.repeat(BAR_CHARACTERS - filled)
  return `${bar} ${blobs}/${totalBlobs} blobs  ${sizeText(bytes)}/${sizeText(totalBytes)}  ${sizeText(Math.round(speed.bytesPerSecond ?? 0))}/s  ${share >= 1 ? 'done' : timeLeft(msLeftAt(speed, totalBytes - bytes))}`
}

const timeLeft = (msLeft: number | null): string => {
  if (msLeft === null) return '– left'
  const seconds = Math.ceil(msLeft / 1000)
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')} left`
}

const BAR_CHARACTERS = 16
