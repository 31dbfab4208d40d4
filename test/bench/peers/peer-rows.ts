import { median, rounded, spreadOf, type Row } from '../rows.ts'
import type { Contender, Trip } from './contest.ts'
import type { Durable, Encryption } from './peer.ts'
import type { Shape } from './shapes.ts'

/** A line about one peer in one shape. Memory is the largest of all runs, the rest medians. */
export interface PeerRow extends Row {
  readonly setting?: string
  readonly startMs: number
  readonly cpuMs: number
  readonly serverCpuMs: number
  readonly serverPeakRssMiB: number
  /** Not of a peer whose requests nobody counts. */
  readonly requests?: number
  /** Both ways. */
  readonly wireBytes?: number
  /** What is certain of the bytes on both sides once the peer says that it is done. */
  readonly durable: Durable
  readonly encryption: Encryption
}

export const isPeerRow = (row: Row): row is PeerRow => 'durable' in row

/** `1000x10kB` as people write it. */
export const titleOf = (shape: string): string => {
  const [count = '', size = ''] = shape.split('x')
  return `${Number(count).toLocaleString('en')} × ${size.replace(/([a-zA-Z]+)$/, ' $1')}`
}

type Phase = 'up' | 'down' | 'round'

export const peerRows = (bench: string, shape: Shape, contenders: readonly Contender[]): readonly PeerRow[] => {
  const loop = contenders.find(({ peer }) => peer.subject === 'loop')
  return (['up', 'down', 'round'] as const).flatMap((phase) =>
    better(contenders).flatMap((one) => {
      const row = rowOf(bench, shape, phase, one)
      if (row === null) return []
      const others = loop === undefined ? null : tripsOf(loop, phase)
      return [one.peer.subject === 'blobsync' && others !== null ? { ...row, ...ratioOf(tripsOf(one, phase), others) } : row]
    }),
  )
}

/** Of a peer that ran with several settings, the one that suits the shape best. */
const better = (contenders: readonly Contender[]): readonly Contender[] =>
  [...new Set(contenders.map(({ peer }) => peer.subject))].flatMap((subject) =>
    contenders
      .filter(({ peer }) => peer.subject === subject)
      .toSorted((one, other) => wholeMs(one) - wholeMs(other))
      .slice(0, 1),
  )

const wholeMs = ({ trips }: Contender) => median(trips.map(({ up, down }) => (up?.wallMs ?? 0) + (down?.wallMs ?? 0)))

/** @returns null if the peer does not go that way. */
const tripsOf = ({ peer, trips }: Contender, phase: Phase): readonly Trip[] | null => {
  if (phase !== 'round') return peer.legs.includes(phase) ? trips.flatMap(({ [phase]: one }) => one ?? []) : null
  return peer.legs.length < 2 ? null : trips.flatMap(({ up, down }) => (up && down ? [both(up, down)] : []))
}

const both = (up: Trip, down: Trip): Trip => ({
  wallMs: up.wallMs + down.wallMs,
  cpuMs: up.cpuMs + down.cpuMs,
  startMs: up.startMs + down.startMs,
  peakRssMiB: Math.max(up.peakRssMiB, down.peakRssMiB),
  serverCpuMs: up.serverCpuMs + down.serverCpuMs,
  serverPeakRssMiB: Math.max(up.serverPeakRssMiB, down.serverPeakRssMiB),
  wire:
    up.wire && down.wire ? { requests: sum(up.wire.requests, down.wire.requests), bytes: up.wire.bytes + down.wire.bytes } : null,
  digest: null,
})

const sum = (one: number | null, other: number | null) => (one === null || other === null ? null : one + other)

const rowOf = (bench: string, { shape, blobs, blobBytes }: Shape, phase: Phase, one: Contender): PeerRow | null => {
  const trips = tripsOf(one, phase)
  if (trips === null) return null
  const { subject, setting, durable, encryption } = one.peer
  const middle = (of: (trip: Trip) => number) => Math.round(median(trips.map(of)))
  const most = (of: (trip: Trip) => number) => Math.round(Math.max(...trips.map(of)))
  const walls = trips.map(({ wallMs }) => wallMs)
  const wallMs = median(walls)
  const requests = trips.flatMap(({ wire }) => wire?.requests ?? [])
  const bytes = trips.flatMap(({ wire }) => wire?.bytes ?? [])
  return {
    bench,
    shape,
    phase,
    subject,
    ...(setting === undefined ? {} : { setting }),
    wallMs: Math.round(wallMs),
    spread: spreadOf(walls),
    blobsPerSecond: rounded((blobs / wallMs) * 1000, 1),
    megabytesPerSecond: rounded((blobs * blobBytes) / wallMs / 1000, 1),
    startMs: middle(({ startMs }) => startMs),
    cpuMs: middle(({ cpuMs }) => cpuMs),
    serverCpuMs: middle(({ serverCpuMs }) => serverCpuMs),
    peakRssMiB: most(({ peakRssMiB }) => peakRssMiB),
    serverPeakRssMiB: most(({ serverPeakRssMiB }) => serverPeakRssMiB),
    ...(requests.length === 0 ? {} : { requests: Math.round(median(requests)) }),
    ...(bytes.length === 0 ? {} : { wireBytes: Math.round(median(bytes)) }),
    durable,
    encryption,
  }
}

const ratioOf = (ours: readonly Trip[] | null, theirs: readonly Trip[]) => ({
  ratio: rounded(median((ours ?? []).map(({ wallMs }, run) => wallMs / (theirs[run]?.wallMs ?? wallMs))), 2),
  against: 'loop',
})
