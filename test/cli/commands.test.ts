import { mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { account, blobsync, playground, startServer } from './processes'

const LIMIT_MS = 60_000

vi.setConfig({ testTimeout: LIMIT_MS, hookTimeout: LIMIT_MS })

let ground: Awaited<ReturnType<typeof playground>>
let home: Record<string, string>
beforeEach(async () => {
  ground = await playground()
  home = { BLOBSYNC_HOME: ground.path('home') }
})
afterEach(() => ground.clear())

const lines = (text: string) => text.split('\n').filter((line) => line !== '')

test('the first put makes a secret of 512 bytes, and the same file is stored once', async () => {
  await writeFile(ground.path('one.txt'), 'same')
  await writeFile(ground.path('two.txt'), 'same')
  const first = await blobsync(['put', ground.path('one.txt')], home)
  expect(first).toMatchObject({ code: 0, stderr: expect.stringContaining('made a secret') })
  expect((await readFile(ground.path('home', 'secret.hex'), 'utf8')).trim()).toMatch(/^[0-9a-f]{1024}$/)
  const again = await blobsync(['put', ground.path('one.txt'), ground.path('two.txt')], home)
  expect(again).toMatchObject({ code: 0, stderr: '' })
  const ids = [...lines(first.stdout), ...lines(again.stdout)].map((line) => line.split(' ')[0])
  expect(new Set(ids).size).toBe(1)
  expect(lines((await blobsync(['ls'], home)).stdout)).toEqual([expect.stringContaining('PENDING_UPLOAD')])
})

test('a folder stands for all files under it, in order; what is no file is left out', async () => {
  await mkdir(ground.path('folder', 'b ü'), { recursive: true })
  for (const name of ['z.txt', 'a.txt', 'b ü/leer.bin'])
    await writeFile(ground.path('folder', name), name === 'b ü/leer.bin' ? '' : name)
  await symlink(ground.path('nowhere'), ground.path('folder', 'broken'))
  const { code, stdout, stderr } = await blobsync(['put', ground.path('folder'), '--json'], home)
  expect(code).toBe(0)
  expect(lines(stdout).map((line) => JSON.parse(line))).toMatchObject([
    { path: ground.path('folder', 'a.txt'), sizeBytes: 5 },
    { path: ground.path('folder', 'b ü', 'leer.bin'), sizeBytes: 0 },
    { path: ground.path('folder', 'z.txt'), sizeBytes: 5 },
  ])
  expect(stderr).toContain('broken is left out')
})

test('an id of one’s own names one blob, and other content under it is refused', async () => {
  await writeFile(ground.path('one.txt'), 'one')
  await writeFile(ground.path('two.txt'), 'two')
  expect(await blobsync(['put', ground.path('one.txt'), '--id', 'mine'], home)).toMatchObject({ code: 0 })
  expect(await blobsync(['put', ground.path('one.txt'), '--id', 'mine'], home)).toMatchObject({ code: 0 })
  expect(await blobsync(['put', ground.path('two.txt'), '--id', 'mine'], home)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('taken by other content'),
  })
  expect((await blobsync(['get', 'mine'], home)).stdout).toBe('one\n')
  expect(await blobsync(['put', ground.path('one.txt'), '--id', '../x'], home)).toMatchObject({ code: 1 })
})

test('commands other than put say what to do about a missing secret, and put makes none for a home with blobs', async () => {
  expect(await blobsync(['get', 'x'], home)).toMatchObject({ code: 1, stderr: expect.stringContaining('--secret-file') })
  await writeFile(ground.path('one.txt'), 'one')
  await blobsync(['put', ground.path('one.txt')], home)
  await rm(ground.path('home', 'secret.hex'))
  expect(await blobsync(['put', ground.path('one.txt')], home)).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('is gone'),
  })
})

test('a secret that is too short or not hex is refused', async () => {
  await writeFile(ground.path('short.hex'), 'ab'.repeat(64))
  await writeFile(ground.path('odd.hex'), 'xyz')
  for (const [name, why] of [
    ['short.hex', 'more than 64'],
    ['odd.hex', 'not in hex'],
  ] as const) {
    expect(await blobsync(['get', 'x', '--secret-file', ground.path(name)], home)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining(why),
    })
  }
})

test('what is wrong on the command line ends with 1 and the usage', async () => {
  for (const args of [[], ['bogus'], ['put'], ['ls', '--nope'], ['get', 'a', 'b'], ['sync', 'x']]) {
    expect(await blobsync(args, home)).toMatchObject({ code: 1, stderr: expect.stringContaining('Usage: blobsync') })
  }
  for (const args of [
    ['ls', '--cipher', 'rot13'],
    ['ls', '--status', 'X'],
    ['sync', '--remote', 'ftp://x'],
    ['ls', '--namespace', 'a/b'],
  ]) {
    expect(await blobsync(args, home)).toMatchObject({ code: 1, stdout: '' })
  }
  expect((await blobsync(['ls', '--cipher', 'rot13'], home)).stderr).toContain('--cipher streaming, the default')
})

test('help and version are told on stdout', async () => {
  expect(await blobsync(['--help'])).toMatchObject({ code: 0, stdout: expect.stringContaining('explain ID') })
  expect((await blobsync(['--version'])).stdout).toMatch(/^\d+[.]\d+[.]\d+\n$/)
  for (const name of ['serve', 'put', 'sync', 'get', 'ls', 'rm', 'retry', 'status', 'explain', 'import-soledad']) {
    expect(await blobsync([name, '--help'])).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`Usage: blobsync ${name}`),
    })
  }
})

test('a blob that is kept here only is no trouble for sync and never reaches the server', async () => {
  const server = await startServer(ground.path('server'))
  const remote = ['--remote', server.url, '--user', 'ann', '--token', account.split(':')[1] ?? '']
  await writeFile(ground.path('one.txt'), 'one')
  await blobsync(['put', ground.path('one.txt'), '--local-only'], home)
  expect(await blobsync(['sync', ...remote, '--json'], home)).toMatchObject({ code: 0 })
  expect((await blobsync(['ls'], home)).stdout).toContain('(localOnly)')
  expect(JSON.parse((await blobsync(['status', '--json'], home)).stdout)).toMatchObject({
    counts: { PENDING_UPLOAD: 1 },
    held: 1,
    active: 0,
  })
  const { stdout } = await server.stop()
  expect(stdout).not.toContain('PUT')
})

test('a wrong token ends a sync with 2 and says so', async () => {
  const server = await startServer(ground.path('server'))
  await writeFile(ground.path('one.txt'), 'one')
  await blobsync(['put', ground.path('one.txt')], home)
  const { code, stdout } = await blobsync(['sync', '--remote', server.url, '--user', 'ann', '--token', 'wrong'], home)
  expect({ code, stdout }).toMatchObject({ code: 2, stdout: expect.stringMatching(/token/) })
  const { stdout: log } = await server.stop()
  expect(log).not.toMatch(/wrong|s3cret/)
})

test('an id that begins like an option is an id', async () => {
  const id = `-P${'a'.repeat(41)}`
  await writeFile(ground.path('one.txt'), 'one')
  expect(await blobsync(['put', ground.path('one.txt'), `--id=${id}`], home)).toMatchObject({ code: 0 })
  expect((await blobsync(['explain', id], home)).stdout).toContain(id)
  expect(await blobsync(['rm', id], home)).toMatchObject({ code: 0, stdout: expect.stringContaining(id) })
})
