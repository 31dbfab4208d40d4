import type { Flag } from '../model/wire'
import type { FlagPower } from '../remote/remote'
import { expectBytes, expectEqual, expectLeft, expectRight, expectTrue } from './expect'
import { bytesOf, get, idOf, payload, put, wholeList, type Ground } from './remote-ground'

interface FlagGround extends Ground {
  readonly flags: FlagPower
}

const promises: Readonly<Record<string, (ground: FlagGround) => Promise<void>>> = {
  'flags: a blob has none until some are set': async (ground) => {
    await put(ground.remote, ground.key('a'), payload(100))
    expectEqual(await flagsOf(ground, 'a'), [], 'flags')
    expectEqual(await listed(ground, 'PENDING'), [], 'ids that bear a flag')
  },

  'flags: what is set replaces what was, and can be nothing': async (ground) => {
    await put(ground.remote, ground.key('a'), payload(100))
    for (const flags of [['PENDING'], ['PROCESSING', 'FAILED'], ['PROCESSED'], []] as const) {
      await set(ground, 'a', flags)
      expectEqual<readonly Flag[]>(await flagsOf(ground, 'a'), flags, 'flags')
      for (const flag of ['PENDING', 'PROCESSING', 'PROCESSED', 'FAILED'] as const) {
        const bearers = flags.some((other) => other === flag) ? ['a'] : []
        expectEqual<readonly string[]>(await listed(ground, flag), bearers, `ids that bear ${flag}`)
      }
    }
  },

  'flags: the list has the blobs that bear one by their own time, oldest or newest first': async (ground) => {
    const ids = ['m', 'a', 'z', 'B', 'k']
    for (const id of ids) await put(ground.remote, ground.key(id), payload(100))
    for (const id of ['z', 'm', 'k', 'a']) await set(ground, id, ['PENDING'])
    await set(ground, 'B', ['PROCESSING'])
    await set(ground, 'm', ['FAILED', 'PENDING'])
    expectEqual<readonly string[]>(await listed(ground, 'PENDING', 'oldest'), ['m', 'a', 'z', 'k'], 'oldest first')
    expectEqual<readonly string[]>(await listed(ground, 'PENDING', 'newest'), ['k', 'z', 'a', 'm'], 'newest first')
    expectEqual<readonly string[]>(await listed(ground, 'PROCESSING'), ['B'], 'ids that bear another flag')
  },

  'flags: they leave the blob as it is': async (ground) => {
    const { remote, key } = ground
    await put(remote, key('a'), payload(753))
    await set(ground, 'a', ['PENDING', 'PROCESSED'])
    expectBytes(await bytesOf(await get(remote, key('a'))), payload(753), 'the download')
    expectEqual<readonly string[]>((await wholeList(remote, key('a'))).entries.map(idOf), ['a'], 'listed ids')
    expectEqual(expectRight(await remote.count(key('a').namespace)(), 'count'), 1, 'count')
  },

  'flags: they go with the blob, and one that comes again has none': async (ground) => {
    const { remote, key, flags } = ground
    await put(remote, key('a'), payload(100))
    await set(ground, 'a', ['PENDING'])
    expectRight(await remote.delete(key('a'))(), 'delete')
    expectEqual(await listed(ground, 'PENDING'), [], 'ids that bear the flag, once deleted')
    expectLeft(await flags.get(key('a'))(), 'flags of a deleted blob', 'NotFound')
    await put(remote, key('a'), payload(200))
    expectEqual(await flagsOf(ground, 'a'), [], 'flags of the blob that came again')
    expectEqual(await listed(ground, 'PENDING'), [], 'ids that bear the flag, once put again')
  },

  'flags: what is not there has none, and takes none': async ({ flags, key, remote }) => {
    expectLeft(await flags.get(key('missing'))(), 'get', 'NotFound')
    expectLeft(await flags.set(key('missing'), ['PENDING'])(), 'set', 'NotFound')
    await put(remote, key('missing'), payload(100))
    expectEqual<readonly Flag[]>(expectRight(await flags.get(key('missing'))(), 'get'), [], 'flags of what came later')
  },

  'flags: namespaces do not know each other’s': async (ground) => {
    const { remote, key, otherKey, flags } = ground
    await put(remote, key('a'), payload(100))
    await put(remote, otherKey('a'), payload(100))
    await set(ground, 'a', ['PENDING'])
    expectEqual<readonly Flag[]>(expectRight(await flags.get(otherKey('a'))(), 'get'), [], 'the other namespace’s flags')
    const request = { namespace: otherKey('a').namespace, flag: 'PENDING', order: 'oldest' } as const
    expectEqual(expectRight(await flags.list(request)(), 'list'), [], 'the other namespace’s ids')
  },

  'flags: a signal that has fired ends every call as Aborted': async (ground) => {
    const { remote, key, flags } = ground
    await put(remote, key('a'), payload(100))
    const signal = AbortSignal.abort()
    const request = { namespace: key('a').namespace, flag: 'PENDING', order: 'oldest', signal } as const
    expectLeft(await flags.list(request)(), 'list', 'Aborted')
    expectLeft(await flags.get(key('a'), { signal })(), 'get', 'Aborted')
    expectLeft(await flags.set(key('a'), ['PENDING'], { signal })(), 'set', 'Aborted')
    expectEqual(await flagsOf(ground, 'a'), [], 'flags')
  },
}

/** What a remote promises that declares the power `flags`; of one that does not, nothing is asked. */
export const flagCases: Readonly<Record<string, (ground: Ground) => Promise<void>>> = Object.fromEntries(
  Object.entries(promises).map(([name, check]) => [
    name,
    async (ground: Ground) => {
      const { flags: isDeclared } = expectRight(await ground.remote.supports()(), 'supports')
      if (!isDeclared) return
      const { flags } = ground.remote
      expectTrue(flags !== undefined, 'a remote that declares flags has their methods')
      await check({ ...ground, flags })
    },
  ]),
)

const set = async ({ flags, key }: FlagGround, id: string, replacement: readonly Flag[]): Promise<void> =>
  expectRight(await flags.set(key(id), replacement)(), `flags set on ${id}`)

const flagsOf = async ({ flags, key }: FlagGround, id: string): Promise<readonly Flag[]> =>
  expectRight(await flags.get(key(id))(), `flags of ${id}`)

const listed = async ({ flags, key }: FlagGround, flag: Flag, order: 'oldest' | 'newest' = 'oldest') =>
  expectRight(await flags.list({ namespace: key('any').namespace, flag, order })(), `list of ${flag}`)
