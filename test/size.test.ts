import { readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { brotliCompress } from 'node:zlib'
import { build as esbuild } from 'esbuild'
import { build as viteBuild } from 'vite'
import { beforeAll, describe, expect, test, vi } from 'vitest'

const project = resolve(import.meta.dirname, '..')
const LIMIT_MS = 120_000

interface Manifest {
  readonly exports: Record<string, string>
  readonly dependencies: Record<string, string>
  /** What a web app gets of us and of all that we depend on, in bytes after brotli, whoever builds it. */
  readonly webAppBytesMax: number
}

interface Built {
  readonly text: string
  readonly inputs: readonly string[]
  /** What it asks for once it runs. */
  readonly imports: readonly string[]
}

let manifest: Manifest

/** What a web app imports that keeps blobs in IndexedDB and syncs them with a server. */
const app = () => {
  const from = (entry: string) => JSON.stringify(join(project, manifest.exports[entry] ?? 'missing'))
  return `
    export { createBlobSync, httpRemote, soledadCipher } from ${from('./browser')}
    export { idbStore } from ${from('./store/idb')}
  `
}

const byEsbuild = async (): Promise<Built> => {
  const { outputFiles, metafile } = await esbuild({
    stdin: { contents: app(), resolveDir: project },
    absWorkingDir: project,
    bundle: true,
    minify: true,
    write: false,
    metafile: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    logLevel: 'error',
  })
  return {
    text: outputFiles[0]?.text ?? '',
    inputs: Object.keys(metafile.inputs),
    imports: Object.values(metafile.outputs).flatMap(importsOf),
  }
}

const importsOf = ({ imports }: { readonly imports: readonly { readonly path: string }[] }) => imports.map(({ path }) => path)

const byVite = async (): Promise<Built> => {
  // Else it takes what libraries have for development.
  vi.stubEnv('NODE_ENV', 'production')
  const built = await viteBuild({
    root: project,
    configFile: false,
    logLevel: 'error',
    plugins: [{ name: 'app', resolveId: (id) => (id === 'app' ? '\0app' : null), load: (id) => (id === '\0app' ? app() : null) }],
    build: { write: false, target: 'es2022', rolldownOptions: { input: 'app', preserveEntrySignatures: 'strict' } },
  })
  vi.unstubAllEnvs()
  if (!('output' in built)) throw new TypeError('Vite builds once.')
  const chunks = built.output.filter((each) => each.type === 'chunk')
  const all = built.output.map(({ fileName }) => fileName)
  return {
    text: chunks[0]?.code ?? '',
    imports: [...chunks.flatMap(({ imports, dynamicImports }) => [...imports, ...dynamicImports]), ...all.slice(1)],
    inputs: chunks.flatMap(({ moduleIds }) => moduleIds).map((id) => id.replace(`${project}/`, '')),
  }
}

const brotli = async (text: string) => (await promisify(brotliCompress)(text)).length

beforeAll(async () => {
  manifest = JSON.parse(await readFile(join(project, 'package.json'), 'utf8')) as Manifest
})

describe.each([
  ['esbuild', byEsbuild],
  ['Vite', byVite],
])('a web app built by %s', (name, build) => {
  let built: Built
  let bytes = 0
  beforeAll(async () => {
    built = await build()
    bytes = await brotli(built.text)
    console.log(`${name}: ${(bytes / 1000).toFixed(1)} kB of ${manifest.webAppBytesMax / 1000} kB after brotli`)
  }, LIMIT_MS)

  test('stays within its budget, with all that it depends on', () => {
    expect(built.text).toContain('PENDING_UPLOAD')
    expect(bytes).toBeLessThanOrEqual(manifest.webAppBytesMax)
  })

  test('holds the built library and its dependencies, each once and in its form for browsers', () => {
    const packages = new Set<string>()
    for (const input of built.inputs) {
      const [, name] = /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(input) ?? []
      if (name !== undefined) packages.add(name)
      // CommonJS cannot be shaken: it would come whole.
      expect(input).not.toMatch(/node_modules\/.*\/node_modules\/|fp-ts\/lib\/|io-ts\/lib\/|[.]cjs/)
      expect(name ?? input).toMatch(/^(dist\/|<stdin>|\0app|[a-z-]+$)/)
    }
    expect([...packages].toSorted()).toEqual(['fp-ts', 'idb-keyval', 'io-ts', 'ky', 'xstate'])
  })

  test('asks for nothing else: no module of Node’s, and no file that comes later', () => {
    expect(built.imports).toEqual([])
  })
})
