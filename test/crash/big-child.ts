import { writeSync } from 'node:fs'
import { BIG, bigContent, openBig } from './big'

// Sends the big blob, or fetches it, until it is there or the process is killed.
const [home = '', url = '', verb = '', sizeBytes = '0'] = process.argv.slice(2)
process.stdin.on('end', () => process.exit()).resume()
const blobs = openBig(home, url)
await blobs.ready
if (verb === 'send' && blobs.blob(BIG).getSnapshot().status === 'DELETED') {
  await blobs.put(bigContent(Number(sizeBytes)), { id: BIG })
}
while (blobs.blob(BIG).getSnapshot().status !== 'SYNCED') await blobs.sync()
await blobs.close()
writeSync(1, 'synced\n')
process.exit()
