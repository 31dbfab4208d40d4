import { randomBytes } from 'node:crypto'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { playground, start } from './processes'

const LIMIT_MS = 60_000

vi.setConfig({ testTimeout: LIMIT_MS, hookTimeout: LIMIT_MS })

let ground: Awaited<ReturnType<typeof playground>>
beforeEach(async () => {
  ground = await playground()
  await mkdir(ground.path('files', 'under one'), { recursive: true })
  await writeFile(ground.path('files', 'empty'), '')
  await writeFile(ground.path('files', 'five megabytes'), randomBytes(5_000_000))
  await writeFile(ground.path('files', 'Übung.txt'), 'umlauts in the name')
  await writeFile(ground.path('files', 'twice.txt'), 'umlauts in the name')
  for (let index = 0; index < 40; index++)
    await writeFile(ground.path('files', 'under one', `${index}.bin`), randomBytes(index * 1000))
})
afterEach(() => ground.clear())

/** Starts with a folder for temporary files of its own. */
const tour = async (args: readonly string[]) => {
  await mkdir(ground.path('tmp'), { recursive: true })
  return start('start', args, { TMPDIR: ground.path('tmp') })
}
const leftBehind = () => readdir(ground.path('tmp'))

test('npm start takes every file to the second device, shows the server holds ciphertext, and ends with --once', async () => {
  const { code, stdout } = await start('start', [ground.path('files'), '--once']).end
  expect(code).toBe(0)
  expect(stdout.split('\n').filter((line) => /SYNCED +SYNCED +yes$/.test(line))).toHaveLength(44)
  expect(stdout).toContain('it holds none')
})

test('npm start that was killed goes on, up and down, and leaves nothing', async () => {
  await writeFile(ground.path('files', 'big'), randomBytes(64_000_000))
  const args = [ground.path('files'), '--once', '--port', '0']
  for (const reached of [/^Device A/, /^A → server +\d+ uploaded/]) {
    const running = await tour(args)
    await running.line(reached)
    running.signal('SIGKILL')
    expect(await running.end).toMatchObject({ code: null })
    expect(await leftBehind()).toHaveLength(1)
  }
  const other = await (await tour([ground.path('files', 'twice.txt'), '--once', '--port', '0'])).end
  expect([other.code, other.stdout.includes('It goes on')]).toEqual([0, false])
  const { code, stdout } = await (await tour(args)).end
  expect([code, stdout.includes('It goes on where it was killed.')]).toEqual([0, true])
  expect(stdout.split('\n').filter((line) => /SYNCED +SYNCED +yes$/.test(line))).toHaveLength(45)
  expect(/^A → server +0 uploaded/m.test(stdout)).toBe(true)
  expect(await leftBehind()).toEqual([])
})

test('npm start goes on in no folder that another one uses', async () => {
  const first = await tour([ground.path('files'), '--port', '0'])
  await first.line(/^Still serving/)
  const second = await (await tour([ground.path('files'), '--once', '--port', '0'])).end
  expect([second.code, second.stdout.includes('It goes on')]).toEqual([0, false])
  first.signal('SIGINT')
  expect((await first.end).code).toBe(0)
  expect(await leftBehind()).toEqual([])
})

test('npm start keeps serving until Ctrl-C', async () => {
  const running = await tour([ground.path('files')])
  const url = /http:\S+/.exec(await running.line(/^Still serving/))?.[0] ?? ''
  expect((await fetch(url)).status).toBe(200)
  running.signal('SIGINT')
  expect((await running.end).code).toBe(0)
  expect(await leftBehind()).toEqual([])
})

test('npm start with a path that leads nowhere says so and ends with 1', async () => {
  expect(await start('start', [ground.path('nothing'), '--once']).end).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('cannot be read'),
  })
})
