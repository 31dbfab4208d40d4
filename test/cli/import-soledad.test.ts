import { createHash, randomBytes } from 'node:crypto'
import { access, mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { soledadCipher } from '../../src/cipher/soledad'
import { createBlobSync } from '../../src/index'
import { httpRemote } from '../../src/remote/http'
import { rewritePayload, serve, type Serving } from '../../src/server/index'
import { fileStore } from '../../src/store/file'
import { vectorNamed, type SecretsVector } from '../cipher/secrets'
import { fromHex } from '../cipher/vectors'
import { blobsync, playground } from './processes'

const LIMIT_MS = 90_000

vi.setConfig({ testTimeout: LIMIT_MS, hookTimeout: LIMIT_MS })

const version2 = vectorNamed('v2')
const version1 = vectorNamed('v1')

let ground: Awaited<ReturnType<typeof playground>>
let server: Serving
let account: readonly string[]
const startServer = (port = 0) => serve({ root: ground.path('server'), port, accounts: [{ user: 'ann', token: 's3cret' }] })
beforeEach(async () => {
  ground = await playground()
  server = await startServer()
  account = ['--remote', server.url, '--user', 'ann', '--token', 's3cret']
})
afterEach(async () => {
  await server.close()
  await ground.clear()
})

const contents: Record<string, string> = { hello: 'hello world', long: 'x'.repeat(300_000), empty: '' }

/** Uploads blobs from a first home that has the account's secret. */
const upload = async (namespace = 'default', given = contents) => {
  const first = createBlobSync({
    live: false,
    store: fileStore(ground.path('first')),
    remote: httpRemote({ url: server.url, user: 'ann', token: 's3cret' }),
    cipher: soledadCipher(fromHex(version2.remoteSecretHex)),
  })
  for (const [id, content] of Object.entries(given)) await first.put(new Blob([content]), { id, namespace })
  await first.sync()
  expect(first.getSnapshot().counts).toMatchObject({ PENDING_UPLOAD: 0, PENDING_DOWNLOAD: 0 })
  await first.close()
}

const damage = (id: string) =>
  rewritePayload(ground.path('server'), { user: 'ann', namespace: 'default', id }, (bytes) =>
    bytes.map((byte, index) => (index === bytes.length - 1 ? byte ^ 1 : byte)),
  )

const secretsFile = async (file: object, name = 'ann.secret') => {
  await writeFile(ground.path(name), JSON.stringify(file))
  return ground.path(name)
}

const importing = async (
  file: object,
  more: readonly string[] = [],
  environment: Record<string, string> = { BLOBSYNC_PASSPHRASE: version2.passphrase },
) =>
  blobsync(
    ['import-soledad', '--secrets', await secretsFile(file), '--home', ground.path('home'), ...account, ...more],
    environment,
  )

const secretFile = () => ground.path('home', 'secret.hex')
const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  )

/** A version 1 entry under the name that Soledad gives it. */
const asSoledadNames = ({ file, remoteSecretHex, localSaltHex, localSecretHex }: SecretsVector) => {
  const name = createHash('sha256')
    .update(Buffer.from(remoteSecretHex + localSaltHex + localSecretHex, 'hex'))
    .digest('hex')
  return { storage_secrets: { [name]: Object.values(file['storage_secrets'] as object)[0] as unknown } }
}

test.each([
  ['version 2', version2.file],
  ['version 1', version1.file],
  ['version 1 as Soledad names it', asSoledadNames(version1)],
])('a secrets file of %s makes a home with every blob of the account', async (_, file) => {
  await upload()
  const { code, stdout, stderr } = await importing(file)
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toContain('3 downloaded')
  expect((await readFile(secretFile(), 'utf8')).trim()).toBe(version2.remoteSecretHex)
  expect((await stat(secretFile())).mode & 0o777).toBe(0o600)
  await server.close()
  for (const [id, content] of Object.entries(contents)) {
    const got = await blobsync(['get', id, '--home', ground.path('home')])
    expect(got).toMatchObject({ code: 0, stdout: content === '' ? '' : `${content}\n` })
  }
})

test('a second time it changes nothing, and brings another namespace when asked', async () => {
  await upload()
  await upload('mail', { letter: 'dear ann' })
  expect(await importing(version2.file)).toMatchObject({ code: 0 })
  const before = await readFile(secretFile(), 'utf8')
  expect(await importing(version2.file)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/already[^]*0 uploaded, 0 downloaded/),
  })
  expect(await readFile(secretFile(), 'utf8')).toBe(before)
  expect(await importing(version2.file, ['--namespace', 'mail'])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('1 downloaded'),
  })
})

