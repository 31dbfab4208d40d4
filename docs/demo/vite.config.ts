import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { defineConfig } from 'vite'

const project = resolve(import.meta.dirname, '..', '..')
const pages = ['index.html', 'inspector.html'].map((name) => resolve(import.meta.dirname, name))

export default defineConfig({
  root: import.meta.dirname,
  base: './',
  resolve: {
    // From the sources: the page needs no other build before its own.
    alias: [
      { find: /^blobsync\/machines$/, replacement: resolve(project, 'machines/index.ts') },
      { find: /^blobsync\/(.+)$/, replacement: `${project}/src/$1` },
      { find: /^blobsync$/, replacement: resolve(project, 'src/index.ts') },
    ],
  },
  build: {
    outDir: 'dist',
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    rolldownOptions: { input: pages.filter((page) => existsSync(page)) },
  },
})
