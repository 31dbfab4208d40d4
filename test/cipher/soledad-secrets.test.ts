import { createCipheriv, createHash, randomBytes, scryptSync } from 'node:crypto'
import { fc, test as property } from '@fast-check/vitest'
import * as E from 'fp-ts/Either'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { openSoledadSecrets, type SoledadSecrets } from '../../src/cipher/soledad-secrets'
import { fromHex } from './vectors'
import { failureOf, vectorNamed, vectors, type SecretsVector } from './secrets'

const version2 = vectorNamed('v2')
const version1 = vectorNamed('v1')
const entryName = 'some-id'
const entry = (version1.file['storage_secrets'] as Record<string, Record<string, unknown>>)[entryName] ?? {}

const secretsOf = ({ remoteSecretHex, localSaltHex, localSecretHex }: SecretsVector) => ({
  remoteSecret: fromHex(remoteSecretHex),
  localSalt: fromHex(localSaltHex),
  localSecret: fromHex(localSecretHex),
})

const open = async (file: unknown, passphrase: string): Promise<SoledadSecrets> => {
  const opened = await openSoledadSecrets(JSON.stringify(file), passphrase)()
  if (E.isLeft(opened)) throw new Error(`${opened.left._tag}: ${opened.left.message}`)
  return opened.right
}

/** Refusing a file takes no scrypt, whatever passphrase comes with it. */
const refusal = async (file: unknown) => {
  const scrypt = vi.spyOn(process, 'getBuiltinModule')
  const failure = await failureOf(file, 'any')
  expect(scrypt).not.toHaveBeenCalled()
  return failure
}
afterEach(() => vi.restoreAllMocks())

const brief = (value: unknown) => (JSON.stringify(value) ?? 'undefined').slice(0, 30)
/** Rows with a short form of their value, for the name of the test. */
const named = <Row extends readonly [string, unknown, ...string[]]>(rows: readonly Row[]) =>
  rows.map((row) => ({ field: row[0], value: row[1], what: row[2] ?? row[0], shown: brief(row[1]) }))

test('there are vectors of both versions', () => {
  expect(vectors.map(({ name }) => name)).toEqual(['v2', 'v1', 'v1-without-version'])
})

test.each(vectors)('$name opens as Soledad opens it', async (vector) => {
  expect(await open(vector.file, vector.passphrase)).toEqual({ ...secretsOf(vector), isVerified: vector.name === 'v2' })
})

