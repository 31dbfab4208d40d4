import type { RowActions } from './menu'
import { open } from './envelope'
import type { Device } from './device'

interface Told {
  readonly show: (device: Device, id: string) => void
  readonly say: (about: string, text: string) => void
  readonly complain: (text: string) => void
}

/** What can be done with one blob. */
export const rowActions = ({ show, say, complain }: Told): RowActions => {
  const nameOf = (device: Device, id: string) => device.names.get(id)?.name ?? 'the file'
  const orComplain = (doing: Promise<unknown>, what: string) =>
    void doing.catch((error: unknown) => complain(`${what}: ${error instanceof Error ? error.message : String(error)}`))
  return {
    show,
    download: (device, id) => orComplain(save(device, id), 'This cannot be downloaded'),
    retry: (device, id) => orComplain(device.blobs.retry(id), 'This cannot be retried'),
    fetch: (device, id) => orComplain(device.blobs.get(id), 'This cannot be fetched'),
    evict: (device, id) => orComplain(device.blobs.evict(id), 'This stays here'),
    remove: (device, id) => {
      say(`${device.label} deleted`, `Deleting ${nameOf(device, id)}`)
      orComplain(device.blobs.delete(id), 'This cannot be deleted')
    },
    prioritise: (device, id, priority) => {
      say(`${device.label} priority`, `Priority of ${nameOf(device, id)}: ${priority}`)
      orComplain(device.blobs.setPriority(id, priority), 'The priority stays')
    },
  }
}

const save = async (device: Device, id: string): Promise<void> => {
  const { header, content } = await open(await device.blobs.get(id))
  const link = document.createElement('a')
  link.href = URL.createObjectURL(content)
  link.download = header?.name.split('/').at(-1) ?? id
  link.click()
  // The browser has it by then; a URL that stays would keep the bytes.
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000)
}
