import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { serve, type Serving } from '../src/server/index'
import { vectorNamed } from './cipher/secrets'

const LIMIT_MS = 60_000

vi.setConfig({ testTimeout: LIMIT_MS, hookTimeout: LIMIT_MS })

const run = promisify(execFile)
const project = resolve(import.meta.dirname, '..')
let folder = ''
let server: Serving

/** The blocks of TypeScript in a document, in order. */
const blocksOf = async (path: string) =>
  [...(await readFile(join(project, path), 'utf8')).matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code]) => code ?? '')

// Within the project, where its own name leads to the build as it does for a user.
beforeAll(async () => {
  folder = await mkdtemp(join(project, 'test', '.documents-'))
  server = await serve({ root: join(folder, 'server'), port: 0, accounts: [{ user: 'ann', token: 'token' }] })
})
afterAll(async () => {
  await server.close()
  await rm(folder, { recursive: true, force: true })
})

test('the code in the README runs against a server and does what its comments say', async () => {
  const [code, ...others] = await blocksOf('README.md')
  expect(others).toEqual([])
  await writeFile(join(folder, 'secret.hex'), randomBytes(512).toString('hex'))
  await writeFile(join(folder, 'example.ts'), (code ?? '').replace('https://blobs.example.org', server.url))
  const { stdout } = await run(process.execPath, ['example.ts'], { cwd: folder, env: { ...process.env, TOKEN: 'token' } })
  expect(stdout).toMatch(/0 under way, 1 synced/)
  expect(stdout).toMatch(/never changes\n$/)
})

test('the minimal store in the guide for authors passes the suite as the guide runs it', async () => {
  const [store, suite, ...others] = await blocksOf('docs/adapters.md')
  expect(others).toEqual([])
  await writeFile(join(folder, 'map-store.ts'), store ?? '')
  await writeFile(join(folder, 'map-store.test.ts'), suite ?? '')
  const { stdout } = await run(process.execPath, ['--test', 'map-store.test.ts'], { cwd: folder })
  expect(stdout).toMatch(/fail 0/)
})

test('the code in the guide for people who have Soledad opens a secrets file', async () => {
  const [code, ...others] = await blocksOf('docs/soledad.md')
  expect(others).toEqual([])
  const { file, passphrase } = vectorNamed('v2')
  await writeFile(join(folder, 'ann.secret'), JSON.stringify(file))
  await writeFile(join(folder, 'open-secrets.ts'), code ?? '')
  const open = (given: string) =>
    run(process.execPath, ['open-secrets.ts'], { cwd: folder, env: { ...process.env, PASSPHRASE: given } })
  expect((await open(passphrase)).stdout).toBe('soledad\n')
  await expect(open('wrong')).rejects.toThrow('The passphrase is wrong')
})

test('the code in the documents has the right types', async () => {
  for (const [path, name] of [
    ['README.md', 'readme.ts'],
    ['docs/adapters.md', 'map-store.ts'],
    ['docs/soledad.md', 'open-secrets.ts'],
  ] as const) {
    await writeFile(join(folder, name), (await blocksOf(path))[0] ?? '')
  }
  // As an app sees it: the declarations in the build, not the sources.
  const compilerOptions = {
    strict: true,
    noEmit: true,
    target: 'es2022',
    module: 'preserve',
    types: ['node'],
    skipLibCheck: true,
  }
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ compilerOptions, include: ['readme.ts', 'map-store.ts', 'open-secrets.ts'] }),
  )
  const compiler = join(project, 'node_modules', '.bin', 'tsc')
  const complaints = await run(compiler, ['-p', folder]).then(
    () => 'none',
    (error: { readonly stdout?: string }) => error.stdout,
  )
  expect(complaints).toBe('none')
})
