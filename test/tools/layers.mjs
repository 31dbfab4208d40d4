// Who may import whom: the table of the architecture, one rule for each row.

const ports = 'src/(store/store|cipher/cipher|remote/remote|connectivity|clock|tabs)[.]ts$'
const adapters = '(memory|file|idb|opfs|encrypted|http|s3|soledad|streaming|any)'
const npm = (...names) => `node_modules/(${names.join('|')})/`
const only = (...allowed) => ({ pathNot: `^(${allowed.join('|')})` })
const forbidden = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to })

export default {
  forbidden: [
    forbidden(
      'model-knows-only-data',
      'src/model imports fp-ts, io-ts and itself.',
      { path: '^src/model/' },
      only('src/model/', npm('fp-ts', 'io-ts')),
    ),
    forbidden(
      'machines-are-pure',
      'machines import xstate, fp-ts and src/model; no port, no adapter, no I/O.',
      { path: '^machines/' },
      only('machines/', 'src/model/', npm('xstate', 'fp-ts')),
    ),
    forbidden(
      'ports-know-only-the-model',
      'A port names what it needs in the words of src/model, and no adapter; those of the surroundings know the clock.',
      { path: `^${ports}` },
      only('src/model/', 'src/(clock|page-events)[.]ts$', npm('fp-ts')),
    ),
    forbidden(
      'adapters-keep-to-their-port',
      'An adapter imports its port, the clock, src/model and the library it is about.',
      { path: '^src/(store|cipher|remote)/', pathNot: '^src/store/encrypted[.]ts$' },
      { path: '^(src|machines)/', pathNot: '^src/($1|model)/|^src/(clock|page-events)[.]ts$' },
    ),
    forbidden(
      'encryption-at-rest-joins-two-folders',
      'The store that encrypts another one knows its port and the cipher’s segments, and no adapter.',
      { path: '^src/store/encrypted[.]ts$' },
      only('src/store/store[.]ts$', 'src/cipher/(at-rest|segment-engine-node|segments)[.]ts$', 'src/model/', npm('fp-ts')),
    ),
    forbidden(
      'adapters-do-not-know-each-other',
      'One adapter never imports another.',
      { path: `^src/(?:store|cipher|remote)/${adapters}` },
      { path: `^src/(store|cipher|remote)/${adapters}`, pathNot: '^src/[^/]+/$1' },
    ),
    forbidden(
      'actors-speak-to-ports',
      'src/actors imports ports and src/model, never an adapter.',
      { path: '^src/actors/' },
      only('src/actors/', 'src/model/', ports, npm('fp-ts', 'io-ts', 'xstate')),
    ),
    forbidden(
      'the-engine-knows-no-adapter',
      'The engine and its facade get their adapters from the app.',
      { path: '^src/[^/]+[.]ts$', pathNot: '^src/(index|node|browser)[.]ts$' },
      { path: `^src/(store|cipher|remote)/`, pathNot: `^${ports}` },
    ),
    forbidden(
      'nothing-below-imports-testing-server-cli',
      'They stand on top.',
      { path: '^(src|machines)/', pathNot: '^src/(testing|server|cli)/' },
      { path: '^src/(testing|server|cli)/' },
    ),
    forbidden(
      'inspectors-stand-apart',
      'Nothing of the library imports src/inspect: an app asks for it by name.',
      { path: '^(src|machines)/', pathNot: '^src/inspect/' },
      { path: '^src/inspect/' },
    ),
    forbidden(
      'inspectors-know-only-the-model',
      'An inspector reads what XState tells; of ours it knows src/model alone.',
      { path: '^src/inspect/' },
      only('src/inspect/', 'src/model/', npm('xstate', 'io-ts', 'fp-ts', '@statelyai/inspect')),
    ),
    forbidden(
      'only-node-files-import-node',
      'node:* is for the server, the command line, the file store and files that say node in their name.',
      { path: '^(src|machines)/', pathNot: '^src/(server|cli)/|^src/store/file|^src/testing/misbehaving-server|node' },
      { dependencyTypes: ['core'] },
    ),
    forbidden(
      'index-runs-without-node',
      'What an app imports from blobsync runs in a browser: no node:* however far away.',
      { path: '^src/(index|browser)[.]ts$' },
      { path: '^[^.]+$', reachable: true },
    ),
    forbidden(
      'no-circles',
      'Nothing imports itself by a detour; types alone may.',
      {},
      { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    ),
    forbidden('everything-resolves', 'An import leads somewhere.', {}, { couldNotResolve: true }),
    forbidden(
      'published-code-uses-dependencies',
      'src and machines import nothing that users do not get.',
      { path: '^(src|machines)/' },
      // The optional peer is also installed here for tests.
      { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['npm-peer'] },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^docs/demo/dist/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'node', 'default', 'types'] },
  },
}
