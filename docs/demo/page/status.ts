import type { BlobView, HeldReason } from 'blobsync'
import type { IconName } from './icons'

/** How a blob's status looks. The tone only underlines what text and icon say. */
export interface Look {
  readonly text: string
  readonly icon: IconName
  readonly tone: 'quiet' | 'moving' | 'waiting' | 'bad'
}

export const lookOf = ({ status, phase, held }: BlobView): Look => {
  if (held !== null) return heldLooks[held]
  switch (status) {
    case 'SYNCED':
      return { text: 'Synced', icon: 'check', tone: 'quiet' }
    case 'FAILED_DOWNLOAD':
      return { text: 'Failed download', icon: 'alert', tone: 'bad' }
    case 'DELETED':
      return { text: 'Deleted', icon: 'trash', tone: 'quiet' }
    case 'PENDING_DELETE':
      return { text: 'Deleting', icon: 'trash', tone: phase === 'backingOff' ? 'waiting' : 'moving' }
    case 'PENDING_UPLOAD':
    case 'PENDING_DOWNLOAD':
      if (phase === 'backingOff') return { text: 'Trying again', icon: 'retry', tone: 'waiting' }
      if (phase !== 'transferring') return { text: 'Waiting', icon: 'clock', tone: 'quiet' }
      return status === 'PENDING_UPLOAD'
        ? { text: 'Uploading', icon: 'up', tone: 'moving' }
        : { text: 'Downloading', icon: 'down', tone: 'moving' }
  }
}

const heldLooks: Readonly<Record<HeldReason, Look>> = {
  localOnly: { text: 'Here only', icon: 'screen', tone: 'quiet' },
  onDemand: { text: 'On demand', icon: 'cloud', tone: 'quiet' },
  paused: { text: 'Paused', icon: 'pause', tone: 'quiet' },
  conflict: { text: 'Conflict', icon: 'alert', tone: 'bad' },
  tooLarge: { text: 'Too large', icon: 'alert', tone: 'bad' },
  forbidden: { text: 'Not allowed', icon: 'alert', tone: 'bad' },
  corrupt: { text: 'Damaged', icon: 'alert', tone: 'bad' },
}

export const mayRetry = ({ status, phase, held }: BlobView): boolean =>
  status === 'FAILED_DOWNLOAD' || phase === 'backingOff' || held === 'forbidden' || held === 'tooLarge' || held === 'corrupt'
