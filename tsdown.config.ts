import { existsSync } from 'node:fs'
import { defineConfig } from 'tsdown'

const entries = {
  index: 'src/index.ts',
  node: 'src/node.ts',
  browser: 'src/browser.ts',
  'store/memory': 'src/store/memory.ts',
  'store/file': 'src/store/file.ts',
  'store/idb': 'src/store/idb.ts',
  'store/opfs': 'src/store/opfs.ts',
  'store/encrypted': 'src/store/encrypted.ts',
  'remote/memory': 'src/remote/memory.ts',
  'remote/http': 'src/remote/http.ts',
  'cipher/any': 'src/cipher/any.ts',
  'cipher/streaming': 'src/cipher/streaming.ts',
  'cipher/soledad': 'src/cipher/soledad.ts',
  'cipher/soledad-secrets': 'src/cipher/soledad-secrets.ts',
  'inspect/index': 'src/inspect/index.ts',
  'testing/index': 'src/testing/index.ts',
  'server/index': 'src/server/index.ts',
  'machines/index': 'machines/index.ts',
  'cli/main': 'src/cli/main.ts',
  'cli/tour': 'src/cli/tour.ts',
}

/** Sends fp-ts and io-ts through the package's imports map, in JavaScript only; docs/decisions.md says why. */
const viaImportsMap = {
  name: 'via-imports-map',
  resolveId: {
    order: 'pre' as const,
    handler(id: string, importer: string | undefined) {
      if (importer?.endsWith('.d.ts') || !/^(fp-ts\/|io-ts($|\/))/.test(id)) return null
      return { id: `#${id}`, external: true as const }
    },
  },
}

export default defineConfig({
  entry: Object.fromEntries(Object.entries(entries).filter(([, path]) => existsSync(path))),
  format: 'esm',
  platform: 'neutral',
  target: 'es2022',
  fixedExtension: false,
  unbundle: true,
  outputOptions: { entryFileNames: ({ name }) => `${name.replace(/^src\//, '')}.js` },
  dts: { generator: 'tsgo', tsgo: { path: 'node_modules/.bin/tsc' } },
  sourcemap: true,
  clean: true,
  plugins: [viaImportsMap],
  deps: { neverBundle: [/^node:/, /^#/] },
})
