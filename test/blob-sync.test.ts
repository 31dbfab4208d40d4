import { describe, expect, test } from 'vitest'
import { soledadCipher } from '../src/cipher/soledad'
import { createBlobSync } from '../src/index'
import { memoryRemote } from '../src/remote/memory'
import { memoryStore } from '../src/store/memory'

const secret = new Uint8Array(96).fill(7)
const text = (value: string) => new TextEncoder().encode(value)

const device = (remote = memoryRemote()) => createBlobSync({ store: memoryStore(), remote, cipher: soledadCipher(secret) })

describe('two devices', () => {
  test('what one puts, the other gets, and what one deletes is gone on the other', async () => {
    const remote = memoryRemote()
    const [a, b] = [device(remote), device(remote)]
    const { id } = await a.put(text('hello'))
    const up = await a.sync()
    expect(up.uploaded).toEqual([{ namespace: 'default', id }])
    expect(a.blob(id).getSnapshot().status).toBe('SYNCED')
    const down = await b.sync()
    expect(down.downloaded).toEqual([{ namespace: 'default', id }])
    expect(await (await b.get(id)).text()).toBe('hello')
    await b.delete(id)
    expect((await b.sync()).deleted).toEqual([{ namespace: 'default', id }])
    expect((await a.sync()).trashed).toEqual([{ namespace: 'default', id }])
    await expect(a.get(id)).rejects.toThrow('deleted')
    await b.sync()
    expect(b.list()).toEqual([])
    await a.close()
    await b.close()
  })

  test('get fetches what was never listed here', async () => {
    const remote = memoryRemote()
    const [a, b] = [device(remote), device(remote)]
    const { id } = await a.put(text('hello'))
    await a.idle()
    expect(await (await b.get(id)).text()).toBe('hello')
    await expect(b.get('nothing')).rejects.toMatchObject({ failure: { _tag: 'NotFound' } })
    expect(b.list()).toHaveLength(1)
    await a.close()
    await b.close()
  })

  test('a thousand blobs arrive, and no actor stays behind', async () => {
    const remote = memoryRemote()
    const [a, b] = [device(remote), device(remote)]
    for (let n = 0; n < 1000; n += 1) await a.put(text(`blob ${n}`), { id: `b${n}` })
    await a.sync()
    const report = await b.sync()
    expect(report.downloaded).toHaveLength(1000)
    expect(Object.keys(b.actor.getSnapshot().children)).toEqual([])
    expect(b.actor.getSnapshot().context.actors.size).toBe(0)
    await a.close()
    await b.close()
  }, 60_000)
})
