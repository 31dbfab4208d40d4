import type { BlobView } from 'blobsync'

/** How far a device has come with what it has had to do since it last had nothing to do. */
export interface Progress {
  readonly blobs: number
  readonly totalBlobs: number
  readonly bytes: number
  readonly totalBytes: number
}

interface Task {
  readonly isDone: boolean
  readonly bytes: number
  readonly totalBytes: number
}

const none: Progress = { blobs: 0, totalBlobs: 0, bytes: 0, totalBytes: 0 }

/** Adds up what single blobs tell. */
export const workTracker = () => {
  const tasks = new Map<string, Task>()
  let sum = none

  const count = ({ isDone, bytes, totalBytes }: Task, sign: 1 | -1) => {
    sum = {
      blobs: sum.blobs + (isDone ? sign : 0),
      totalBlobs: sum.totalBlobs + sign,
      bytes: sum.bytes + sign * Math.min(bytes, totalBytes),
      totalBytes: sum.totalBytes + sign * totalBytes,
    }
  }

  return {
    note: (view: BlobView): void => {
      const before = tasks.get(view.id)
      const isDone = view.phase === 'resting' || view.phase === 'held'
      if (isDone && before === undefined) return
      const totalBytes =
        view.status === 'PENDING_DELETE' ? 0 : (view.progress?.totalBytes ?? view.sizeBytes ?? before?.totalBytes ?? 0)
      const task = { isDone, totalBytes, bytes: isDone ? totalBytes : (view.progress?.bytes ?? 0) }
      if (before !== undefined) count(before, -1)
      count(task, 1)
      tasks.set(view.id, task)
    },
    /** Nothing is left to do: what comes next is counted from its own beginning. */
    reset: (): void => {
      tasks.clear()
      sum = none
    },
    progress: (): Progress => sum,
  }
}
