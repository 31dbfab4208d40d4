import * as E from 'fp-ts/Either'
import { describe, expect, test } from 'vitest'
import { anyCipher } from '../../src/cipher/any'
import { soledadCipher } from '../../src/cipher/soledad'
import { streamingCipher } from '../../src/cipher/streaming'
import { concatenated, type Bytes } from '../../src/model/bytes'
import { failure } from '../../src/model/failure'
import { namespaceIn } from '../../src/remote/memory-content'
import { memoryRemote, remoteMemory } from '../../src/remote/memory'
import type { Remote } from '../../src/remote/remote'
import { encryptedStore } from '../../src/store/encrypted'
import { stagedBy } from '../../src/staged-by'
import type { Staging } from '../../src/store/store'
import { memoryStore, newMemory } from '../../src/store/memory'
import { noise, wholeOf } from '../../src/testing/cipher-bytes'
import { blobKey } from '../../src/model/ids'
import { expectBytes, expectRight } from '../../src/testing/expect'
import { device, text, watched } from './device'

const [secret, newSecret] = [noise(512), noise(600).slice(88)]
const cipher = streamingCipher(secret)
const alone = { batches: false, resumableUploads: false }

const keyOf = (id: string, namespace?: string) => expectRight(blobKey(id, namespace), 'a key')
const heldIn = (memory: ReturnType<typeof remoteMemory>, id: string, namespace?: string) => {
  const key = keyOf(id, namespace)
  return {
    bytes: () => namespaceIn(memory, key.namespace).blobs.get(key.id) ?? new Uint8Array(0),
    replace: (bytes: Bytes) => namespaceIn(memory, key.namespace).blobs.set(key.id, bytes),
  }
}

/** A remote that gets every upload whole; for some of them the answer is lost, and it stores what it got or not. */
const lossy = (remote: Remote, loses: (attempt: number) => 'bytes' | 'answer' | null) => {
  const bodies: Bytes[] = []
  const losing: Remote = {
    ...remote,
    put: (key, upload) => async () => {
      const body = await wholeOf(upload.body)
      const lost = loses(bodies.push(body))
      if (lost === 'bytes') return E.left(failure('Unreachable', 'The line is cut.'))
      const stored = await remote.put(key, { ...upload, body })()
      return lost === null ? stored : E.left(failure('Unreachable', 'The line is cut.'))
    },
  }
  return { remote: losing, bodies }
}

describe.each([10, 2_500_000])('a blob of %d bytes', (sizeBytes) => {
  test('is sent as the same ciphertext in every attempt, after a restart and a rotation too', async () => {
    const [disk, server] = [newMemory(), remoteMemory()]
    const { remote, bodies } = lossy(memoryRemote({ memory: server, powers: alone }), (attempt) => (attempt < 3 ? 'bytes' : null))
    const before = device({ store: memoryStore(disk), remote, cipher })
    await before.put(noise(sizeBytes), { id: 'a' })
    await before.sync({ wait: false })
    await before.close()
    for (const olderSecrets of [[secret], [noise(64), secret]]) {
      const after = device({ store: memoryStore(disk), remote, cipher: streamingCipher(newSecret, { olderSecrets }) })
      await after.retry()
      await after.sync({ wait: false })
      await after.close()
    }
    expect(bodies).toHaveLength(3)
    for (const body of bodies) expectBytes(body, bodies[0] ?? new Uint8Array(0), 'an attempt')

    const reader = device({ remote, cipher: streamingCipher(newSecret, { olderSecrets: [secret] }) })
    expectBytes(new Uint8Array(await (await reader.get('a')).arrayBuffer()), noise(sizeBytes), 'the content')
    const stranger = device({ remote, cipher: streamingCipher(newSecret) })
    await expect(stranger.get('a')).rejects.toMatchObject({ failure: { _tag: 'Tampered' } })
  })

  test('whose answer was lost is known again by its tag, without a download', async () => {
    const server = remoteMemory()
    const seen = watched(memoryRemote({ memory: server, powers: alone }))
    const { remote } = lossy(seen.remote, (attempt) => (attempt === 1 ? 'answer' : null))
    const blobs = device({ remote, cipher })
    await blobs.put(noise(sizeBytes), { id: 'a' })
    await blobs.sync({ wait: false })
    await blobs.retry('a')
    await blobs.sync({ wait: false })
    expect(blobs.blob('a').getSnapshot()).toMatchObject({ status: 'SYNCED', held: null })
    expect(seen.calls.filter((call) => call.startsWith('get'))).toEqual([])
  })

  test('that is deleted and put again goes with another salt and nonce prefix', async () => {
    const server = remoteMemory()
    const blobs = device({ remote: memoryRemote({ memory: server, powers: alone }), cipher })
    const headers = new Set<string>()
    for (let times = 0; times < 3; times++) {
      await blobs.put(noise(sizeBytes), { id: 'a' })
      await blobs.sync()
      headers.add(heldIn(server, 'a').bytes().slice(1, 40).join(' '))
      await blobs.delete('a')
      await blobs.sync()
      await blobs.sync()
    }
    expect(headers.size).toBe(3)
  })

  test('is never readable on a device that was given it under another id or namespace, cut, or altered at its end', async () => {
    const server = remoteMemory()
    const remote = memoryRemote({ memory: server, powers: alone })
    const writer = device({ remote, cipher })
    for (const id of ['a', 'b'])
      await writer.put(
        noise(sizeBytes).map((byte) => (id === 'a' ? byte : byte ^ 1)),
        { id },
      )
    await writer.sync()
    const [a, b] = [heldIn(server, 'a').bytes().slice(), heldIn(server, 'b').bytes().slice()]
    heldIn(server, 'a', 'other').replace(a)
    for (const [what, bytes] of [
      ['another id', b],
      ['cut at its end', a.slice(0, -1)],
      ['cut at a border', a.slice(0, 1024 * 1024)],
      ['altered in its last byte', concatenated(a.slice(0, -1), Uint8Array.of((a.at(-1) ?? 0) ^ 1))],
      ['lengthened', concatenated(a, Uint8Array.of(0))],
    ] as const) {
      if (bytes.length === a.length && what === 'cut at a border') continue
      heldIn(server, 'a').replace(bytes)
      const disk = newMemory()
      const reader = device({ store: memoryStore(disk), remote, cipher })
      await expect(reader.get('a'), what).rejects.toMatchObject({ failure: { _tag: 'Tampered' } })
      expect(disk.payloads.size, what).toBe(0)
    }
    const reader = device({ remote, cipher, namespaces: ['other'] })
    await expect(reader.get('a', { namespace: 'other' })).rejects.toMatchObject({ failure: { _tag: 'Tampered' } })
  })
})

