import { readdir, readFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { extname, join, relative, sep } from 'node:path'

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.map': 'application/json',
}

/** The page may load from here alone, show what the visitor put as pictures alone, and be framed by itself alone. */
const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' blob: data:",
  "connect-src 'self'",
  "worker-src 'self' blob:",
  "frame-src 'self'",
  "frame-ancestors 'self'",
  "base-uri 'none'",
  "form-action 'none'",
].join('; ')

const head = {
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
}

/** Serves the files of a folder as they are now, and nothing that is not there: a path is looked up, never joined. */
export const staticFiles = async (folder: string): Promise<(request: IncomingMessage, response: ServerResponse) => void> => {
  const files = new Map<string, { readonly type: string; readonly bytes: Buffer }>()
  for (const path of await filesOf(folder)) {
    const name = `/${relative(folder, path).split(sep).join('/')}`
    const file = { type: types[extname(path)] ?? 'application/octet-stream', bytes: await readFile(path) }
    files.set(name === '/index.html' ? '/' : name, file)
  }
  return (request, response) => {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/'
    const file = files.get(path)
    if (request.method !== 'GET' && request.method !== 'HEAD') response.writeHead(405, head).end()
    else if (file === undefined) {
      const text = files.size === 0 ? 'The page is not built: npm run build:page\n' : 'There is no such page.\n'
      response.writeHead(404, { ...head, 'content-type': 'text/plain; charset=utf-8' }).end(text)
    } else {
      // What Vite puts there bears a hash of its content in its name.
      const cacheControl = path.startsWith('/assets/') ? 'public, max-age=31536000, immutable' : 'no-cache'
      const about = { 'content-type': file.type, 'content-length': file.bytes.length, 'cache-control': cacheControl }
      response.writeHead(200, { ...head, ...about }).end(request.method === 'HEAD' ? undefined : file.bytes)
    }
  }
}

const filesOf = async (folder: string): Promise<readonly string[]> => {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => [])
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}
