import { accessSync, constants, readFileSync, statSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { isJurisdictionCode } from './base/iso-3166.ts'
import { errorText, isSystemError } from './base/system-error.ts'
import type { HttpLimits } from './http/limits/http-limits.ts'
import { proxyProblem } from './http/limits/requester.ts'
import type { ListenLimits } from './http/wire/running-server.ts'
import { openOperationNames } from './operations/open-operations.ts'
import { storageUrlProblem } from './storage/open.ts'
import { parseTrustLists } from './trust/lists/trust-list-settings.ts'
import type { TrustSource } from './trust/lists/trust-source.ts'

/** How the text of a setting is read. */
type Kind =
  | 'text'
  | 'list'
  | 'port'
  | 'count'
  | 'share'
  | 'switch'
  | 'folder'
  | 'url'
  | 'choice'
  | 'country'
  | 'store'
  | 'token'

/** One setting: everything the README's table, the reader and the error messages need. */
interface Setting {
  /** Environment variable. A `secret` one may also be given as `<name>_FILE`, a file whose text is the value. */
  variable: string
  kind: Kind
  /** Default as it would be written; undefined = not set. */
  fallback?: string
  secret?: boolean
  /** Of a choice the values, of a list the members that there may be. */
  choices?: readonly string[]
  /** What is wrong with a member of a list. */
  memberProblem?: (member: string) => string | undefined
  /** Shown in the README. */
  description: string
  /** Shown in place of a default that is computed. */
  fallbackText?: string
}

/** Every setting, once; the README's configuration table is generated from this list. */
const settings = [
  { variable: 'PORT', kind: 'port', fallback: '8080', description: 'TCP port to listen on; 0 takes a free one.' },
  {
    variable: 'HOST',
    kind: 'text',
    fallback: '127.0.0.1',
    description: 'Address to listen on (the container image sets 0.0.0.0).',
  },
  {
    variable: 'BASE_URL',
    kind: 'url',
    fallbackText: 'from HOST and PORT',
    description: 'Public address of the server without `/fhir`: links, references and the did:web id are made from it.',
  },
  {
    variable: 'DATA_DIR',
    kind: 'folder',
    fallback: './data',
    description: 'Where the store, keys and last good trust lists are kept.',
  },
  {
    variable: 'STORAGE_URL',
    kind: 'store',
    fallbackText: '`sqlite:vidimus.db` in DATA_DIR',
    secret: true,
    description: 'Artefact store: `sqlite:<file>` or `sqlite::memory:`; MongoDB is not supported yet.',
  },
  {
    variable: 'DEVELOPMENT_TOKEN',
    kind: 'token',
    secret: true,
    description:
      'A bearer token with every scope, for development and tests; refused when NODE_ENV=production. Without it every write answers 401.',
  },
  {
    variable: 'TRUST_LISTS',
    kind: 'text',
    fallbackText: "the demo issuers' list in DATA_DIR",
    secret: true,
    description:
      'Whose keys count: a JSON array of sources, a file that holds one, or comma-separated paths of certificate folders and DID documents, each with its pinned key beside it (`<name>.key.json`).',
  },
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
      '`on` will allow a guarded client to reach the configured hosts. This version has none: nothing leaves the machine either way.',
  },
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
      'What may be done without a token beside reads, `$evaluate` and the terminology operations, comma-separated: maps and libraries that come with a request, `$cql`, `$convert` of more than 64 kB. `none` for nothing.',
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
      'Most processes of each kind (maps, CQL, the CQL translator) that run what comes with requests; each may take 64 MB beyond its program (60 to 250 MB). With two or more no client has all of them.',
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

type Variable = (typeof settings)[number]['variable']

/** What a request may use; entries of a batch with a token have a bound that is not configured. */
type RequestLimits = Omit<HttpLimits, 'writingEntries'>

/** The configuration of one server, every value read and checked. */
export interface Config {
  port: number
  host: string
  /** Without a trailing slash; undefined until the port is known when it is to be computed. */
  baseUrl: string | undefined
  dataDir: string
  storageUrl: string
  developmentToken: string | undefined
  /** Undefined = not configured. */
  trustLists: TrustSource[] | undefined
  allowRequestTrustAnchors: boolean
  network: boolean
  jurisdiction: string | undefined
  revocationFailure: 'warn' | 'fail' | 'fail-unknown'
  domainMismatch: 'warn' | 'fail'
  bodyLimitBytes: number
  openOperations: ReadonlySet<string>
  trustedProxies: string[]
  requestLimits: RequestLimits
  jobProcesses: number
  connectionLimits: ListenLimits
  accessLog: boolean
  /** 0 to 1. */
  auditSampleRate: number
  maintenance: boolean
  production: boolean
}

/** Whether this program was started as a script of npm (`npm start`). */
export const isStartedByNpm = (environment: Record<string, string | undefined> = process.env): boolean =>
  environment.npm_lifecycle_event !== undefined

/** Public address of a server without `/fhir`: the one that is configured, else where it listens. */
export function publicAddress({ baseUrl, host, port }: Pick<Config, 'baseUrl' | 'host' | 'port'>): string {
  return baseUrl ?? `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** Thrown by {@link readConfig}: every problem at once, one line each. */
export class ConfigError extends Error {
  readonly problems: string[]
  constructor(problems: string[]) {
    super(
      `The configuration has ${problems.length === 1 ? 'a problem' : `${problems.length} problems`}:\n${problems.map((each) => `- ${each}`).join('\n')}`,
    )
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/**
 * Reads the configuration from environment variables. The only reader of the environment.
 * @throws ConfigError with every problem found
 */
export function readConfig(environment: Record<string, string | undefined> = process.env): Config {
  const problems: string[] = []
  const texts = new Map<Variable, string>()
  for (const setting of settings) {
    const text = readSetting(setting, environment, problems)
    if (text !== undefined) texts.set(setting.variable, text)
  }
  const production = texts.get('NODE_ENV') === 'production'
  if (production && texts.has('DEVELOPMENT_TOKEN')) {
    problems.push('DEVELOPMENT_TOKEN must not be set when NODE_ENV=production')
  }
  if (production && texts.get('ALLOW_REQUEST_TRUST_ANCHORS') === 'true') {
    problems.push(
      'ALLOW_REQUEST_TRUST_ANCHORS must not be true when NODE_ENV=production: any caller could vouch for a forgery',
    )
  }
  const trustLists = readTrustLists(texts.get('TRUST_LISTS'), problems)
  if (problems.length > 0) throw new ConfigError(problems)
  const dataDir = resolve(texts.get('DATA_DIR') ?? './data')
  const count = (variable: Variable) => Number(texts.get(variable))
  return {
    port: Number(texts.get('PORT')),
    host: texts.get('HOST') ?? '127.0.0.1',
    baseUrl: texts.get('BASE_URL')?.replace(/\/+$/, ''),
    dataDir,
    storageUrl: texts.get('STORAGE_URL') ?? `sqlite:${join(dataDir, 'vidimus.db')}`,
    developmentToken: texts.get('DEVELOPMENT_TOKEN'),
    trustLists,
    allowRequestTrustAnchors: texts.get('ALLOW_REQUEST_TRUST_ANCHORS') === 'true',
    network: texts.get('NETWORK') === 'on',
    jurisdiction: texts.get('JURISDICTION')?.toUpperCase(),
    revocationFailure: choiceOf(texts, 'REVOCATION_FAILURE', ['warn', 'fail', 'fail-unknown'] as const),
    domainMismatch: choiceOf(texts, 'DOMAIN_MISMATCH', ['warn', 'fail'] as const),
    bodyLimitBytes: count('BODY_LIMIT_BYTES'),
    openOperations: openOperations(texts.get('OPEN_OPERATIONS'), production),
    trustedProxies: members(texts.get('TRUSTED_PROXIES')),
    requestLimits: {
      openBodyBytes: count('OPEN_BODY_LIMIT_BYTES'),
      batchEntries: count('BATCH_LIMIT'),
      replyBytes: count('REPLY_LIMIT_BYTES'),
      cpuMilliseconds: count('REQUEST_CPU_MILLISECONDS'),
      bodies: count('MAX_UNFINISHED_BODIES'),
      bodiesOfOne: count('MAX_UNFINISHED_BODIES_PER_CLIENT'),
      bytes: count('MAX_UNFINISHED_BYTES'),
    },
    jobProcesses: count('JOB_PROCESSES'),
    connectionLimits: {
      connections: count('MAX_CONNECTIONS'),
      connectionsOfOne: count('MAX_CONNECTIONS_PER_CLIENT'),
      headerSeconds: count('HEADER_SECONDS'),
      bodySeconds: count('BODY_SECONDS'),
      replySeconds: count('REPLY_SECONDS'),
      replyBytes: count('MAX_UNFINISHED_BYTES'),
    },
    accessLog: texts.get('ACCESS_LOG') === 'on',
    auditSampleRate: Number(texts.get('AUDIT_SAMPLE_RATE')),
    maintenance: texts.get('MAINTENANCE') === 'true',
    production,
  }
}

/** The choice of a setting whose text was checked; the first is the default. */
function choiceOf<Choice extends string>(
  texts: ReadonlyMap<string, string>,
  variable: string,
  choices: readonly [Choice, ...Choice[]],
): Choice {
  return choices.find((each) => each === texts.get(variable)) ?? choices[0]
}

/** Members of a list; `none` stands for an empty one. */
function members(text: string | undefined): string[] {
  const all = (text ?? '').split(',').map((each) => each.trim())
  return all.filter((each) => each !== '' && each !== 'none')
}

/** A production server opens nothing that it is not told to. */
function openOperations(text: string | undefined, production: boolean): ReadonlySet<string> {
  return new Set(text === undefined && !production ? openOperationNames : members(text))
}

function readTrustLists(text: string | undefined, problems: string[]): TrustSource[] | undefined {
  if (text === undefined) return undefined
  try {
    return parseTrustLists(text, (path) => readFileSync(path, 'utf8'))
  } catch (error) {
    problems.push(
      ...errorText(error)
        .split('\n')
        .map((line) => (line.startsWith('TRUST_LISTS') ? line : `TRUST_LISTS: ${line}`)),
    )
    return undefined
  }
}

function readSetting(setting: Setting, environment: Record<string, string | undefined>, problems: string[]) {
  const given = environment[setting.variable]
  const file = setting.secret ? environment[`${setting.variable}_FILE`] : undefined
  if (given && file) problems.push(`${setting.variable} and ${setting.variable}_FILE are both set; only one may be`)
  let text = given
  if (!text && file) {
    try {
      text = readFileSync(file, 'utf8').trim()
    } catch (error) {
      problems.push(`${setting.variable}_FILE cannot be read: ${errorText(error)}`)
      return undefined
    }
  }
  if (text === undefined || text === '') return setting.fallback
  const problem = accepts[setting.kind](text, setting)
  if (problem)
    problems.push(`${setting.variable} is ${setting.secret ? 'not usable' : JSON.stringify(text)}; ${problem}`)
  return text
}

/** Per kind: undefined when the text is fine, else what would be accepted. */
const accepts: Record<Kind, (text: string, setting: Setting) => string | undefined> = {
  text: () => undefined,
  list: (text, { choices, memberProblem }) => {
    for (const member of members(text)) {
      const problem =
        choices?.includes(member) === false ? `members are ${choices.join(', ')}` : memberProblem?.(member)
      if (problem) return `${JSON.stringify(member)}: ${problem}`
    }
    return undefined
  },
  folder: folderProblem,
  store: storageUrlProblem,
  token: (text) =>
    /^[A-Za-z0-9\-._~+/]+=*$/.test(text)
      ? undefined
      : 'letters, digits and -._~+/ without blanks are wanted, as they go into a header (RFC 6750, b64token)',
  port: (text) => (/^\d{1,5}$/.test(text) && Number(text) <= 65535 ? undefined : 'a number from 0 to 65535 is wanted'),
  count: (text) => (/^[1-9]\d{0,11}$/.test(text) ? undefined : 'a positive whole number is wanted'),
  share: (text) => (/^(0(\.\d{1,9})?|1(\.0{1,9})?)$/.test(text) ? undefined : 'a number from 0 to 1 is wanted'),
  switch: (text) => (text === 'true' || text === 'false' ? undefined : '`true` or `false` is wanted'),
  choice: (text, setting) =>
    setting.choices?.includes(text) ? undefined : `one of ${setting.choices?.join(', ')} is wanted`,
  country: (text) =>
    isJurisdictionCode(text.toUpperCase()) ? undefined : 'an ISO 3166-1 alpha-2 or alpha-3 code is wanted',
  url: (text) =>
    /^https?:\/\/[^\s/?#]+(\/[^\s?#]*)?$/.test(text) ? undefined : 'an http or https address without query is wanted',
}

/** Whether a folder is there and may be written to, or can be made. */
function folderProblem(text: string): string | undefined {
  for (let folder = resolve(text); ; folder = dirname(folder)) {
    try {
      if (!statSync(folder).isDirectory()) return `${folder} is a file, and no folder`
      accessSync(folder, constants.W_OK | constants.X_OK)
      return undefined
    } catch (error) {
      const isAbsent = isSystemError(error) && error.code === 'ENOENT'
      if (!isAbsent || folder === dirname(folder))
        return `a folder that can be written to is wanted: ${errorText(error)}`
    }
  }
}

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
