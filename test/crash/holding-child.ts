import { open } from './open'

// Opens the home that it is told, says so, and holds it until it is killed.
const [home = '', url = ''] = process.argv.slice(2)
await open(home, url, 'ann').ready
console.log('open')
setInterval(() => {}, 1_000_000)
