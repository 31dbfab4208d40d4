export { createBlobSync } from './blob-sync'
export { systemClock, type Clock } from './clock'
export { alwaysOnline, systemConnectivity, type Connectivity } from './connectivity'
export { explainRecord } from './explain'
export type { Failure, FailureTag } from './model/failure'
export { BlobId, Namespace, type BlobKey } from './model/ids'
export { blobPayload, bytesPayload, type Payload } from './model/payload'
export type { BlobRecord, HeldReason, Priority, Status } from './model/record'
export type { ListedBlob } from './model/wire'
export * from './options'
export { systemTabs, type Channel, type LockRequest, type Tabs } from './tabs'
export type { Message } from './actors/receive'
export type { Cipher } from './cipher/cipher'
export type { Remote } from './remote/remote'
export type { Room, Store } from './store/store'
export {
  storeFromPromises,
  type PromiseKeeping,
  type PromiseLastingStaging,
  type PromiseStaging,
  type PromiseStore,
} from './store/promises'
export {
  remoteFromPromises,
  type PromiseBatches,
  type PromiseResumable,
  type PromiseDownload,
  type PromiseFlags,
  type PromisePage,
  type PromiseReceived,
  type PromiseRemote,
  type PromiseStat,
} from './remote/promises'
