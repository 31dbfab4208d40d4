import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, onTestFinished, test, vi } from 'vitest'
import { streamingCipher } from '../../src/cipher/streaming'
import { httpRemote } from '../../src/remote/http'
import { serve } from '../../src/server/serve'
import { noise } from '../../src/testing/cipher-bytes'
import { expectBytes } from '../../src/testing/expect'
import { folder } from '../server/serving'
import { device, seen } from './device'

const cipher = streamingCipher(noise(64))
const content = noise(20_000_000)

test(
  'a blob goes in parts from one device through a server that is started anew on the way, to another',
  { timeout: 30_000 },
  async () => {
    const root = await folder()
    const lines: string[] = []
    const start = (port: number) =>
      serve({
        root,
        port,
        accounts: [{ user: 'ann', token: 'secret' }],
        quotaBytes: cipher.encryptedSize(content.length),
        log: (line) => lines.push(line),
      })
    const patches = () => lines.filter((line) => /^PATCH \S+ 204 /.test(line)).length
    const first = await start(0)
    const open = () =>
      device({ remote: httpRemote({ url: `${first.url}/`, user: 'ann', token: 'secret' }), cipher, backoff: { delaysMs: [5] } })
    const a = open()
    await a.put(content, { id: 'a' })
    await vi.waitFor(() => expect(patches()).toBeGreaterThan(0), { timeout: 10_000, interval: 1 })
    await first.close()
    expect(await readdir(join(root, 'uploads'))).toHaveLength(1)
    const before = patches()

    const second = await start(first.port)
    onTestFinished(() => second.close())
    await seen(a, 'a', ({ status }) => status === 'SYNCED')
    expect(patches()).toBeGreaterThan(before)
    const posts = lines.filter((line) => /^(POST|PUT) /.test(line)).map((line) => line.split(' ').slice(0, 3))
    expect(posts).toEqual([['POST', '/uploads/ann/', '201']])
    expect(await readdir(join(root, 'uploads'))).toEqual([])

    const b = open()
    expectBytes(await (await b.get('a')).bytes(), content, 'the content')
  },
)
