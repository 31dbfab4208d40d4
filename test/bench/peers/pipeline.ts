import { commandClient, missingPrograms } from './command.ts'
import { serving } from './library.ts'
import type { Peer } from './peer.ts'

/** The least that can be done: one stream, encrypted and not authenticated, without any list of what there is. */
export const pipeline: Peer = {
  subject: 'tar-openssl-curl',
  durable: 'written',
  encryption: 'unauthenticated',
  legs: ['up', 'down'],
  missing: () => missingPrograms(['tar', 'openssl', 'curl']),
  serve: serving('plain'),
  client: commandClient(
    'tar --version & openssl version & curl --version & wait',
    ({ leg, url, namespace, source, directory }) => {
      const cipher = `openssl enc -aes-256-ctr -K ${'5e'.repeat(32)} -iv ${'a7'.repeat(16)}`
      const curl = `curl --silent --show-error --fail`
      return {
        line:
          leg === 'up'
            ? `tar -C '${source}' -cf - . | ${cipher} | ${curl} -T - '${url}/${namespace}'`
            : `${curl} '${url}/${namespace}' | ${cipher} -d | tar -C '${directory}' -xf -`,
      }
    },
  ),
}
