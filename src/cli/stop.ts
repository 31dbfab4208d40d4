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

/** Resolves at the first Ctrl-C or SIGTERM. A signal handler alone does not keep a process alive, what it serves does. */
export const untilStopped = (): Promise<void> =>
  new Promise((resolve) => {
    const { signal } = stopSignal()
    signal.addEventListener('abort', () => resolve(), { once: true })
  })
