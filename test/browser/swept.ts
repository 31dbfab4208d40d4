import { afterAll } from 'vitest'

/** All files of a run share one site, and what they may store there together: so each leaves it as it was found. */
afterAll(async () => {
  const root = await navigator.storage.getDirectory()
  for await (const name of root.keys()) await root.removeEntry(name, { recursive: true })
  // One that is still open goes when its page does.
  for (const { name = '' } of await indexedDB.databases()) indexedDB.deleteDatabase(name)
})
