import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, test } from 'vitest'
import { encryptedStore } from '../../src/store/encrypted'
import { fileStore } from '../../src/store/file'
import { storeConformance } from '../../src/testing/store-conformance'

const root = await mkdtemp(join(tmpdir(), 'blobsync-file-store-'))
afterAll(() => rm(root, { recursive: true }))

let count = 0
const open = async () => fileStore(join(root, String(++count)))
const reopen = async () => fileStore(join(root, String(count)))

for (const { name, run } of storeConformance(open, reopen)) test(`file store: ${name}`, run)

for (const { name, run } of storeConformance(async () => fileStore(join(root, String(++count)), { inlineBytesMax: -1 })))
  test(`file store, every payload a file: ${name}`, run)

const secret = new Uint8Array(64).fill(7)
for (const { name, run } of storeConformance(
  async () => encryptedStore(await open(), secret),
  async () => encryptedStore(await reopen(), secret),
))
  test(`encrypted file store: ${name}`, run)
