import { idbStore } from '../../src/store/idb'
import { groundOn } from './store-page'

globalThis.ground = groundOn(idbStore('ground'))
