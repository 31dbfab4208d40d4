import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { LIMIT_MS, type Peer, type Server, type Spent, type Wire, type Work } from './peer.ts'

/** What a peer that is a library brings: each of these runs in a process of its own. */
export interface Library {
  readonly serve: (root: string) => Promise<{ readonly url: string; readonly close: () => Promise<void> }>
  readonly up?: (work: Work) => Promise<void>
  readonly down?: (work: Work) => Promise<void>
  /** What a leg brought to where it ends. */
  readonly contents?: (work: Work) => AsyncIterable<AsyncIterable<Uint8Array>>
}

export type LibraryName = 'blobsync' | 'loop' | 'loop-fsync' | 'tus' | 'pouchdb' | 'plain'

export type Task =
  | { readonly library: LibraryName; readonly role: 'serve'; readonly root: string }
  | { readonly library: LibraryName; readonly role: 'work'; readonly work: Work }

export type Told =
  | { readonly kind: 'url'; readonly url: string }
  | { readonly kind: 'wire'; readonly wire: Wire }
  | { readonly kind: 'spent'; readonly spent: Spent }

export type Ask = 'wire' | 'stop'

/** A server in a process of its own, which ends with this one. */
export const serving =
  (library: LibraryName) =>
  async (root: string): Promise<Server> => {
    const child = started({ library, role: 'serve', root })
    const { pid } = child
    if (pid === undefined) throw new Error(`No process for the server of ${library}.`)
    const exited = once(child, 'exit')
    const ask = (what: Ask) => child.send(what)
    const { url } = await told(child, 'url')
    return {
      pid,
      url,
      wire: async () => {
        const answer = told(child, 'wire')
        ask('wire')
        return (await answer).wire
      },
      stop: async () => {
        ask('stop')
        const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS)
        await exited
        clearTimeout(timer)
      },
    }
  }

const STOP_MS = 15_000

/** A client of a library, in a process of its own. */
export const working =
  (library: LibraryName) =>
  async (work: Work): Promise<Spent> => {
    const child = started({ library, role: 'work', work })
    const timer = setTimeout(() => child.kill('SIGKILL'), LIMIT_MS)
    try {
      const exited = once(child, 'exit')
      const { spent } = await told(child, 'spent')
      await exited
      return spent
    } finally {
      clearTimeout(timer)
    }
  }

export const libraryPeer = (library: LibraryName, about: Omit<Peer, 'serve' | 'client'>): Peer => ({
  ...about,
  serve: serving(library),
  client: working(library),
})

const started = (task: Task): ChildProcess =>
  fork(join(import.meta.dirname, 'library-child.ts'), [JSON.stringify(task)], { stdio: ['ignore', 2, 2, 'ipc'] })

const told = <K extends Told['kind']>(child: ChildProcess, kind: K): Promise<Extract<Told, { kind: K }>> =>
  new Promise((resolve, reject) => {
    const hear = (message: Told) => {
      if (message.kind !== kind) return
      child.off('message', hear)
      child.off('exit', leave)
      resolve(message as Extract<Told, { kind: K }>)
    }
    const leave = (code: number | null, signal: string | null) => reject(new Error(`The process ended with ${signal ?? code}.`))
    child.on('message', hear)
    child.once('exit', leave)
  })
