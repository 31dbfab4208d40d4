import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { join } from 'node:path'

type Content = AsyncIterable<Uint8Array>

/** The same for the same contents in any order. */
export const digestOf = async (contents: AsyncIterable<Content> | Iterable<Content>): Promise<string> => {
  const each: string[] = []
  for await (const content of contents) {
    const hash = createHash('sha256')
    for await (const bytes of content) hash.update(bytes)
    each.push(hash.digest('hex'))
  }
  return createHash('sha256').update(each.toSorted().join()).digest('hex')
}

/** The contents of a folder’s files, as far as they count. */
export async function* filesIn(folder: string, counts: (name: string) => boolean = () => true): AsyncGenerator<Content> {
  for (const name of await readdir(folder)) if (counts(name)) yield createReadStream(join(folder, name))
}
