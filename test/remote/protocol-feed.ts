// What docs/protocol.md says of changes and digests, made from it and with nothing of ours.

interface Listed {
  readonly id: string
  readonly size: number
  readonly tag: string
}

/** The feed of one namespace, from a log that never forgets. */
export const protocolFeed = (name: string, live: () => readonly Listed[]) => {
  const log: { readonly id: string; readonly isDeleted: boolean }[] = []
  const waiting = new Set<() => void>()

  const page = (cursor: string, limit: number) => {
    const [, feed, digits] = /^(.*):(\d+)$/.exec(cursor) ?? []
    const from = Number(digits)
    if (feed !== name || from > log.length) return { expired: true }
    const to = Math.min(log.length, from + limit)
    const span = log.slice(from, to)
    const deleted = [...new Set(span.filter(({ isDeleted }) => isDeleted).map(({ id }) => id))]
    return {
      changes: [
        ...deleted.map((id) => ({ id, deleted: true })),
        ...live().filter(({ id }) => span.some((each) => each.id === id)),
      ],
      cursor: `${name}:${to}`,
      more: to < log.length,
    }
  }

  const told = (range: string) => {
    const words = [0, 0, 0, 0]
    const inside = live().filter(({ id }) => hex(murmur3(id, 0)).startsWith(range))
    for (const { id, tag } of inside)
      for (const at of words.keys()) words[at] = (words[at]! ^ murmur3(`${id} ${tag}`, at + 1)) >>> 0
    return { blobs: inside.length, digest: words.map(hex).join('') }
  }

  return {
    cursor: () => `${name}:${log.length}`,
    note: (id: string, isDeleted: boolean) => {
      log.push({ id, isDeleted })
      for (const wake of waiting) wake()
    },
    page,
    waiting,
    digest: (range: string) => ({
      cursor: `${name}:${log.length}`,
      ...told(range),
      ...(range.length === 3
        ? { entries: live().filter(({ id }) => hex(murmur3(id, 0)).startsWith(range)) }
        : { parts: Array.from({ length: 16 }, (_, digit) => told(range + digit.toString(16))) }),
    }),
  }
}

const hex = (word: number) => word.toString(16).padStart(8, '0')

/** Austin Appleby's MurmurHash3_x86_32, over bytes. */
const murmur3 = (text: string, seed: number): number => {
  const data = Buffer.from(text)
  const rotate = (x: number, by: number) => (x << by) | (x >>> (32 - by))
  let h1 = seed
  const blocks = Math.floor(data.length / 4)
  for (let block = 0; block < blocks; block += 1) {
    let k1 = Math.imul(data.readUInt32LE(block * 4), 0xcc9e2d51)
    k1 = Math.imul(rotate(k1, 15), 0x1b873593)
    h1 = (Math.imul(rotate(h1 ^ k1, 13), 5) + 0xe6546b64) | 0
  }
  const tail = data.subarray(blocks * 4)
  if (tail.length > 0) {
    let k1 = 0
    for (const [at, byte] of tail.entries()) k1 ^= byte << (8 * at)
    h1 ^= Math.imul(rotate(Math.imul(k1, 0xcc9e2d51), 15), 0x1b873593)
  }
  h1 ^= data.length
  h1 = Math.imul(h1 ^ (h1 >>> 16), 0x85ebca6b)
  h1 = Math.imul(h1 ^ (h1 >>> 13), 0xc2b2ae35)
  return (h1 ^ (h1 >>> 16)) >>> 0
}
