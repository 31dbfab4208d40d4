#!/usr/bin/env node
import { endWithReader, quietSqlite } from './quiet'

quietSqlite()
endWithReader()
// Loaded only now: a static import would bring SQLite, and its warning, before the line above.
const { run } = await import('./run')
process.exitCode = await run(process.argv.slice(2), process.env)
