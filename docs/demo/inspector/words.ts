import { charts, taskNames } from './charts'
import { fieldsOf, type Actor } from './world'

/** An actor's state in a few words: the path, or one word for each region in the order of the chart. */
export const stateText = ({ value, status, chart }: Actor): string => {
  if (chart === null) return status === 'active' ? 'running' : status
  const order = charts.get(chart)?.root.children.map(({ name }) => name) ?? []
  const text = wordsOf(value, order).join(' · ')
  return text === '' ? status : text
}

const wordsOf = (value: unknown, order: readonly string[] = []): readonly string[] => {
  if (typeof value === 'string') return [value]
  const parts = Object.entries(fieldsOf(value)).toSorted(([a], [b]) => order.indexOf(a) - order.indexOf(b))
  return parts.length === 1
    ? parts.flatMap(([name, inner]) => [name, ...wordsOf(inner)])
    : parts.flatMap(([, inner]) => wordsOf(inner))
}

/** What most blobs have in common need not be said of each. */
export const shortName = (name: string): string => (name.startsWith('default/') ? name.slice('default/'.length) : name)

export const nameText = ({ name, device }: Actor, hasDevices: boolean): string =>
  `${hasDevices ? `${device}: ` : ''}${shortName(name)}`

/** XState names the events of its own actors after ids; people know them by what was run. */
export const eventText = (type: string): string => {
  const [, how, id = ''] = /^xstate\.(done|error)\.actor\.(.+)$/.exec(type) ?? []
  return how === undefined ? type : `${taskNames.get(id) ?? id} ${how === 'done' ? 'done' : 'threw'}`
}

/** Why it is held, or what went wrong last. */
export const reasonText = ({ context, status }: Actor): string => {
  const record = fieldsOf(context['record'])
  const failure = fieldsOf(record['failure'] ?? context['listFailure'] ?? context['lastFailure'])
  if (typeof record['held'] === 'string') return `held: ${record['held']}`
  if (typeof failure['_tag'] === 'string') return failure['_tag']
  return status === 'error' ? 'threw' : ''
}

/** Counts the attempt that is under way. */
export const attemptText = ({ context, value, status }: Actor): string => {
  const attempts = fieldsOf(context['record'])['attempts'] ?? context['listAttempts'] ?? context['attempts']
  if (typeof attempts !== 'number') return ''
  const isTrying = status === 'active' && wordsOf(value).includes('transferring')
  const count = attempts + (isTrying ? 1 : 0)
  return count === 0 ? '' : String(count)
}

/** A mark that does not rest on colour. */
export const markOf = (actor: Actor): { readonly sign: string; readonly tone: 'good' | 'busy' | 'warn' | 'bad' | 'quiet' } => {
  const text = stateText(actor)
  if (actor.status === 'error' || text.startsWith('FAILED')) return { sign: '✕', tone: 'bad' }
  if (text.endsWith('held') || text.endsWith('backingOff')) return { sign: '‖', tone: 'warn' }
  if (text.startsWith('SYNCED') || text === 'DELETED') return { sign: '✓', tone: 'good' }
  if (actor.status !== 'active') return { sign: '■', tone: 'quiet' }
  return text.endsWith('transferring') || actor.chart === null ? { sign: '▶', tone: 'busy' } : { sign: '●', tone: 'quiet' }
}

export const timeText = (atMs: number): string => {
  const date = new Date(atMs)
  return `${date.toLocaleTimeString('en-GB')}.${String(date.getMilliseconds()).padStart(3, '0')}`
}

const sizeText = (bytes: number): string =>
  bytes < 1000 ? `${bytes} B` : bytes < 1e6 ? `${(bytes / 1000).toFixed(1)} kB` : `${(bytes / 1e6).toFixed(1)} MB`

/** What is known of an actor besides its state, for the head of its chart. */
export const factsOf = (actor: Actor): readonly string[] => {
  const record = fieldsOf(actor.context['record'])
  const roster = fieldsOf(actor.context['roster'])
  const { sizeBytes, priority, dueAtMs } = record
  const { blobs, active, held } = roster
  return [
    actor.chart === 'coordinator' ? '' : stateText(actor),
    reasonText(actor),
    attemptText(actor) === '' ? '' : `attempt ${attemptText(actor)}`,
    typeof dueAtMs === 'number' ? `due ${new Date(dueAtMs).toLocaleTimeString('en-GB')}` : '',
    typeof sizeBytes === 'number' ? sizeText(sizeBytes) : '',
    typeof priority === 'string' && priority !== 'medium' ? `${priority} priority` : '',
    typeof blobs === 'number' ? `${blobs} blobs` : '',
    typeof active === 'number' && active > 0 ? `${active} active` : '',
    typeof held === 'number' && held > 0 ? `${held} held` : '',
    actor.status === 'active' ? '' : `actor ${actor.status}`,
  ].filter((fact) => fact !== '')
}