test('with --json it prints one object per line, the report last', async () => {
  await upload()
  const { stdout } = await importing(version2.file, ['--json'])
  const events = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { event: string })
  expect(events[0]).toEqual({ event: 'imported', secretFile: secretFile(), isNew: true })
  expect(events.at(-1)).toMatchObject({ event: 'report', failed: [], held: [] })
  expect(stdout).not.toContain(version2.remoteSecretHex.slice(0, 32))
})

test('a blob that does not verify ends it with 2, as it ends a sync', async () => {
  await upload()
  await damage('hello')
  expect(await importing(version2.file)).toMatchObject({ code: 2, stdout: expect.stringContaining('2 downloaded') })
})

test('a server that is down ends it with 2, and a later sync goes on', async () => {
  await upload()
  await server.close()
  expect(await importing(version2.file, ['--no-wait'])).toMatchObject({ code: 2 })
  server = await startServer(server.port)
  expect(await blobsync(['sync', '--home', ground.path('home'), ...account])).toMatchObject({
    code: 0,
    stdout: expect.stringContaining('3 downloaded'),
  })
})

describe('the passphrase', () => {
  test.each([
    ['version 2', version2.file],
    ['version 1', version1.file],
    ['version 1 as Soledad names it', asSoledadNames(version1)],
  ])('that is wrong for %s is told, and nothing is written', async (_, file) => {
    await upload()
    const { code, stdout, stderr } = await importing(file, [], { BLOBSYNC_PASSPHRASE: 'wrong' })
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' })
    expect(stderr).toMatch(/passphrase is wrong/)
    expect(stderr).not.toMatch(/at .*[.]js:\d/)
    expect(await isThere(ground.path('home'))).toBe(false)
  })

  test('comes from the first line of a file, before the environment', async () => {
    await upload()
    await writeFile(ground.path('passphrase'), `${version2.passphrase}\r\nmore\n`)
    const more = ['--passphrase-file', ground.path('passphrase')]
    expect(await importing(version2.file, more, { BLOBSYNC_PASSPHRASE: 'wrong' })).toMatchObject({ code: 0 })
  })

  test('that is nowhere is asked for, without a terminal in vain', async () => {
    expect(await importing(version2.file, [], {})).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('BLOBSYNC_PASSPHRASE'),
    })
    await writeFile(ground.path('passphrase'), '\n')
    const more = ['--passphrase-file', ground.path('passphrase')]
    expect(await importing(version2.file, more, {})).toMatchObject({ code: 1, stderr: expect.stringContaining('is empty') })
  })

  test('of a file that cannot tell needs a blob that can: an empty account is imported with a warning', async () => {
    expect(await importing(version1.file)).toMatchObject({
      code: 0,
      stderr: expect.stringContaining('cannot tell a wrong passphrase'),
    })
    await server.close()
    const unreached = await importing(version1.file, ['--home', ground.path('other')])
    expect(unreached).toMatchObject({ code: 1, stderr: expect.stringContaining('does not give them') })
    expect(await isThere(ground.path('other'))).toBe(false)
  })

  test('is found right although a blob of the account is damaged', async () => {
    await upload()
    await damage('empty')
    expect(await importing(version1.file)).toMatchObject({ code: 2, stdout: expect.stringContaining('2 downloaded') })
  })
})

test('another secret in its place stays, and is told', async () => {
  await upload()
  await mkdir(ground.path('home'))
  const other = randomBytes(512).toString('hex')
  await writeFile(secretFile(), other)
  expect(await importing(version2.file)).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining('another secret') })
  expect(await readFile(secretFile(), 'utf8')).toBe(other)
})

test('a file that is none, a missing one, and missing options end it with 1 and say why', async () => {
  expect(await importing({ hello: 'world' })).toMatchObject({ code: 1, stderr: expect.stringContaining('storage_secrets') })
  expect(await importing({ ...version2.file, kdf: 'argon2id' })).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('argon2id'),
  })
  for (const [args, why] of [
    [['--secrets', ground.path('nowhere'), ...account], 'cannot be read'],
    [[...account], '--secrets'],
    [['--secrets', await secretsFile(version2.file)], '--remote, --user, --token'],
    [['--secrets', await secretsFile(version2.file), ...account, 'operand'], 'options only'],
  ] as const) {
    const ended = await blobsync(['import-soledad', '--home', ground.path('home'), ...args], { BLOBSYNC_PASSPHRASE: 'any' })
    expect(ended).toMatchObject({ code: 1, stdout: '', stderr: expect.stringContaining(why) })
  }
  expect(await isThere(ground.path('home'))).toBe(false)
})
