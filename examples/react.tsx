import type { BlobSync } from 'blobsync'
import { useCallback, useSyncExternalStore } from 'react'

export const Blobs = ({ blobs }: { readonly blobs: BlobSync }) => {
  const onList = useCallback((notify: () => void) => blobs.on('list.changed', notify), [blobs])
  const list = useSyncExternalStore(onList, blobs.list)
  const { counts, connectivity } = useSyncExternalStore(blobs.subscribe, blobs.getSnapshot)
  const add = (file: File | undefined) => file && blobs.put(file).catch(reportError)
  return (
    <>
      <p>{`${counts.SYNCED} of ${list.length} synced, ${connectivity}`}</p>
      <input type="file" aria-label="Add a file" onChange={({ target }) => void add(target.files?.[0])} />
      <ul>
        {list.map(({ id, status }) => (
          <li key={id}>
            {`${id}: ${status} `}
            <button onClick={() => void blobs.delete(id).catch(reportError)}>Delete</button>
          </li>
        ))}
      </ul>
    </>
  )
}
