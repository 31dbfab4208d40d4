import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'

const run = promisify(execFile)
const project = resolve(import.meta.dirname, '..')
const LIMIT_MS = 180_000

interface Manifest {
  readonly bin: Record<string, string>
  readonly exports: Record<string, string>
  readonly engines: { readonly node: string }
}

let folder = ''
let installed = ''
let text = ''
let manifest: Manifest

const npm = (args: readonly string[], cwd: string) =>
  run('npm', [...args, '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'], { cwd })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'blobsync-package-'))
  installed = join(folder, 'node_modules', 'blobsync')
  await npm(['pack', '--pack-destination', folder], project)
  await writeFile(join(folder, 'package.json'), JSON.stringify({ name: 'app', version: '1.0.0', private: true, type: 'module' }))
  await npm(['install', '--prefer-offline', './blobsync-0.1.0.tgz'], folder)
  text = await readFile(join(installed, 'package.json'), 'utf8')
  manifest = JSON.parse(text) as Manifest
}, LIMIT_MS)

afterAll(() => rm(folder, { recursive: true, force: true }))

test('the packed manifest brings no Node and nothing optional', () => {
  expect(text).not.toMatch(/node-linux|node-darwin|node-win|"node-bin|optionalDependencies/)
})

test('the packed manifest asks for Node 22.13 or newer', () => {
  expect(manifest.engines.node).toBe('>=22.13')
})

test('installing the package brings no Node binary', async () => {
  const lock = await readFile(join(folder, 'package-lock.json'), 'utf8')
  expect(lock).not.toMatch(/node_modules\/(node|node-(linux|darwin|win)[^"]*)"/)
})

test(
  'every entry of the installed package loads in plain Node and exports something',
  async () => {
    const entries = Object.keys(manifest.exports).filter((entry) => entry !== './package.json')
    expect(entries.length).toBeGreaterThan(0)
    for (const entry of entries) {
      const specifier = entry.replace(/^[.]/, 'blobsync')
      const script = `const entry = await import('${specifier}'); console.log(Object.keys(entry).length)`
      const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', script], { cwd: folder })
      expect(Number(stdout), specifier).toBeGreaterThan(0)
    }
  },
  LIMIT_MS,
)

test('the installed command says its usage', async () => {
  const { stdout } = await run(process.execPath, [join(installed, manifest.bin['blobsync'] ?? ''), '--help'], { cwd: folder })
  expect(stdout).toContain('blobsync')
})

test('a type of the installed package stands beside every entry', async () => {
  for (const path of Object.values(manifest.exports).filter((entry) => entry.endsWith('.js'))) {
    expect((await readFile(join(installed, path.replace(/[.]js$/, '.d.ts')), 'utf8')).length, path).toBeGreaterThan(0)
  }
})
