import { writeSync } from 'node:fs'
import { contentOf, randomOf } from './content'
import { open } from './open'

// Puts, deletes and syncs until it is killed. Says what it begins, and what was acknowledged.
const [home = '', url = '', user = '', seed = '1', role = 'writes'] = process.argv.slice(2)
const say = (line: string) => writeSync(1, `${line}\n`)
const random = randomOf(Number(seed))
const blobs = open(home, url, user)
blobs.on('blob.synced', ({ id }) => say(`synced ${id}`))
await blobs.ready
say('open')

const put = async () => {
  for (let n = 0; ; n += 1) {
    const id = `${seed}-${n}`
    say(`putting ${id}`)
    await blobs.put(contentOf(id), { id })
    say(`put ${id}`)
    if (random(4) > 0) continue
    const old = `${seed}-${random(n + 1)}`
    if (!['PENDING_UPLOAD', 'SYNCED'].includes(blobs.blob(old).getSnapshot().status)) continue
    say(`deleting ${old}`)
    await blobs.delete(old)
    say(`deleted ${old}`)
  }
}

const sync = async () => {
  for (;;) {
    await blobs.sync()
    say('settled')
  }
}

await Promise.all(role === 'writes' ? [put(), sync()] : [sync()])
