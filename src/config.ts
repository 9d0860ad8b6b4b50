import { existsSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { AuthoritySettings } from './authority/settings/authority-settings.ts'
import { missingSecret } from './base/secret-file.ts'
import { errorText } from './base/system-error.ts'
import { accepts, folderOfUrl, members } from './config/accepts.ts'
import { parseAuthority } from './config/authority-settings.ts'
import { type CompiledConfig, readCompiledSettings } from './config/compiled-settings.ts'
import { type DirectoryConfig, readDirectorySettings } from './config/directory-settings.ts'
import { type FrontConfig, readFrontSettings } from './config/front-settings.ts'
import { parseGateways } from './config/gateway-settings.ts'
import { readTrustHistory } from './config/history-settings.ts'
import { type KitConfig, readKitSettings } from './config/kit-settings.ts'
import { type ListenerConfig, readListenerSettings } from './config/listener-settings.ts'
import { readMirror } from './config/mirror-settings.ts'
import { readStartSettings, type StartConfig } from './config/publish-settings.ts'
import type { Setting } from './config/setting.ts'
import { settings, type Variable } from './config/settings.ts'
import { parseSigners, type SignerConfig } from './config/signer-settings.ts'
import { parseSigning, type SigningConfig } from './config/signing-settings.ts'
import { readVocabularySettings, type VocabularyConfig } from './config/vocabulary-settings.ts'
import { readWorkers } from './config/workers-settings.ts'
import type { MirrorSettings } from './gateway/mirror/mirror-settings.ts'
import type { GatewaySettings } from './gateway/settings.ts'
import type { HttpLimits } from './http/limits/http-limits.ts'
import type { ListenLimits } from './http/wire/running-server.ts'
import { type NetworkHost, parseNetworkHosts } from './network/network-hosts.ts'
import { openOperationNames } from './operations/open-operations.ts'
import { parseTrustLists } from './trust/lists/trust-list-settings.ts'
import { isOfGateway, type TrustSource } from './trust/lists/trust-source.ts'

/** What a request may use; entries of a batch with a token have a bound that is not configured. */
type RequestLimits = Omit<HttpLimits, 'writingEntries' | 'asyncMilliseconds'>

/** The configuration of one server, every value read and checked. */
export interface Config
  extends SignerConfig,
    DirectoryConfig,
    ListenerConfig,
    FrontConfig,
    KitConfig,
    CompiledConfig,
    VocabularyConfig,
    StartConfig {
  port: number
  host: string
  /** Without a trailing slash; undefined until the port is known when it is to be computed. */
  baseUrl: string | undefined
  dataDir: string
  storageUrl: string
  /** Which member of a replica set is read. */
  storageReads: 'primary' | 'nearest'
  /** Folder where compiled code systems are kept for other replicas; undefined = with MongoDB in the store, else nowhere. */
  artefactsFolder: string | undefined
  /** How many processes serve together; undefined = one, which shares nothing. */
  workers: number | undefined
  developmentToken: string | undefined
  /** With which `vidimus publish` writes to another server. */
  publishToken: string | undefined
  /** Undefined = not configured. */
  trustLists: TrustSource[] | undefined
  /** How often remote lists are asked for that do not say so themselves. */
  trustRefreshSeconds: number
  /** How long and how much is kept of how trust lists stood; without days nothing. */
  trustHistory: { days: number | undefined; bytes: number }
  allowRequestTrustAnchors: boolean
  network: boolean
  /** Hosts that may be reached on another port or at a private address. */
  networkHosts: NetworkHost[]
  /** What is mirrored from other participants; undefined = nothing. */
  mirror: MirrorSettings | undefined
  /** Whether the endpoints of the EU Digital COVID Certificate are served. */
  legacyDcc: boolean
  /** Whether drafts that are written over REST are for everybody. */
  drafts: 'public' | 'not-public'
  /** The Trust Network Gateways that this server takes part in. */
  gateways: readonly GatewaySettings[]
  /** File of the certificate of the public address. */
  publicTlsCertificate: string | undefined
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
  /** Keys of this server, and what it vouches for with them. */
  signing: SigningConfig
  /** Who may write. */
  authority: AuthoritySettings
}

/** Whether this program was started as a script of npm (`npm start`). */
export const isStartedByNpm = (environment: Record<string, string | undefined> = process.env): boolean =>
  environment.npm_lifecycle_event !== undefined

/** Public address of a server without `/fhir`: the one that is configured, else where it listens, with TLS where there is no other way. */
export function publicAddress(config: Pick<Config, 'baseUrl' | 'host' | 'port' | 'plainHttp' | 'tls'>): string {
  const { baseUrl, host, port, plainHttp, tls } = config
  const name = host.includes(':') ? `[${host}]` : host
  return baseUrl ?? (plainHttp || !tls ? `http://${name}:${port}` : `https://${name}:${tls.port}`)
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
  if (production) problems.push(...openDoors(texts))
  const trustLists = readTrustLists(texts.get('TRUST_LISTS'), problems)
  const networkHosts = readNetworkHosts(texts.get('NETWORK_HOSTS'), problems)
  const mirror = read(problems, 'MIRROR', () => readMirror(texts.get('MIRROR')))
  const signing = read(problems, 'SIGNING_', () => parseSigning(texts))
  const authority = read(problems, '', () => parseAuthority(texts, (path) => readFileSync(path, 'utf8')))
  const signers = read(problems, '', () => parseSigners(texts, (path) => readFileSync(path, 'utf8')))
  const gateways = read(problems, '', () => parseGateways(texts, (path) => readFileSync(path, 'utf8')))
  if (gateways) problems.push(...unknownGateways(trustLists, gateways))
  const listeners = read(problems, '', () => ({ ...readFrontSettings(texts), ...readListenerSettings(texts) }))
  if (problems.length > 0 || !signing || !authority || !signers || !listeners) throw new ConfigError(problems)
  const dataDir = resolve(texts.get('DATA_DIR') ?? './data')
  const count = (variable: Variable) => Number(texts.get(variable))
  return {
    port: Number(texts.get('PORT')),
    host: texts.get('HOST') ?? '127.0.0.1',
    ...listeners,
    baseUrl: texts.get('BASE_URL')?.replace(/\/+$/, ''),
    dataDir,
    storageUrl: texts.get('STORAGE_URL') ?? `sqlite:${join(dataDir, 'vidimus.db')}`,
    storageReads: choiceOf(texts, 'STORAGE_READS', ['primary', 'nearest'] as const),
    artefactsFolder: folderOfUrl(texts.get('ARTEFACTS_URL') ?? ''),
    workers: readWorkers(texts),
    developmentToken: texts.get('DEVELOPMENT_TOKEN'),
    publishToken: texts.get('VIDIMUS_TOKEN'),
    trustLists,
    trustRefreshSeconds: count('TRUST_REFRESH_SECONDS'),
    trustHistory: readTrustHistory(texts),
    allowRequestTrustAnchors: texts.get('ALLOW_REQUEST_TRUST_ANCHORS') === 'true',
    network: texts.get('NETWORK') === 'on',
    networkHosts: networkHosts ?? [],
    gateways: gateways ?? [],
    publicTlsCertificate: texts.get('PUBLIC_TLS_CERTIFICATE'),
    mirror,
    legacyDcc: texts.get('LEGACY_DCC') === 'on',
    drafts: texts.get('DRAFTS') === 'public' ? 'public' : 'not-public',
    ...readDirectorySettings(texts),
    ...readCompiledSettings(texts),
    ...readVocabularySettings(texts),
    ...readKitSettings(texts),
    ...readStartSettings(texts),
    jurisdiction: texts.get('JURISDICTION')?.toUpperCase(),
    revocationFailure: choiceOf(texts, 'REVOCATION_FAILURE', ['warn', 'fail', 'fail-unknown'] as const),
    domainMismatch: choiceOf(texts, 'DOMAIN_MISMATCH', ['warn', 'fail'] as const),
    bodyLimitBytes: count('BODY_LIMIT_BYTES'),
    openOperations: openOperations(texts.get('OPEN_OPERATIONS'), production),
    trustedProxies: members(texts.get('TRUSTED_PROXIES')),
    ...readLimits(count),
    accessLog: texts.get('ACCESS_LOG') === 'on',
    auditSampleRate: Number(texts.get('AUDIT_SAMPLE_RATE')),
    maintenance: texts.get('MAINTENANCE') === 'true',
    production,
    signing,
    authority,
    ...signers,
  }
}

/** What requests, connections and job processes may take. */
function readLimits(
  count: (variable: Variable) => number,
): Pick<Config, 'requestLimits' | 'jobProcesses' | 'connectionLimits'> {
  return {
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
  }
}

/** What a production server must not be left with. */
function openDoors(texts: ReadonlyMap<Variable, string>): string[] {
  const token = texts.has('DEVELOPMENT_TOKEN')
  const anchors = texts.get('ALLOW_REQUEST_TRUST_ANCHORS') === 'true'
  return [
    ...(token ? ['DEVELOPMENT_TOKEN must not be set when NODE_ENV=production'] : []),
    ...(anchors
      ? ['ALLOW_REQUEST_TRUST_ANCHORS must not be true when NODE_ENV=production: any caller could vouch for a forgery']
      : []),
  ]
}

/** The choice of a setting whose text was checked; the first is the default. */
function choiceOf<Choice extends string>(
  texts: ReadonlyMap<string, string>,
  variable: string,
  choices: readonly [Choice, ...Choice[]],
): Choice {
  return choices.find((each) => each === texts.get(variable)) ?? choices[0]
}

/** A production server opens nothing that it is not told to. */
function openOperations(text: string | undefined, production: boolean): ReadonlySet<string> {
  return new Set(text === undefined && !production ? openOperationNames : members(text))
}

function readTrustLists(text: string | undefined, problems: string[]): TrustSource[] | undefined {
  if (text === undefined) return undefined
  return read(problems, 'TRUST_LISTS', () => parseTrustLists(text, (path) => readFileSync(path, 'utf8')))
}

/** Sources that name a gateway which is not configured; of gateways that could not be read nothing is known. */
function unknownGateways(sources: readonly TrustSource[] | undefined, gateways: readonly GatewaySettings[]): string[] {
  const ids = gateways.map(({ id }) => id)
  const there = ids.length > 0 ? `there are ${ids.join(', ')}` : 'none is configured (GATEWAY_URL, GATEWAYS)'
  return (sources ?? [])
    .filter((source) => isOfGateway(source) && !ids.includes(source.location))
    .map(({ name, location }) => `TRUST_LISTS: source ${name}: there is no gateway ${location}; ${there}`)
}

function readNetworkHosts(text: string | undefined, problems: string[]): NetworkHost[] | undefined {
  if (text === undefined) return []
  return read(problems, 'NETWORK_HOSTS', () => parseNetworkHosts(text, (path) => readFileSync(path, 'utf8')))
}

/** A setting of several parts; each line of what is wrong with it is a problem. */
function read<Value>(problems: string[], variable: string, parse: () => Value): Value | undefined {
  try {
    return parse()
  } catch (error) {
    const lines = errorText(error).split('\n')
    problems.push(...lines.map((line) => (line.startsWith(variable) ? line : `${variable}: ${line}`)))
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
      problems.push(
        `${setting.variable}_FILE cannot be read: ${missingSecret(file, existsSync(file)) ?? errorText(error)}`,
      )
      return undefined
    }
  }
  if (text === undefined || text === '') return setting.fallback
  const problem = accepts[setting.kind](text, setting)
  if (problem)
    problems.push(`${setting.variable} is ${setting.secret ? 'not usable' : JSON.stringify(text)}; ${problem}`)
  return text
}
