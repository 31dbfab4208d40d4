export { legacyInspector, type LegacyInspector } from './legacy'
export { statelyInspector, type StatelyInspector, type StatelyInspectorOptions } from './stately'
