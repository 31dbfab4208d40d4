#!/usr/bin/env node
import { endWithReader, quietSqlite } from './quiet'

quietSqlite()
endWithReader()
// Loaded only now, as in main.ts.
const { tour } = await import('./tour')
process.exitCode = await tour(process.argv.slice(2))
