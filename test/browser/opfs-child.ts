import { opfsStore } from '../../src/store/opfs'
import { groundOn } from './store-page'

globalThis.ground = groundOn(opfsStore('ground', { worker: !location.search.includes('page') }))
