/** Keeps Node's notes on `node:sqlite` off the terminal: in Node 22 it calls itself experimental. Other warnings pass. */
export const quietSqlite = (): void => {
  const listeners = process.listeners('warning')
  process.removeAllListeners('warning')
  process.on('warning', (warning) => {
    if (warning.name !== 'ExperimentalWarning') listeners.forEach((listener) => listener(warning))
  })
}

/** A reader that has seen enough, as `head` does, is no error. */
export const endWithReader = (): void => {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit()
    throw error
  })
}
