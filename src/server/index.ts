export { accountList, userOf, type Account, type Authenticate, type Denied } from './auth'
export {
  BodyRefused,
  refusal,
  User,
  type Order,
  type Place,
  type Refusal,
  type ServerBackend,
  type Stored,
  type StoredBytes,
  type StoredKey,
  type Upload,
} from './backend'
export { fileBackend, type FileBackendOptions } from './file-backend'
export { blobHandler, type HandlerOptions } from './handler'
export { rewritePayload } from './rewrite-payload'
export { serve, type ServeOptions, type Serving } from './serve'
