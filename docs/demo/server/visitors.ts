import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import type { Account } from 'blobsync/server'

const VISITORS_MAX = 1000
const BODY_BYTES_MAX = 1024

/** An account for each browser that opens the page, so that two people at one machine do not meet with two secrets. */
export const visitorAccounts = () => {
  const tokens = new Map<string, string>()
  // Tells a page whether what it keeps is from this server's time.
  const run = randomBytes(6).toString('hex')
  const has = ({ user, token }: Account): boolean => {
    const own = tokens.get(user)
    return own !== undefined && timingSafeEqual(digest(own), digest(token))
  }
  const made = (): Account => {
    const account = { user: `visitor-${randomBytes(6).toString('hex')}`, token: randomBytes(24).toString('base64url') }
    tokens.set(account.user, account.token)
    return account
  }
  return {
    has,
    /** Gives back the account that the page has from here, or a new one. */
    answer: async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
      const head = { 'content-type': 'application/json', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' }
      const isShort = Number(request.headers['content-length'] ?? BODY_BYTES_MAX + 1) <= BODY_BYTES_MAX
      const isJson = request.headers['content-type'] === 'application/json'
      if (!isShort || !isJson || tokens.size >= VISITORS_MAX) {
        response.writeHead(isShort && isJson ? 429 : 400, head).end('{}')
        return
      }
      const known = accountIn(await text(request).catch(() => ''))
      response.writeHead(200, head).end(JSON.stringify({ ...(known !== null && has(known) ? known : made()), run }))
    },
  }
}

const digest = (of: string) => createHash('sha256').update(of).digest()

const accountIn = (json: string): Account | null => {
  try {
    const value: unknown = JSON.parse(json)
    if (typeof value !== 'object' || value === null || !('user' in value) || !('token' in value)) return null
    const { user, token } = value
    return typeof user === 'string' && typeof token === 'string' ? { user, token } : null
  } catch {
    return null
  }
}
