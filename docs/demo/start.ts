import { resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { servePage } from './server/serve-page.ts'

/** A module of the built command line; its sources need the build's resolution. */
const built = (name: string) => pathToFileURL(resolve(import.meta.dirname, '..', '..', 'dist', 'cli', `${name}.js`)).href

const { quietSqlite, endWithReader }: typeof import('../../src/cli/quiet.ts') = await import(built('quiet'))
quietSqlite()
endWithReader()
// Loaded only now: the note that Node prints on its SQLite comes with the first import of it.
const { tour }: typeof import('../../src/cli/tour.ts') = await import(built('tour'))
process.exitCode = await tour(process.argv.slice(2), servePage)
