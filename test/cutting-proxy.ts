import { connect, createServer, type Socket } from 'node:net'

/** A proxy on loopback that cuts the connections that pass through it, and counts their bytes. */
export interface CuttingProxy {
  readonly url: string
  /** Bytes that went to the server, and to the client, headers included. */
  readonly upBytes: () => number
  readonly downBytes: () => number
  readonly cuts: () => number
  /** How many bytes the next connections let pass, both ways together, before each is cut; Infinity: all. */
  lifeBytes: () => number
  /** Called with each piece that is about to pass; what it returns is waited for. */
  onPiece: (() => Promise<void> | void) | null
  /** Cuts all that are open. */
  readonly cutAll: () => void
  readonly close: () => Promise<void>
}

/** @param target The server's root. */
export const cuttingProxy = async (target: string): Promise<CuttingProxy> => {
  const port = Number(new URL(target).port)
  const open = new Set<() => void>()
  let upBytes = 0
  let downBytes = 0
  let cuts = 0

  const handle = (client: Socket) => {
    const server = connect({ port, host: '127.0.0.1', noDelay: true })
    client.setNoDelay(true)
    let leftBytes = made.lifeBytes()

    const end = () => {
      open.delete(end)
      client.resetAndDestroy()
      server.resetAndDestroy()
    }
    const carry = async (from: Socket, to: Socket, count: (bytes: number) => void) => {
      for await (const piece of from as AsyncIterable<Buffer>) {
        await made.onPiece?.()
        // Nobody gets it any more.
        if (to.destroyed) return end()
        const bytes = piece.subarray(0, Math.max(0, Math.floor(leftBytes)))
        leftBytes -= bytes.length
        count(bytes.length)
        // One piece on its way at a time: what waits here would count as sent.
        await new Promise<void>((written) => to.write(bytes, () => written()))
        if (leftBytes >= 1) continue
        if (open.has(end)) cuts += 1
        return end()
      }
      to.end()
    }

    open.add(end)
    // Either side may leave at any time: that is what it is here for.
    for (const socket of [client, server]) socket.on('error', end).on('close', () => open.delete(end))
    carry(client, server, (bytes) => (upBytes += bytes)).catch(end)
    carry(server, client, (bytes) => (downBytes += bytes)).catch(end)
  }

  const listener = createServer({ noDelay: true }, handle)
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve))
  const address = listener.address()
  if (address === null || typeof address === 'string') throw new Error('The proxy listens on no port.')

  const made: CuttingProxy = {
    url: `http://127.0.0.1:${address.port}/`,
    upBytes: () => upBytes,
    downBytes: () => downBytes,
    cuts: () => cuts,
    lifeBytes: () => Infinity,
    onPiece: null,
    cutAll: () => {
      for (const end of open) end()
    },
    close: async () => {
      made.cutAll()
      await new Promise((resolve) => listener.close(resolve))
    },
  }
  return made
}
