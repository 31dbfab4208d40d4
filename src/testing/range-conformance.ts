import type { BlobKey } from '../model/ids'
import type { Download, RestOfBlob } from '../remote/remote'
import { expectBytes, expectEqual, expectLeft, expectRight } from './expect'
import { bytesOf, get, payload, put, tagOf, type Ground } from './remote-ground'

const restOf = async ({ remote }: Ground, key: BlobKey, from: RestOfBlob): Promise<Download> =>
  expectRight(await remote.get(key, { from })(), `get from ${from.byte}`)

/** The whole blob came, whatever was asked for. */
const expectWhole = async (download: Download, bytes: Uint8Array): Promise<void> => {
  expectEqual(download.fromByte ?? 0, 0, 'where the body begins')
  if (download.sizeBytes !== null) expectEqual(download.sizeBytes, bytes.length, 'the size')
  expectBytes(await bytesOf(download), bytes, 'the body')
}

const promises: Readonly<Record<string, (ground: Ground) => Promise<void>>> = {
  'ranges: the rest of a blob comes byte for byte, with size and tag of the whole': async (ground) => {
    const { remote, key } = ground
    for (const sizeBytes of [100, 70_001, 300_000]) {
      const bytes = payload(sizeBytes)
      await put(remote, key(`a${sizeBytes}`), bytes)
      const { tag } = await drop(await get(remote, key(`a${sizeBytes}`)))
      for (const byte of [1, 16, sizeBytes - 17, sizeBytes - 1]) {
        const rest = await restOf(ground, key(`a${sizeBytes}`), { byte, sizeBytes, tag })
        expectEqual(rest.fromByte ?? 0, byte, 'where the body begins')
        expectEqual(rest.sizeBytes, sizeBytes, 'the size')
        if (rest.tag !== null) expectEqual(rest.tag, tagOf(bytes), 'the tag')
        expectBytes(await bytesOf(rest), bytes.subarray(byte), `what comes from ${byte}`)
      }
    }
  },

  'ranges: of a blob that is another by now, all comes': async (ground) => {
    const { remote, key } = ground
    const bytes = payload(90_000)
    await put(remote, key('a'), bytes)
    const { tag } = await drop(await get(remote, key('a')))
    for (const sizeBytes of [89_999, 90_001, 200_000])
      for (const byte of [1, 50_000, sizeBytes - 1])
        await expectWhole(await restOf(ground, key('a'), { byte, sizeBytes, tag }), bytes)
    if (tag === null) return
    const other = tagOf(bytes.map((byte) => byte ^ 1))
    await expectWhole(await restOf(ground, key('a'), { byte: 50_000, sizeBytes: bytes.length, tag: other }), bytes)
  },

  'ranges: where no tag is known, the size decides': async (ground) => {
    const { remote, key } = ground
    const bytes = payload(90_000)
    await put(remote, key('a'), bytes)
    const rest = await restOf(ground, key('a'), { byte: 80_000, sizeBytes: bytes.length, tag: null })
    expectBytes(await bytesOf(rest), bytes.subarray(80_000), 'the rest')
  },

  'ranges: what is not there is NotFound, and a signal ends the call': async ({ remote, key }) => {
    const from = { byte: 5, sizeBytes: 100, tag: null }
    expectLeft(await remote.get(key('none'), { from })(), 'get', 'NotFound')
    await put(remote, key('a'), payload(100))
    expectLeft(await remote.get(key('a'), { from, signal: AbortSignal.abort() })(), 'get', 'Aborted')
  },

  'ranges: many of one blob at once, some of them cancelled': async (ground) => {
    const { remote, key } = ground
    const bytes = payload(2_000_000)
    await put(remote, key('a'), bytes)
    await Promise.all(
      Array.from({ length: 8 }, async (_, index) => {
        const byte = 1 + index * 200_000
        const rest = await restOf(ground, key('a'), { byte, sizeBytes: bytes.length, tag: null })
        if (index % 2 === 0) await rest.body.cancel()
        else expectBytes(await bytesOf(rest), bytes.subarray(byte), `the rest from ${byte}`)
      }),
    )
    expectBytes(await bytesOf(await get(remote, key('a'))), bytes, 'all of it')
  },
}

const drop = async (download: Download): Promise<Download> => {
  await download.body.cancel()
  return download
}

/** What a remote with the power `ranges` promises; without it, nothing. */
export const rangeCases = Object.fromEntries(
  Object.entries(promises).map(([name, check]) => [
    name,
    async (ground: Ground) => {
      if (expectRight(await ground.remote.supports()(), 'supports').ranges) await check(ground)
    },
  ]),
)
