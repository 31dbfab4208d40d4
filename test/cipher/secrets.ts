import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as E from 'fp-ts/Either'
import * as t from 'io-ts'
import { openSoledadSecrets, type SecretsFailure } from '../../src/cipher/soledad-secrets'

const Vectors = t.type({
  cases: t.array(
    t.type({
      name: t.string,
      passphrase: t.string,
      remoteSecretHex: t.string,
      localSaltHex: t.string,
      localSecretHex: t.string,
      file: t.UnknownRecord,
    }),
  ),
})
export type SecretsVector = t.TypeOf<typeof Vectors>['cases'][number]

const path = join(import.meta.dirname, '..', 'vectors', 'secrets.json')
const read = Vectors.decode(JSON.parse(readFileSync(path, 'utf8')))
if (E.isLeft(read)) throw new Error(`${path} is not of its form.`)

/** Secrets files that Soledad's own code opened. */
export const vectors: readonly SecretsVector[] = read.right.cases

export const vectorNamed = (name: string): SecretsVector => {
  const found = vectors.find((each) => each.name === name)
  if (found === undefined) throw new Error(`There is no vector ${name}.`)
  return found
}

/** What opening a file fails with. */
export const failureOf = async (file: unknown, passphrase: string): Promise<SecretsFailure> => {
  const opened = await openSoledadSecrets(typeof file === 'string' ? file : JSON.stringify(file), passphrase)()
  if (E.isRight(opened)) throw new Error('The file should not have opened.')
  return opened.left
}
