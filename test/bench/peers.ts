import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { BenchOptions } from './main.ts'
import { contest } from './peers/contest.ts'
import { libraryPeer } from './peers/library.ts'
import { nameOf, type Peer } from './peers/peer.ts'
import { pipeline } from './peers/pipeline.ts'
import { installPouchdb } from './peers/pouchdb-packages.ts'
import { rclone } from './peers/rclone.ts'
import { peerRows, type PeerRow } from './peers/peer-rows.ts'
import { shapesNamed, type Shape } from './peers/shapes.ts'

const isHere = async () => null

export const ours = libraryPeer('blobsync', {
  subject: 'blobsync',
  durable: 'fsync',
  encryption: 'authenticated',
  legs: ['up', 'down'],
  missing: isHere,
})

export const loop = libraryPeer('loop', {
  subject: 'loop',
  setting: '6 transfers',
  durable: 'written',
  encryption: 'authenticated',
  legs: ['up', 'down'],
  missing: isHere,
})

const others: readonly Peer[] = [
  libraryPeer('loop-fsync', {
    subject: 'loop-fsync',
    setting: '6 transfers',
    durable: 'fsync',
    encryption: 'authenticated',
    legs: ['up', 'down'],
    missing: isHere,
  }),
  rclone(4),
  rclone(16),
  libraryPeer('tus', {
    subject: 'tus',
    setting: '6 transfers',
    durable: 'written',
    encryption: 'none',
    legs: ['up'],
    missing: isHere,
  }),
  libraryPeer('pouchdb', {
    subject: 'pouchdb',
    durable: 'written',
    encryption: 'none',
    legs: ['up', 'down'],
    // A document goes as text, and there is none of more than 512 MiB.
    blobBytesMax: 100_000_000,
    missing: installPouchdb,
  }),
  pipeline,
]

/** Device A to a server to device B: ours beside what people would use instead, each as they would run it, in turns. */
export const peers = ({ isShort, shapes }: BenchOptions): Promise<readonly PeerRow[]> =>
  compared('peers', [ours, loop, ...others], shapesNamed(shapes, isShort))

/** Those of `peers`, in the same shapes. */
export const compared = async (
  bench: string,
  contenders: readonly Peer[],
  shapes: readonly Shape[],
): Promise<readonly PeerRow[]> => {
  const present: Peer[] = []
  for (const peer of contenders) {
    const reason = await peer.missing()
    if (reason === null) present.push(peer)
    else process.stderr.write(`missing: ${nameOf(peer)}: ${reason}\n`)
  }
  const root = await mkdtemp(join(tmpdir(), 'blobsync-bench-'))
  try {
    const rows: PeerRow[] = []
    for (const shape of shapes) rows.push(...peerRows(bench, shape, await contest(join(root, shape.shape), present, shape)))
    return rows
  } finally {
    await rm(root, { recursive: true, force: true })
  }
}
