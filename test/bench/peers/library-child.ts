import { mkdirSync } from 'node:fs'
import { peakRssMiB } from '../usage.ts'
import { digestOf } from './digest.ts'
import type { Ask, Library, LibraryName, Task, Told } from './library.ts'
import type { Work } from './peer.ts'
import { countRequests } from './wire.ts'

const libraries: Readonly<Record<LibraryName, () => Promise<{ readonly library: Library }>>> = {
  blobsync: () => import('./blobsync.ts'),
  loop: () => import('./loop.ts'),
  'loop-fsync': () => import('./loop-fsync.ts'),
  tus: () => import('./tus.ts'),
  pouchdb: () => import('./pouchdb.ts'),
  plain: () => import('./plain.ts'),
}

const tell = (message: Told) => process.send?.(message)

const serve = async ({ serve: start }: Library, root: string) => {
  const wire = countRequests()
  mkdirSync(root, { recursive: true })
  const { url, close } = await start(root)
  process.on('message', (ask: Ask) => {
    if (ask === 'wire') tell({ kind: 'wire', wire: wire() })
    else void close().then(() => process.disconnect())
  })
  process.on('disconnect', () => process.exit())
  tell({ kind: 'url', url })
}

const run = async (library: Library, work: Work) => {
  mkdirSync(work.directory, { recursive: true })
  const leg = library[work.leg]
  if (leg === undefined) throw new TypeError(`It does not go ${work.leg}.`)
  const startMs = performance.now()
  const cpu = process.cpuUsage()
  await leg(work)
  const wallMs = performance.now() - startMs
  const { user, system } = process.cpuUsage(cpu)
  const peak = peakRssMiB('self')
  const digest = library.contents === undefined ? null : await digestOf(library.contents(work))
  tell({ kind: 'spent', spent: { wallMs, cpuMs: (user + system) / 1000, peakRssMiB: peak, startMs, digest } })
  process.disconnect()
}

const given = process.argv[2]
if (given === undefined) throw new TypeError('This runs as a child of the bench.')
// The parent wrote it.
const task = JSON.parse(given) as Task
const { library } = await libraries[task.library]()
await (task.role === 'serve' ? serve(library, task.root) : run(library, task.work))
