import type { BlobSync, BlobSyncEvents, BlobView } from '../options'
import { printJson, sizeText } from './print'
import type { Screen } from './screen'
import { waitingFor } from './waiting'

/** A line for each blob that came to an end. @returns what ends it. */
export const tellBlobs = (blobs: BlobSync, screen: Screen, isJson: boolean): (() => void) => {
  const tell = (name: Told, line: (text: string) => void, says: (view: BlobView) => string) =>
    blobs.on(name, (view: BlobView) => {
      const event = name.replace('blob.', '')
      const { namespace, id, status, held, lastFailure } = view
      if (isJson) printJson({ event, namespace, id, status, held, failure: lastFailure })
      else line(`${event.padEnd(8)} ${id}  ${says(view)}`.trimEnd())
    })
  const ends = [
    tell('blob.synced', screen.detail, ({ sizeBytes }) => sizeText(sizeBytes)),
    tell('blob.failed', screen.line, ({ lastFailure }) => lastFailure?.message ?? ''),
    tell('blob.held', screen.line, ({ held, lastFailure }) => `${held ?? ''}  ${lastFailure?.message ?? ''}`),
    tell('blob.deleted', screen.detail, () => ''),
    tell('blob.trashed', screen.line, () => 'it was deleted on another device'),
    tell('blob.missing', screen.line, () => 'the server lost it'),
    blobs.on('blob.crashed', ({ blob: { id }, error }) => {
      if (isJson) printJson({ event: 'crashed', id, message: String(error) })
      else screen.line(`crashed  ${id}  ${error instanceof Error ? error.stack : String(error)}`)
    }),
    blobs.on('failure.reported', (failure) => {
      if (isJson) printJson({ event: 'problem', failure })
      else screen.line(`problem  ${failure.message}`)
    }),
  ]
  return () => ends.forEach((end) => end())
}

type Told = Extract<
  keyof BlobSyncEvents,
  'blob.synced' | 'blob.failed' | 'blob.held' | 'blob.deleted' | 'blob.trashed' | 'blob.missing'
>

/** Says why the sync waits whenever that changes. @returns what ends it. */
export const tellWaiting = (blobs: BlobSync, screen: Screen, isJson: boolean): (() => void) => {
  let told: string | null = null
  const look = () => {
    const waiting = waitingFor(blobs, Date.now())
    if (waiting === null || waiting.key === told) return
    told = waiting.key
    if (isJson) printJson({ event: 'waiting', reason: waiting.text, failure: waiting.failure })
    else screen.line(`waiting: ${waiting.text}`)
  }
  const timer = setInterval(look, LOOK_MS)
  return () => clearInterval(timer)
}

/** A look goes through all blobs: often enough for people, seldom enough for many blobs. */
const LOOK_MS = 250
