import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { build } from 'esbuild'
import { chromium, type BrowserContext } from 'playwright'
import { chromiumArguments, chromiumPath } from '../browser/chromium.ts'

/** Serves a page that runs a script of this folder: files and locks of a site want an address. */
export const pageOnLoopback = async (file: string) => {
  const { outputFiles } = await build({
    entryPoints: [join(import.meta.dirname, file)],
    bundle: true,
    format: 'esm',
    minify: true,
    write: false,
  })
  const script = outputFiles[0]?.text ?? ''
  const server = createServer(({ url }, response) => {
    response.setHeader('content-type', url === '/page.js' ? 'text/javascript' : 'text/html; charset=utf-8')
    response.end(
      url === '/page.js' ? script : '<!doctype html><title>bench</title><script type="module" src="/page.js"></script>',
    )
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  // A server that listens on a port has such an address.
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/`, close: () => new Promise((closed) => server.close(closed)) }
}

/** A browser with a new profile in a folder, since what a private window keeps never reaches the disk. */
export const inBrowser = async <A>(run: (context: BrowserContext) => Promise<A>): Promise<A> => {
  const profile = await mkdtemp(join(tmpdir(), 'blobsync-profile-'))
  const context = await chromium.launchPersistentContext(profile, { executablePath: chromiumPath, args: [...chromiumArguments] })
  try {
    return await run(context)
  } finally {
    await context.close()
    await rm(profile, { recursive: true, force: true, maxRetries: 5 })
  }
}
