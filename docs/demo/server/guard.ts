import type { IncomingMessage } from 'node:http'

export interface PageRefusal {
  readonly status: number
  readonly reason: string
}

/**
 * Why a request is not answered; null if it may be. The port is on loopback, but every page that a browser here has open can send requests
 * to it. Another name that was made to lead here (DNS rebinding) shows in `Host`; another page shows in `Origin` and `Sec-Fetch-Site`.
 */
export const refusalOf = ({ headers, url }: IncomingMessage, port: number): PageRefusal | null => {
  const hosts = [`127.0.0.1:${port}`, `localhost:${port}`]
  if (!hosts.includes(headers.host ?? '')) return { status: 421, reason: 'This server answers to its loopback address only.' }
  const isOwnOrigin = headers.origin === undefined || headers.origin === `http://${headers.host}`
  if (!isOwnOrigin) return { status: 403, reason: 'This server answers to its own page only.' }
  // A link that leads here from elsewhere may open the page, and nothing else.
  const site = headers['sec-fetch-site'] ?? 'same-origin'
  const isNavigation = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document' && url === '/'
  if (site === 'same-origin' || site === 'none' || isNavigation) return null
  return { status: 403, reason: 'This server answers to its own page only.' }
}
