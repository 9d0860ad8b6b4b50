/** Every setting, once: name, kind, default and meaning. */
import { proxyProblem } from '../http/limits/requester.ts'
import { openOperationNames } from '../operations/open-operations.ts'
import { authoritySettings } from './authority-settings.ts'
import { compiledSettings } from './compiled-settings.ts'
import { directorySettings } from './directory-settings.ts'
import { frontSettings } from './front-settings.ts'
import { gatewaySettings } from './gateway-settings.ts'
import { historySettings } from './history-settings.ts'
import { kitSettings } from './kit-settings.ts'
import { legacySettings } from './legacy-settings.ts'
import { listenerSettings } from './listener-settings.ts'
import { mirrorSettings } from './mirror-settings.ts'
import { publishSettings } from './publish-settings.ts'
import type { Setting } from './setting.ts'
import { signerSettings } from './signer-settings.ts'
import { signingSettings } from './signing-settings.ts'
import { trustSettings } from './trust-settings.ts'
import { vocabularySettings } from './vocabulary-settings.ts'
import { workersSettings } from './workers-settings.ts'

/** Every setting, once; the README's configuration table is generated from this list. */
export const settings = [
  { variable: 'PORT', kind: 'port', fallback: '8080', description: 'TCP port to listen on; 0 takes a free one.' },
  {
    variable: 'HOST',
    kind: 'text',
    fallback: '127.0.0.1',
    description: 'Address to listen on (the container image sets 0.0.0.0).',
  },
  ...listenerSettings,
  ...workersSettings,
  {
    variable: 'BASE_URL',
    kind: 'url',
    fallbackText: 'from HOST and PORT (TLS_PORT where PLAIN_HTTP is off)',
    description: 'Public address of the server without `/fhir`: links, references and the did:web id are made from it.',
  },
  {
    variable: 'DATA_DIR',
    kind: 'folder',
    fallback: './data',
    description: 'Where the store, its indexes and the keys of this server are kept.',
  },
  {
    variable: 'STORAGE_URL',
    kind: 'store',
    fallbackText: '`sqlite:vidimus.db` in DATA_DIR',
    secret: true,
    description:
      'Artefact store: `sqlite:<file>`, `sqlite::memory:`, or a replica set of MongoDB (docs/operator.md): `mongodb://user:password@host:27017/database?replicaSet=name`, `mongodb+srv://…`.',
  },
  {
    variable: 'STORAGE_READS',
    kind: 'choice',
    choices: ['primary', 'nearest'],
    fallback: 'primary',
    description:
      'Which member of a MongoDB replica set is read: the primary, or the nearest one, for a server that is far from it and only reads.',
  },
  {
    variable: 'ARTEFACTS_URL',
    kind: 'artefacts',
    fallbackText: 'with MongoDB the store itself; else nowhere',
    description:
      'Where compiled large code systems are kept for other replicas, which copy them into their DATA_DIR: `file:/folder` that all of them share. With MongoDB they are in the store without it.',
  },
  ...signingSettings,
  {
    variable: 'DEVELOPMENT_TOKEN',
    kind: 'token',
    secret: true,
    description:
      'A bearer token with every scope, for development and tests; refused when NODE_ENV=production. Without it and without another authority (docs/authority.md) every write answers 401.',
  },
  ...authoritySettings,
  ...signerSettings,
  ...publishSettings,
  {
    variable: 'DRAFTS',
    kind: 'choice',
    choices: ['authors', 'public'],
    fallback: 'authors',
    description:
      'Who sees drafts that were written over REST: `authors` (whoever may read or write their type), or everybody. What was imported is for everybody, what is labelled restricted never.',
  },
  {
    variable: 'TRUST_LISTS',
    kind: 'text',
    fallbackText: "the demo issuers' list in DATA_DIR",
    secret: true,
    description:
      'Whose keys count: a JSON array of sources, a file that holds one, or comma-separated paths of certificate folders and DID documents, each with its pinned key beside it (`<name>.key.json`).',
  },
  ...trustSettings,
  ...historySettings,
  {
    variable: 'ALLOW_REQUEST_TRUST_ANCHORS',
    kind: 'switch',
    fallback: 'false',
    description: 'Accept `trustAnchor` in `$evaluate` requests (tests and rule authors only).',
  },
  {
    variable: 'NETWORK',
    kind: 'choice',
    choices: ['off', 'on'],
    fallback: 'off',
    description:
      '`on` lets a guarded client ask other servers, by https and name alone: for the trust lists, gateways and mirrored references of this configuration, and for what a health link points to when `$evaluate` is asked with `followLinks`. With `off` no connection is ever opened.',
  },
  {
    variable: 'NETWORK_HOSTS',
    kind: 'text',
    description:
      'The only exceptions to port 443, public addresses and public certificate authorities: a JSON array of `{"host", "port", "address"?, "ca"?}`, matched exactly; `address` is connected to in place of what the name resolves to, `ca` is PEM text or a file. Shown in `/health`.',
  },
  ...gatewaySettings,
  ...mirrorSettings,
  ...legacySettings,
  ...directorySettings,
  ...kitSettings,
  ...compiledSettings,
  ...vocabularySettings,
  {
    variable: 'JURISDICTION',
    kind: 'country',
    description: 'Default verifying jurisdiction, ISO 3166-1 alpha-2 or alpha-3.',
  },
  {
    variable: 'REVOCATION_FAILURE',
    kind: 'choice',
    choices: ['warn', 'fail', 'fail-unknown'],
    fallback: 'warn',
    description:
      'What the check `revocation` says when a revocation list cannot be used; with `fail-unknown` it fails also where no list of the issuer is known.',
  },
  {
    variable: 'DOMAIN_MISMATCH',
    kind: 'choice',
    choices: ['warn', 'fail'],
    fallback: 'warn',
    description:
      'What the check `key-usage` says of a key whose trust domain is not one that signs this kind of credential.',
  },
  {
    variable: 'BODY_LIMIT_BYTES',
    kind: 'count',
    fallback: '20000000',
    description: 'Largest request body, unpacked.',
  },
  {
    variable: 'OPEN_BODY_LIMIT_BYTES',
    kind: 'count',
    fallback: '1000000',
    description: 'The same for a request without a token.',
  },
  {
    variable: 'OPEN_OPERATIONS',
    kind: 'list',
    choices: openOperationNames,
    fallbackText: 'all; none when NODE_ENV=production',
    description:
      'What may be done without a token beside reads, `$evaluate` and the terminology operations, comma-separated: maps, libraries and plans that come with a request, `$cql`, `$convert` of more than 64 kB, `$evaluate` as of an earlier moment. `none` for nothing.',
  },
  {
    variable: 'TRUSTED_PROXIES',
    kind: 'list',
    memberProblem: proxyProblem,
    description:
      'Addresses and CIDR ranges of the proxies in front of this server, comma-separated. Limits per client count the address that they tell in `X-Forwarded-For`; without this setting that header counts for nothing.',
  },
  {
    variable: 'BATCH_LIMIT',
    kind: 'count',
    fallback: '100',
    description: 'Most entries of a batch or transaction without a token; with one 10,000.',
  },
  {
    variable: 'REPLY_LIMIT_BYTES',
    kind: 'count',
    fallback: '20000000',
    description: 'Largest reply.',
  },
  {
    variable: 'REQUEST_CPU_MILLISECONDS',
    kind: 'count',
    fallback: '1000',
    description:
      'Computing time of one request, on the server itself and in a job process each; of NDJSON that of a line, and ten times as much for the body.',
  },
  {
    variable: 'JOB_PROCESSES',
    kind: 'count',
    fallback: '2',
    description:
      'Most processes of each kind (maps, CQL, the CQL translator, pictures) that run what comes with requests; each may take 64 MB beyond its program (60 to 250 MB), for pictures 256 MB. With two or more no client has all of them.',
  },
  {
    variable: 'MAX_CONNECTIONS',
    kind: 'count',
    fallback: '1000',
    description: 'Most open connections; more are closed at once.',
  },
  {
    variable: 'MAX_CONNECTIONS_PER_CLIENT',
    kind: 'count',
    fallback: '200',
    description: 'The same for one client address; trusted proxies have no limit of their own.',
  },
  {
    variable: 'MAX_UNFINISHED_BODIES',
    kind: 'count',
    fallback: '200',
    description: 'Most request bodies under way at a time; more are answered 503.',
  },
  {
    variable: 'MAX_UNFINISHED_BODIES_PER_CLIENT',
    kind: 'count',
    fallback: '20',
    description: 'The same for one client; more are answered 429.',
  },
  {
    variable: 'MAX_UNFINISHED_BYTES',
    kind: 'count',
    fallback: '100000000',
    description: 'Most bytes of such bodies, and most bytes of replies that clients have not taken yet, each in all.',
  },
  {
    variable: 'HEADER_SECONDS',
    kind: 'count',
    fallback: '10',
    description: 'Time for a client to send the head of a request; its connection is closed then.',
  },
  {
    variable: 'BODY_SECONDS',
    kind: 'count',
    fallback: '60',
    description: 'Time for a client to send a whole request; its connection is closed then.',
  },
  {
    variable: 'REPLY_SECONDS',
    kind: 'count',
    fallback: '60',
    description: 'Time for a client to take a reply, or a piece of a long one; its connection is closed then.',
  },
  ...frontSettings,
  {
    variable: 'ACCESS_LOG',
    kind: 'choice',
    choices: ['on', 'off'],
    fallback: 'on',
    description: 'One JSON line per request on standard output; never holds a query, body or person.',
  },
  {
    variable: 'AUDIT_SAMPLE_RATE',
    kind: 'share',
    fallback: '0',
    description:
      'Share of public reads that is recorded as IHE SVCM AuditEvents: 0 none, 0.01 every hundredth, 1 all. Writes are always recorded. AuditEvents are kept for good and read with a token.',
  },
  {
    variable: 'MAINTENANCE',
    kind: 'switch',
    fallback: 'false',
    description: '`/health` answers 204 so that a load balancer takes this server out.',
  },
  {
    variable: 'NODE_ENV',
    kind: 'choice',
    choices: ['production', 'development', 'test'],
    description: '`production` refuses development switches.',
  },
] as const satisfies readonly Setting[]

/** Name of a setting. */
export type Variable = (typeof settings)[number]['variable']

/** The README's configuration table (GitHub-flavoured Markdown). */
export function settingsTable(): string {
  const rows = settings.map((setting: Setting) => {
    const shown = setting.fallbackText ?? (setting.fallback === undefined ? 'none' : `\`${setting.fallback}\``)
    const choices = setting.choices ? ` (${setting.choices.map((each) => `\`${each}\``).join(', ')})` : ''
    const file = setting.secret ? ` Also \`${setting.variable}_FILE\`.` : ''
    return `| \`${setting.variable}\` | ${shown} | ${setting.description}${choices}${file} |`
  })
  return ['| variable | default | meaning |', '|---|---|---|', ...rows].join('\n')
}