describe('version 2', () => {
  const { file, passphrase } = version2

  test.each(['', 'wrong', passphrase.toUpperCase(), `${passphrase} `, passphrase.normalize('NFD')])(
    'the passphrase “%s” is told to be wrong',
    async (wrong) => {
      expect(await failureOf(file, wrong)).toMatchObject({
        _tag: 'WrongPassphrase',
        message: expect.stringContaining('passphrase'),
      })
    },
  )

  test('base64 without its last newline is the same', async () => {
    const bare = { ...file, kdf_salt: String(file['kdf_salt']).trim(), secrets: String(file['secrets']).trim() }
    expect(await open(bare, passphrase)).toMatchObject(secretsOf(version2))
  })

  test.each(
    named<[string, unknown]>([
      ['kdf_salt', undefined],
      ['kdf_salt', 5],
      ['kdf_salt', ''],
      ['kdf_salt', Buffer.alloc(63).toString('base64')],
      ['kdf_salt', Buffer.alloc(2 ** 19).toString('base64')],
      ['kdf_salt', `${Buffer.alloc(64).toString('base64')}\n\n`],
      ['kdf_salt', ` ${Buffer.alloc(64).toString('base64')}`],
      ['kdf_salt', Buffer.alloc(64, 0xff).toString('base64url')],
      ['kdf_salt', Buffer.alloc(64, 0xff).toString('base64').replace('+', '-').replace('/', '_').replace(/=+$/, '')],
      ['iv', Buffer.alloc(12).toString('base64')],
      ['iv', Buffer.alloc(17).toString('base64')],
      ['secrets', 'AA='],
      ['secrets', ''],
      ['length', 1436],
      ['length', 1e15],
      ['length', -16],
      ['length', '1437'],
      ['kdf_length', '32'],
      ['kdf_length', null],
      ['cipher', 'aes256'],
    ]),
  )('$field as $shown is Corrupt, and named', async ({ field, value }) => {
    const { _tag, message } = await refusal({ ...file, [field]: value })
    expect([_tag, message]).toEqual(['Corrupt', expect.stringContaining(field)])
  })

  test.each(
    named<[string, unknown]>([
      ['kdf', 'argon2id'],
      ['kdf', 'x'.repeat(100_000)],
      ['kdf_length', 1e12],
      ['kdf_length', 16],
      ['kdf_length', 0],
      ['kdf_length', 32.5],
      ['cipher', 1],
      ['cipher', 3],
      ['version', 3],
      ['version', '2'],
      ['version', null],
    ]),
  )('$field as $shown is Unsupported', async ({ field, value }) => {
    const { _tag, message } = await refusal({ ...file, [field]: value })
    expect(_tag).toBe('Unsupported')
    expect(message.length).toBeLessThan(200)
  })

  test('a file cannot choose what opening it costs', async () => {
    const greedy = { ...file, N: 2 ** 40, r: 1e6, p: 1e6, kdf_params: { N: 2 ** 40 }, scrypt_n: 2 ** 40 }
    expect(await open(greedy, passphrase)).toMatchObject(secretsOf(version2))
  })

  const locked = (plaintext: string) => {
    const [salt, iv] = [randomBytes(64), randomBytes(16)]
    const key = scryptSync(passphrase, salt, 32)
    const cipher = createCipheriv('aes-256-gcm', key, iv)
    const bytes = Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()])
    return {
      ...file,
      kdf_salt: salt.toString('base64'),
      length: Buffer.byteLength(plaintext),
      iv: iv.toString('base64'),
      secrets: bytes.toString('base64'),
    }
  }
  const plain = {
    remote_secret: randomBytes(512).toString('base64'),
    local_salt: randomBytes(64).toString('base64'),
    local_secret: randomBytes(448).toString('base64'),
  }

  test('what it encrypts opens with and without newlines', async () => {
    const { remoteSecret } = await open(locked(JSON.stringify(plain)), passphrase)
    expect(Buffer.from(remoteSecret).toString('base64')).toBe(plain.remote_secret)
    const withNewlines = Object.fromEntries(Object.entries(plain).map(([name, value]) => [name, `${value}\n`]))
    expect((await open(locked(JSON.stringify(withNewlines)), passphrase)).remoteSecret).toEqual(remoteSecret)
  })

  test.each<[string, string]>([
    ['no JSON', 'hello'],
    ['“remote_secret”', JSON.stringify({ ...plain, remote_secret: randomBytes(511).toString('base64') })],
    ['“remote_secret”', JSON.stringify({ ...plain, remote_secret: '' })],
    ['“local_salt”', JSON.stringify({ ...plain, local_salt: undefined })],
    ['“local_secret”', JSON.stringify({ ...plain, local_secret: randomBytes(449).toString('base64') })],
  ])('what it encrypts is Corrupt where it should not be: %s', async (what, plaintext) => {
    const { _tag, message } = await failureOf(locked(plaintext), passphrase)
    expect([_tag, message]).toEqual(['Corrupt', expect.stringContaining(what)])
  })

  const text = JSON.stringify(file)
  property.prop([fc.nat(text.length - 1), fc.integer({ min: 1, max: 127 })], { numRuns: 200 })(
    'no changed byte of the file yields other secrets',
    async (place, change) => {
      const changed = `${text.slice(0, place)}${String.fromCharCode(text.charCodeAt(place) ^ change)}${text.slice(place + 1)}`
      const opened = await openSoledadSecrets(changed, passphrase)()
      if (E.isRight(opened)) expect(opened.right).toEqual({ ...secretsOf(version2), isVerified: true })
    },
  )

  test.each(['kdf_salt', 'iv', 'secrets'] as const)('any changed bit of %s is a wrong passphrase', async (field) => {
    const bytes = Buffer.from(String(file[field]), 'base64')
    for (const place of [0, 1, bytes.length >> 1, bytes.length - 17, bytes.length - 16, bytes.length - 1]) {
      const changed = Buffer.from(bytes)
      changed[Math.max(0, place)] = (changed[Math.max(0, place)] ?? 0) ^ 1
      const failure = await failureOf({ ...file, [field]: changed.toString('base64') }, passphrase)
      expect(failure._tag).toBe('WrongPassphrase')
    }
  })
})

