/** `fsync`: what was acknowledged survives a power cut. `written`: it is in the operating system’s hands. */
export type Durable = 'fsync' | 'written'

/** `authenticated`: what the server changed is noticed. `unauthenticated`: it is only hidden from it. */
export type Encryption = 'authenticated' | 'unauthenticated' | 'none'

export type Leg = 'up' | 'down'

/** One way of a trip. */
export interface Work {
  readonly leg: Leg
  readonly url: string
  /** Where the server keeps what it has. */
  readonly serverRoot: string
  readonly namespace: string
  /** The folder of the files that device A has; their names are the ids. */
  readonly source: string
  /** What the device of this leg keeps. */
  readonly directory: string
  readonly blobs: number
  readonly blobBytes: number
}

/** What a client took, and a digest of what then lay where its leg ends, if that can be read. */
export interface Spent {
  readonly wallMs: number
  readonly cpuMs: number
  readonly peakRssMiB: number
  /** From the start of the process to that of its work. A command’s wall time holds it, that of a library does not. */
  readonly startMs: number
  readonly digest: string | null
}

/** What went over a server’s connections so far, both ways. */
export interface Wire {
  readonly requests: number | null
  readonly bytes: number
}

export interface Server {
  readonly pid: number
  readonly url: string
  /** null if the server cannot tell. */
  readonly wire: (() => Promise<Wire>) | null
  readonly stop: () => Promise<void>
}

/** What people would use, as they would run it. */
export interface Peer {
  readonly subject: string
  /** What was chosen where there is a choice. */
  readonly setting?: string
  readonly durable: Durable
  readonly encryption: Encryption
  readonly legs: readonly Leg[]
  /** It cannot hold larger ones. */
  readonly blobBytesMax?: number
  /** @returns why it cannot run here; null if it can. */
  readonly missing: () => Promise<string | null>
  readonly serve: (root: string) => Promise<Server>
  readonly client: (work: Work) => Promise<Spent>
}

export const nameOf = ({ subject, setting }: Peer): string => (setting === undefined ? subject : `${subject}, ${setting}`)

/** What no run takes; one that does is ended, and said to have failed. */
export const LIMIT_MS = 300_000
