import { EXIT } from './command'

const signals = ['SIGINT', 'SIGTERM'] as const

/** Fires at the first Ctrl-C or SIGTERM; the second one ends the process at once. `dispose` gives the signals back. */
export const stopSignal = (): { readonly signal: AbortSignal; readonly dispose: () => void } => {
  const controller = new AbortController()
  const stop = () => {
    if (controller.signal.aborted) process.exit(EXIT.stopped)
    controller.abort()
  }
  for (const name of signals) process.on(name, stop)
  return {
    signal: controller.signal,
    dispose: () => {
      for (const name of signals) process.off(name, stop)
    },
  }
}

/** Resolves when the signal fires, or at once if it has. It does not keep a process alive; what the process serves does. */
export const untilFired = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
