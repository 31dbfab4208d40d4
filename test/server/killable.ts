import { serve } from '../../src/server/serve'

const [, , root, port = '0', quota] = process.argv
if (root === undefined) throw new Error('The folder is missing.')
const quotaBytes = quota === undefined ? Number.POSITIVE_INFINITY : Number(quota)
const { url } = await serve({ root, port: Number(port), quotaBytes, accounts: [{ user: 'ann', token: 'secret' }] })
process.stdout.write(`${url}\n`)
