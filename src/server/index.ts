export { accountList, userOf, type Account, type Authenticate, type Denied } from './auth'
export {
  User,
  type Choose,
  type Order,
  type Owner,
  type Place,
  type ServerBackend,
  type Span,
  type Stored,
  type StoredBytes,
  type StoredKey,
  type Upload,
} from './backend'
export type { Change, ChangesBackend, ChangesPage } from './changes'
export { fileBackend, type FileBackendOptions } from './file-backend'
export { Flag } from './flags'
export { blobHandler, type HandlerOptions } from './handler'
export { incomingHandler, type IncomingOptions, type Service } from './incoming'
export { isOrigin } from './origins'
export type { PartialUpload, PartsBackend } from './parts'
export { BodyRefused, type Refusal } from './refusal'
export { rewritePayload } from './rewrite-payload'
export { serve, type ServeOptions, type Serving } from './serve'
