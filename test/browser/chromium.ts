/** The Chromium of this machine, for every test and bench that runs in one. */
export const chromiumPath = process.env['CHROMIUM'] ?? '/usr/bin/chromium'

/** Keeps it from asking for anything on its own: tests count what leaves the machine. */
export const chromiumArguments: readonly string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]
