import { nodeFileLayer, type FileLayer, type OpenFile } from '../store/file-layer'

/** The calls that can be made to fail: those of a file layer, those of an open file, and the commit of a transaction. */
export const fileCalls = [
  'makeFolder',
  'create',
  'reopen',
  'append',
  'sync',
  'close',
  'remove',
  'list',
  'syncFolder',
  'sizeOf',
  'freeBytes',
  'read',
  'openBlob',
  'openDatabase',
  'openLog',
  'transact',
  'commit',
  'syncLog',
] as const
export type FileCall = (typeof fileCalls)[number]

/**
 * A file layer some of whose calls fail as a system's do. An append that fails has written half of its bytes; a commit
 * that fails has run all statements before.
 *
 * @param fault Asked before each call; the error to fail with, or null to let it happen.
 */
export const faultyFileLayer = (fault: (call: FileCall) => Error | null, layer: FileLayer = nodeFileLayer): FileLayer => {
  const check = (call: FileCall) => {
    const error = fault(call)
    if (error !== null) throw error
  }
  const faulty =
    <Given extends unknown[], A>(call: FileCall, act: (...given: Given) => Promise<A>) =>
    async (...given: Given): Promise<A> => {
      check(call)
      return act(...given)
    }
  const faultyFile = (file: OpenFile): OpenFile => ({
    append: async (parts) => {
      const error = fault('append')
      if (error === null) return file.append(parts)
      await file.append(parts.map((part) => part.subarray(0, part.length / 2)))
      throw error
    },
    sync: faulty('sync', file.sync),
    // Even a close that fails has let go of the file.
    close: async () => {
      await file.close()
      check('close')
    },
  })
  return {
    makeFolder: faulty('makeFolder', layer.makeFolder),
    remove: faulty('remove', layer.remove),
    list: faulty('list', layer.list),
    syncFolder: faulty('syncFolder', layer.syncFolder),
    sizeOf: faulty('sizeOf', layer.sizeOf),
    freeBytes: faulty('freeBytes', layer.freeBytes),
    read: faulty('read', layer.read),
    openBlob: faulty('openBlob', layer.openBlob),
    create: faulty('create', async (path) => faultyFile(await layer.create(path))),
    reopen: faulty('reopen', async (path, sizeBytes) => faultyFile(await layer.reopen(path, sizeBytes))),
    openDatabase: (path, isReadOnly) => {
      check('openDatabase')
      return layer.openDatabase(path, isReadOnly)
    },
    openLog: faulty('openLog', async (path) => {
      const log = await layer.openLog(path)
      return { sync: faulty('syncLog', log.sync), close: log.close }
    }),
    transact: (database, run) => {
      check('transact')
      layer.transact(database, () => {
        run()
        check('commit')
      })
    },
  }
}

/** An error as Node throws it for a system call that failed. */
export const systemError = (code: 'ENOSPC' | 'EDQUOT' | 'EROFS' | 'EIO' | 'EACCES' | 'EMFILE'): Error =>
  Object.assign(new Error(`${code}: injected`), { code })
