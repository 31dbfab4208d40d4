import { fileStore } from '../../src/store/file'

// Opens the store of the folder that it is told, says so, and holds it until it is killed.
const store = fileStore(process.argv[2] ?? '')
const result = await store.records()()
console.log(result._tag)
process.stdin.on('end', () => void store.close()()).resume()
