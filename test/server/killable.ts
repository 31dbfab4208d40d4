import { serve } from '../../src/server/serve'

const root = process.argv[2]
if (root === undefined) throw new Error('The folder is missing.')
const { url } = await serve({ root, port: 0, accounts: [{ user: 'ann', token: 'secret' }] })
process.stdout.write(`${url}\n`)
