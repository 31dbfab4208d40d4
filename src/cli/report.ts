import type { BlobTrouble, SyncReport } from '../options'

/** Whether all is well: what is kept on this device only, or fetched on demand, is as it was asked for. */
export const isSettled = ({ failed, held, waiting, failure, removalsToConfirm }: SyncReport): boolean =>
  failed.length === 0 && held.every(isAsAsked) && waiting.length === 0 && failure === null && removalsToConfirm === 0

const isAsAsked = ({ held }: BlobTrouble) => held === 'localOnly' || held === 'onDemand'

/** What a sync did, for people: first what went wrong, then the figures. */
export const reportLines = (report: SyncReport): readonly string[] => {
  const { uploaded, downloaded, deleted, trashed, removalsToConfirm, failure } = report
  const troubles = [...report.failed, ...report.held.filter((each) => !isAsAsked(each)), ...report.waiting]
  return [
    ...troubles.map(troubleLine),
    ...report.corrupt.map(({ message }) => `damaged: ${message}`),
    ...(failure === null ? [] : [`the list of blobs cannot be read: ${failure.message}`]),
    ...(failure?._tag === 'Unauthorized' ? ['the server does not take the token: look at --user and --token'] : []),
    ...(removalsToConfirm === 0
      ? []
      : [`the server says that ${removalsToConfirm} blobs were deleted; if so, run “blobsync sync --confirm-removals”`]),
    `${uploaded.length} uploaded, ${downloaded.length} downloaded, ${deleted.length} deleted, ${trashed.length} trashed` +
      (troubles.length === 0 ? '' : `, ${troubles.length} not settled`),
  ]
}

const troubleLine = ({ id, held, failure }: BlobTrouble): string =>
  `not settled: ${id}${held === null ? '' : `  held: ${held}`}${failure === null ? '' : `  ${failure.message}`}`
