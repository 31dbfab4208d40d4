import * as t from 'io-ts'

const Trouble = t.keyof({ offline: null, slow: null, busy: null, broken: null, corrupt: null, full: null, expired: null })

/** What the visitor does to the line between one device and the server. */
export type Trouble = t.TypeOf<typeof Trouble>

const Told = t.type({ trouble: Trouble, isOn: t.boolean })
const ASK = 'ask'

/**
 * Keeps the trouble of a device the same in all tabs that show it: whichever of them works has it.
 *
 * @param onTold Called with what another tab did, and at first with what it had done before.
 * @param all What is on here.
 */
export const sharedTroubles = (
  place: string,
  onTold: (trouble: Trouble, isOn: boolean) => void,
  all: () => readonly Trouble[],
) => {
  const channel = new BroadcastChannel(place)
  const post = channel.postMessage.bind(channel)
  const tell = (trouble: Trouble, isOn: boolean) => post({ trouble, isOn })
  channel.addEventListener('message', ({ data }: MessageEvent<unknown>) => {
    if (data === ASK) for (const trouble of all()) tell(trouble, true)
    else if (Told.is(data)) onTold(data.trouble, data.isOn)
  })
  post(ASK)
  return { tell }
}