test('a segment reaches the staging area only after it verified, and a blob its readers only as a whole', async () => {
  const server = remoteMemory()
  const remote = memoryRemote({ memory: server, powers: alone })
  const writer = device({ remote, cipher })
  await writer.put(noise(4_000_000), { id: 'a' })
  await writer.sync()
  const held = heldIn(server, 'a')
  held.replace(held.bytes().map((byte, at) => (at === 2_500_000 ? byte ^ 1 : byte)))
  const inner = memoryStore()
  let stagedBytes = 0
  const watched = <S extends Staging>(staging: S): S => ({
    ...staging,
    append: (bytes) => {
      stagedBytes += bytes.length
      return staging.append(bytes)
    },
  })
  const watching = { ...inner, ...stagedBy(inner, watched, watched) }
  const reader = device({ store: watching, remote, cipher })
  await expect(reader.get('a')).rejects.toMatchObject({ failure: { _tag: 'Tampered' } })
  // Two whole segments come before the altered one.
  expect(stagedBytes).toBe(2 * 1024 * 1024 - 40 - 2 * 16)
  expect(expectRight(await inner.read(keyOf('a'))(), 'read')._tag).toBe('None')
})

test('with an encrypted store nothing of a content rests readable, here or there, and it comes back', async () => {
  const [disk, server] = [newMemory(), remoteMemory()]
  const content = text('nobody may find this, neither on the disk nor on the server')
  const remote = memoryRemote({ memory: server, powers: alone })
  const blobs = device({ store: encryptedStore(memoryStore(disk), secret), remote, cipher })
  await blobs.put(content, { id: 'a' })
  await blobs.sync()
  const other = newMemory()
  const reader = device({ store: encryptedStore(memoryStore(other), secret), remote, cipher })
  expectBytes(new Uint8Array(await (await reader.get('a')).arrayBuffer()), content, 'the content')
  const all = [...disk.payloads.values(), ...other.payloads.values(), heldIn(server, 'a').bytes()]
  expect(all).toHaveLength(3)
  for (const bytes of all) expect(new TextDecoder('latin1').decode(bytes)).not.toMatch(/nobody|find|server/)
})

test('blobs of Soledad’s format and of ours live side by side', async () => {
  const remote = memoryRemote({ powers: alone })
  const old = device({ remote, cipher: soledadCipher(secret) })
  await old.put(text('old'), { id: 'old' })
  await old.sync()
  const both = device({ remote, cipher: anyCipher([cipher, soledadCipher(secret)]) })
  await both.put(text('new'), { id: 'new' })
  await both.sync()
  const reader = device({ remote, cipher: anyCipher([soledadCipher(secret), cipher]) })
  expect(await Promise.all(['old', 'new'].map(async (id) => (await reader.get(id)).text()))).toEqual(['old', 'new'])
})
