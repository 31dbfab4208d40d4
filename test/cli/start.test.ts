import { randomBytes } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
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

test('npm start takes every file to the second device, shows the server holds ciphertext, and ends with --once', async () => {
  const { code, stdout } = await start('start', [ground.path('files'), '--once']).end
  expect(code).toBe(0)
  expect(stdout.split('\n').filter((line) => /SYNCED +SYNCED +yes$/.test(line))).toHaveLength(44)
  expect(stdout).toContain('it holds none')
})

test('npm start keeps serving until Ctrl-C', async () => {
  const running = start('start', [ground.path('files')])
  const url = /http:\S+/.exec(await running.line(/^Still serving/))?.[0] ?? ''
  expect((await fetch(url)).status).toBe(200)
  running.signal('SIGINT')
  expect((await running.end).code).toBe(0)
})

test('npm start with a path that leads nowhere says so and ends with 1', async () => {
  expect(await start('start', [ground.path('nothing'), '--once']).end).toMatchObject({
    code: 1,
    stderr: expect.stringContaining('cannot be read'),
  })
})
