import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { commandClient, missingPrograms } from './command.ts'
import type { Peer, Server, Work } from './peer.ts'

/** rclone's encrypting remote over its own SFTP server. */
export const rclone = (transfers: number): Peer => ({
  subject: 'rclone',
  setting: `${transfers} transfers`,
  durable: 'written',
  encryption: 'authenticated',
  legs: ['up', 'down'],
  missing: () => missingPrograms(['rclone', 'setpriv']),
  serve,
  client: commandClient('rclone version', async (work) => {
    const [from, to] = work.leg === 'up' ? [work.source, 'blobs:'] : ['blobs:', work.directory]
    return { line: `rclone copy --transfers ${transfers} '${from}' '${to}'`, environment: await environmentOf(work) }
  }),
})

const PASSWORD = 'a password of the bench'

const environmentOf = async ({ url, namespace }: Work) => {
  const { hostname, port } = new URL(url)
  const password = (await promisify(execFile)('rclone', ['obscure', PASSWORD])).stdout.trim()
  return {
    RCLONE_CONFIG: '/notfound',
    RCLONE_CONFIG_SERVER_TYPE: 'sftp',
    RCLONE_CONFIG_SERVER_HOST: hostname,
    RCLONE_CONFIG_SERVER_PORT: port,
    RCLONE_CONFIG_SERVER_USER: 'bench',
    RCLONE_CONFIG_SERVER_PASS: password,
    RCLONE_CONFIG_BLOBS_TYPE: 'crypt',
    RCLONE_CONFIG_BLOBS_REMOTE: `server:${namespace}`,
    RCLONE_CONFIG_BLOBS_PASSWORD: password,
  }
}

const serve = async (root: string): Promise<Server> => {
  await mkdir(root, { recursive: true })
  const options = [
    'serve',
    'sftp',
    root,
    '--addr',
    '127.0.0.1:0',
    '--user',
    'bench',
    '--pass',
    PASSWORD,
    '--verbose',
    '--authorized-keys',
    '',
    '--cache-dir',
    `${root}-cache`,
  ]
  // The kernel ends it with this process, however that ends.
  const server = spawn('setpriv', ['--pdeathsig', 'KILL', 'rclone', ...options], { stdio: ['ignore', 'ignore', 'pipe'] })
  const { pid } = server
  if (pid === undefined) throw new Error('rclone did not start.')
  const exited = once(server, 'exit')
  const port = await new Promise<string>((resolve, reject) => {
    const lines = createInterface(server.stderr)
    lines.on('line', (line) => {
      const found = /listening on 127\.0\.0\.1:(\d+)/.exec(line)?.[1]
      if (found !== undefined) resolve(found)
    })
    lines.once('close', () => reject(new Error('rclone ended before it listened.')))
  })
  return {
    pid,
    url: `sftp://127.0.0.1:${port}`,
    wire: null,
    stop: async () => {
      server.kill('SIGKILL')
      await exited
    },
  }
}