describe('version 1', () => {
  const { file, passphrase } = version1
  const withEntry = (given: Record<string, unknown>) => ({ ...file, storage_secrets: { [entryName]: { ...entry, ...given } } })
  const plaintext = Buffer.from(version1.remoteSecretHex + version1.localSaltHex + version1.localSecretHex, 'hex')
  const hash = createHash('sha256').update(plaintext).digest('hex')

  test('without a version it is the same', async () => {
    const { version: _, ...rest } = file
    expect(await open(rest, passphrase)).toEqual({ ...secretsOf(version1), isVerified: false })
  })

  test('under the hash of its secrets it is verified, and a wrong passphrase is told', async () => {
    const named = { storage_secrets: { [hash]: entry } }
    expect(await open(named, passphrase)).toEqual({ ...secretsOf(version1), isVerified: true })
    expect(await failureOf(named, 'wrong')).toMatchObject({ _tag: 'WrongPassphrase' })
  })

  test('under another name a wrong passphrase yields other secrets that are not verified', async () => {
    const opened = await open(file, 'wrong')
    expect(opened.isVerified).toBe(false)
    expect(opened.remoteSecret).not.toEqual(fromHex(version1.remoteSecretHex))
    expect([opened.remoteSecret.length, opened.localSalt.length, opened.localSecret.length]).toEqual([512, 64, 448])
  })

  test('of several entries the active one is taken, or else the first', async () => {
    const iv = randomBytes(16).toString('base64')
    const other = { ...entry, secret: `${iv}:${randomBytes(1024).toString('base64')}` }
    const storage_secrets = { other, [entryName]: entry }
    expect(await open({ storage_secrets, active_secret: entryName }, passphrase)).toMatchObject(secretsOf(version1))
    const first = { storage_secrets: { [entryName]: entry, other } }
    expect(await open(first, passphrase)).toMatchObject(secretsOf(version1))
    expect(await open({ ...first, active_secret: 'gone' }, passphrase)).toMatchObject(secretsOf(version1))
    expect(await open({ ...first, active_secret: null }, passphrase)).toMatchObject(secretsOf(version1))
  })

  test('a newline after either part of the secret is the same', async () => {
    const secret = String(entry['secret']).replace(':', '\n:')
    expect(await open(withEntry({ secret: `${secret}\n` }), passphrase)).toMatchObject(secretsOf(version1))
  })

  const [iv = '', ciphertext = ''] = String(entry['secret']).split(':')
  test.each(
    named<[string, unknown, string]>([
      ['secret', undefined, 'secret'],
      ['secret', 'x', 'iv'],
      ['secret', ciphertext, 'iv'],
      ['secret', `${iv}:`, 'ciphertext'],
      ['secret', `${iv}:${ciphertext}:`, 'secret'],
      ['secret', `${Buffer.alloc(12).toString('base64')}:${ciphertext}`, 'iv'],
      ['secret', `${iv}:${Buffer.alloc(1023).toString('base64')}`, 'ciphertext'],
      ['length', 1023, 'length'],
      ['length', 1e12, 'length'],
      ['kdf_salt', 'QUFB', 'kdf_salt'],
      ['cipher', 2, 'cipher'],
    ]),
  )('$field as $shown is Corrupt, and $what is named', async ({ field, value, what }) => {
    const { _tag, message } = await refusal(withEntry({ [field]: value }))
    expect([_tag, message]).toEqual(['Corrupt', expect.stringContaining(what)])
  })

  test.each<[string, unknown]>([
    ['kdf', 'pbkdf2'],
    ['kdf_length', 2 ** 31],
    ['cipher', 'aes128'],
  ])('%s as %j is Unsupported', async (field, value) => {
    expect(await refusal(withEntry({ [field]: value }))).toMatchObject({ _tag: 'Unsupported' })
  })
})

describe('what is no secrets file', () => {
  test.each<[string, string]>([
    ['an empty file', ''],
    ['a cut file', JSON.stringify(version2.file).slice(0, -5)],
    ['null', 'null'],
    ['a list', '[]'],
    ['a number', '2'],
    ['another object', '{"name":"x"}'],
    ['a version without the rest', '{"version":2}'],
    ['no entries', '{"version":1,"storage_secrets":{}}'],
    ['entries that are none', '{"version":1,"storage_secrets":{"a":7}}'],
    ['entries in a list', '{"version":1,"storage_secrets":[1]}'],
    ['a huge file', JSON.stringify({ ...version2.file, x: 'x'.repeat(2 ** 20) })],
    ['a deep file', '['.repeat(900_000)],
  ])('%s is Corrupt', async (_, json) => {
    expect(await refusal(json)).toMatchObject({ _tag: 'Corrupt' })
  })

  property.prop([fc.json()])('no other JSON opens or throws', async (json) => {
    expect(await failureOf(json, 'any')).toBeDefined()
  })
})

test('without Node’s scrypt it says that it needs Node', async () => {
  vi.spyOn(process, 'getBuiltinModule').mockReturnValue(undefined)
  expect(await failureOf(version2.file, version2.passphrase)).toMatchObject({
    _tag: 'Unsupported',
    message: expect.stringContaining('Node'),
  })
})
