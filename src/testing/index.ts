export type { Case } from './case'
export { cipherConformance } from './cipher-conformance'
export { remoteConformance } from './remote-conformance'
export { storeConformance } from './store-conformance'
