import { createServer, type Server } from 'node:http'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, extname, join, resolve } from 'node:path'
import { chromium, type Browser, type BrowserContextOptions, type Page } from 'playwright'
import { rolldown } from 'rolldown'
import { build } from 'vite'
import { attachRelay } from '../../../docs/demo/relay'
import { chromiumArguments, chromiumPath } from '../chromium'

const demo = resolve(import.meta.dirname, '../../../docs/demo')
const scripts = ['device-page', 'receiver-page', 'legacy-page', 'legacy-receiver-page']
const types: Readonly<Record<string, string>> = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css' }

export interface Site {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string
  /** The same pages from another origin. */
  readonly otherOrigin: string
  readonly browser: Browser
  /** A page that keeps what it complains of, and what it asks for elsewhere. */
  readonly open: (
    path: string,
    options?: BrowserContextOptions,
  ) => Promise<{ readonly page: Page; readonly complaints: readonly string[] }>
  readonly close: () => Promise<void>
}

/** The built inspector's page with its relay, and pages for tests, on loopback; and a Chromium to open them. */
export const openSite = async (): Promise<Site> => {
  const folder = await mkdtemp(join(tmpdir(), 'blobsync-inspect-'))
  await build({
    root: demo,
    configFile: join(demo, 'vite.config.ts'),
    logLevel: 'error',
    build: { outDir: folder, emptyOutDir: true, rolldownOptions: { input: [join(demo, 'inspector.html')] } },
  })
  for (const name of scripts) {
    const made = await rolldown({
      input: join(import.meta.dirname, `${name}.ts`),
      platform: 'browser',
      transform: { define: { 'process.env.NODE_ENV': '"production"' } },
    })
    await made.write({ file: join(folder, `${name}.js`), format: 'esm', codeSplitting: false })
    await made.close()
  }
  const answer = async (path: string): Promise<{ readonly body: string | Buffer; readonly type: string } | null> => {
    const name = basename(path, '.html')
    if (scripts.includes(`${name}-page`)) {
      return {
        body: `<!doctype html><title>${name}</title><link rel="icon" href="data:,"><body><script type="module" src="/${name}-page.js"></script>`,
        type: 'text/html',
      }
    }
    const type = types[extname(path)] ?? 'application/octet-stream'
    return readFile(join(folder, path)).then(
      (body) => ({ body, type }),
      () => null,
    )
  }
  const serve = async (): Promise<{ server: Server; port: number }> => {
    const server = createServer((request, response) => {
      void answer(new URL(request.url ?? '/', 'http://localhost').pathname).then((found) =>
        found === null ? response.writeHead(404).end() : response.writeHead(200, { 'content-type': found.type }).end(found.body),
      )
    })
    await new Promise<void>((done) => server.listen(0, '127.0.0.1', done))
    return { server, port: (server.address() as AddressInfo).port }
  }
  const [own, other] = await Promise.all([serve(), serve()])
  const relay = attachRelay(own.server)
  const browser = await chromium.launch({ executablePath: chromiumPath, args: [...chromiumArguments] })
  return {
    origin: `http://127.0.0.1:${own.port}`,
    otherOrigin: `http://127.0.0.1:${other.port}`,
    browser,
    open: async (path, options = {}) => {
      const context = await browser.newContext({ viewport: { width: 1440, height: 900 }, ...options })
      const complaints: string[] = []
      context.on('console', (message) => {
        if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
      })
      context.on('weberror', (error) => complaints.push(String(error.error())))
      context.on('request', (request) => {
        if (!/^(http:\/\/127\.0\.0\.1:|data:|blob:|about:)/.test(request.url())) complaints.push(`asked for ${request.url()}`)
      })
      const page = await context.newPage()
      await page.goto(`http://127.0.0.1:${own.port}${path}`)
      return { page, complaints }
    },
    close: async () => {
      await browser.close()
      relay.close()
      for (const { server } of [own, other]) {
        server.closeAllConnections()
        server.close()
      }
      await rm(folder, { recursive: true, force: true })
    },
  }
}
