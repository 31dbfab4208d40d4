/** What one request holds of memory that all requests share. */
export interface Share {
  /** @returns false if so much is not free; then nothing is taken. */
  readonly take: (bytes: number) => boolean
  readonly release: () => void
}

/** @returns what opens a share; all together take no more than so many bytes. */
export const sharedMemory = (bytesMax: number): (() => Share) => {
  let takenBytes = 0
  return () => {
    let shareBytes = 0
    return {
      take: (bytes) => {
        if (takenBytes + bytes > bytesMax) return false
        takenBytes += bytes
        shareBytes += bytes
        return true
      },
      release: () => {
        takenBytes -= shareBytes
        shareBytes = 0
      },
    }
  }
}
