import type { Channel, LockRequest, Tabs } from '../../src/tabs'

interface Member {
  readonly page: Page
  readonly name: string
  readonly onMessage: (message: unknown) => void
}

interface Held {
  readonly page: Page
  readonly request: LockRequest
}

/** One tab as the browser sees it. */
export interface Page {
  readonly tabs: Tabs
  /** Gets nothing and runs nothing until it is thawed. */
  readonly freeze: () => void
  readonly thaw: () => void
  /** Dies without a word; what it holds is free. */
  readonly kill: () => void
  readonly isFrozen: () => boolean
  /** Runs when the page is not frozen, once it is thawed if it is; never once it is dead. */
  readonly whenAwake: (run: () => void) => void
}

export interface NetworkOptions {
  readonly hasLocks?: boolean
  /** Whether a message is lost on its way to one tab. @default none is */
  readonly loses?: (message: unknown) => boolean
}

/** The tabs of one browser: channels, locks, and what can happen to them. */
export const network = ({ hasLocks = true, loses = () => false }: NetworkOptions = {}) => {
  const members = new Set<Member>()
  const holders = new Map<string, Held>()
  const queues = new Map<string, Held[]>()
  const posted: unknown[] = []

  const grant = (name: string, held: Held) => {
    holders.set(name, held)
    held.page.whenAwake(() => {
      if (holders.get(name) === held) held.request.onGranted()
    })
  }
  const release = (name: string) => {
    holders.delete(name)
    const next = queues.get(name)?.shift()
    if (next !== undefined) grant(name, next)
  }

  const lockOf =
    (page: Page) =>
    (name: string, request: LockRequest): (() => void) => {
      const held: Held = { page, request }
      const holder = holders.get(name)
      if (holder === undefined) grant(name, held)
      else if (request.steals) {
        holder.page.whenAwake(() => holder.request.onLost())
        grant(name, held)
      } else queues.set(name, [...(queues.get(name) ?? []), held])
      return () => {
        queues.set(
          name,
          (queues.get(name) ?? []).filter((other) => other !== held),
        )
        if (holders.get(name) === held) release(name)
      }
    }

  const open = (): Page => {
    let isFrozen = false
    let isDead = false
    const later: (() => void)[] = []
    const whenAwake = (run: () => void) => {
      queueMicrotask(() => {
        if (isDead) return
        if (isFrozen) later.push(run)
        else run()
      })
    }
    const page: Page = {
      tabs: {
        open: (name, onMessage): Channel => {
          const member = { page, name, onMessage }
          members.add(member)
          return {
            post: (message) => {
              if (isDead) return
              const sent: unknown = structuredClone(message)
              posted.push(sent)
              for (const other of members) {
                if (other === member || other.name !== name || loses(sent)) continue
                other.page.whenAwake(() => {
                  if (members.has(other)) other.onMessage(structuredClone(sent))
                })
              }
            },
            close: () => members.delete(member),
          }
        },
        ...(hasLocks ? { lock: (name: string, request: LockRequest) => lockOf(page)(name, request) } : {}),
      },
      freeze: () => {
        isFrozen = true
      },
      thaw: () => {
        isFrozen = false
        for (const run of later.splice(0)) run()
      },
      kill: () => {
        isDead = true
        for (const member of members) if (member.page === page) members.delete(member)
        for (const [name, queue] of queues)
          queues.set(
            name,
            queue.filter((held) => held.page !== page),
          )
        for (const [name, held] of holders) if (held.page === page) release(name)
      },
      isFrozen: () => isFrozen,
      whenAwake,
    }
    return page
  }

  return { open, posted, isFree: () => holders.size === 0 && members.size === 0 }
}
