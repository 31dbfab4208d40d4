import { open } from './envelope'
import type { Device } from './device'

const SIDE = 96
const AT_ONCE = 2
/** Larger pictures take long to decode, and much memory. */
const BYTES_MAX = 40_000_000

const waiting: { readonly run: () => Promise<void>; readonly isWanted: () => boolean }[] = []
let running = 0

const next = () => {
  while (running < AT_ONCE) {
    // The last that was asked for is what is seen now.
    const job = waiting.pop()
    if (job === undefined) return
    if (!job.isWanted()) continue
    running += 1
    void job.run().finally(() => {
      running -= 1
      next()
    })
  }
}

/** Makes the small picture of a file that is here, two at a time, while somebody wants to see it, and notes it with its name. */
export const makeThumbnail = (device: Device, id: string, isWanted: () => boolean): void => {
  waiting.push({
    isWanted,
    run: async () => {
      const name = device.names.get(id)
      if (name === undefined || name.thumbnail !== null || name.sizeBytes > BYTES_MAX) return
      try {
        const { content } = await open(await device.blobs.get(id))
        const thumbnail = await scaled(content)
        const now = device.names.get(id)
        if (now !== undefined) device.names.note(id, { ...now, thumbnail })
      } catch {
        // What is no picture, whatever its type says, keeps its sign.
      }
    },
  })
  next()
}

const scaled = async (picture: Blob): Promise<Blob> => {
  const whole = await createImageBitmap(picture)
  const scale = SIDE / Math.min(whole.width, whole.height)
  const canvas = new OffscreenCanvas(SIDE, SIDE)
  const width = whole.width * scale
  const height = whole.height * scale
  const context = canvas.getContext('2d')
  if (context === null) throw new Error('This browser draws no pictures.')
  context.imageSmoothingQuality = 'high'
  context.drawImage(whole, (SIDE - width) / 2, (SIDE - height) / 2, width, height)
  whole.close()
  return canvas.convertToBlob({ type: 'image/webp', quality: 0.8 })
}
