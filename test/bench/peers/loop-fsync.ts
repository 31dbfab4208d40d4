import { open } from 'node:fs/promises'
import { loopThat } from './loop.ts'

/** The loop with the promise that blobsync gives: what it wrote on this device survives a power cut, too. */
export const library = loopThat(async (path, bytes) => {
  const file = await open(path, 'w')
  try {
    await file.writeFile(bytes)
    await file.sync()
  } finally {
    await file.close()
  }
})
