/** The way to a viewer. */
export interface Line {
  readonly send: (message: object) => void
  readonly stop: () => void
}

/** Opens a way to a viewer; `past` is what each viewer that comes is told first. */
export type OpenLine = (past: () => readonly object[]) => Line

/** The words of @statelyai/inspect. */
export const CONNECTED = '@statelyai.connected'
export const DISCONNECTED = '@statelyai.disconnected'
