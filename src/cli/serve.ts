import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import { serve as serveBlobs, isOrigin, type Account } from '../server/index'
import { EXIT, type Command } from './command'
import { stopSignal, untilFired } from './stop'
import { print, printJson } from './print'
import { UsageProblem } from './problem'
import { countIn, textIn, textsIn } from './values'

/** The reference server, until Ctrl-C. */
export const serve: Command = {
  name: 'serve',
  operands: '',
  does: 'runs a server that keeps blobs in a folder, until Ctrl-C',
  options: {
    root: { type: 'string' },
    port: { type: 'string' },
    host: { type: 'string' },
    account: { type: 'string', multiple: true },
    service: { type: 'string', multiple: true },
    'incoming-port': { type: 'string' },
    quota: { type: 'string' },
    origin: { type: 'string', multiple: true },
  },
  optionHelp: [
    '--root DIR          the folder                          [./blobsync-server]',
    '--port N            0: any that is free                 [2424]',
    '--host H                                                [127.0.0.1]',
    '--account USER:TOKEN   who may use it, repeatable       [one with a new token, printed]',
    '--service NAME:TOKEN   who may deliver blobs, repeatable  [nobody]',
    '--incoming-port N   where they do, on 127.0.0.1; 0: any  [2525]',
    '--quota BYTES       the most that one account may hold  [unlimited]',
    '--origin ORIGIN     a web app that may use it, as https://app.example.org, repeatable  [none]',
  ],
  run: async ({ settings, values, operands }) => {
    if (operands.length > 0) throw new UsageProblem('serve takes options only.')
    const given = textsIn(values, 'account').map((text) => accountOf(text, '--account takes USER:TOKEN.'))
    const services = textsIn(values, 'service').map((text) => {
      const { user, token } = accountOf(text, '--service takes NAME:TOKEN.')
      return { name: user, token }
    })
    const origins = textsIn(values, 'origin')
    const wrongOrigin = origins.find((origin) => !isOrigin(origin))
    if (wrongOrigin !== undefined)
      throw new UsageProblem(
        `--origin takes what a browser calls one, as https://app.example.org without a path, not “${wrongOrigin}”.`,
      )
    const incomingPort = countIn(values, 'incoming-port', 0)
    if (incomingPort !== undefined && services.length === 0) throw new UsageProblem('--incoming-port needs a --service.')
    const accounts = given.length > 0 ? given : [{ user: 'me', token: randomBytes(24).toString('base64url') }]
    const quotaBytes = countIn(values, 'quota', 0)
    const log = settings.json ? (line: string) => printJson({ event: 'request', line }) : print
    const stop = stopSignal()
    const serving = await serveBlobs({
      root: resolve(textIn(values, 'root') ?? 'blobsync-server'),
      port: countIn(values, 'port', 0) ?? 2424,
      host: textIn(values, 'host') ?? '127.0.0.1',
      accounts,
      services,
      origins,
      log,
      ...(incomingPort === undefined ? {} : { incomingPort }),
      ...(quotaBytes === undefined ? {} : { quotaBytes }),
    })
    if (settings.json)
      printJson({
        event: 'listening',
        url: serving.url,
        ...(serving.incoming === null ? {} : { incomingUrl: serving.incoming.url }),
        ...(given.length > 0 ? {} : { account: accounts[0] }),
      })
    else {
      print(`Listening on ${serving.url}`)
      if (serving.incoming !== null) print(`Taking deliveries on ${serving.incoming.url}`)
      if (given.length === 0)
        accounts.forEach(({ user, token }) =>
          print(`No --account was given; this one may use it: --user ${user} --token ${token}`),
        )
    }
    await untilFired(stop.signal)
    await serving.close()
    return EXIT.well
  },
}

const accountOf = (text: string, rule: string): Account => {
  const colon = text.indexOf(':')
  if (colon < 1 || colon === text.length - 1) throw new UsageProblem(rule)
  return { user: text.slice(0, colon), token: text.slice(colon + 1) }
}
