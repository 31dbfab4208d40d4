import { contentOf } from './content'
import { open } from './open'

// Leaves as much as can be under way when it closes: transfers, backoff, observers, a sync that waits. Then it must end by itself.
const [home = '', url = '', sleepingUrl = ''] = process.argv.slice(2)
const awake = open(`${home}/a`, url, 'ann')
const asleep = open(`${home}/b`, sleepingUrl, 'ann')
const ends: Promise<string>[] = []
for (const blobs of [awake, asleep]) {
  blobs.subscribe(() => {})
  blobs.blob('1').subscribe(() => {})
  for (let n = 0; n < 30; n += 1) await blobs.put(contentOf(String(n)), { id: String(n) })
  for (const end of [blobs.sync(), blobs.idle(), blobs.get('elsewhere')]) {
    ends.push(
      end.then(
        () => 'done',
        () => 'told',
      ),
    )
  }
}
await awake.get('0')
await Promise.all([awake.close(), asleep.close(), asleep.close()])
console.log((await Promise.all(ends)).slice(3).join(' '))
