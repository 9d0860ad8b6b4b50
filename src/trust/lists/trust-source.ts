import { participantCode, sameParticipant } from '../../base/participant-codes.ts'
import type { Distrust, Suspension } from '../keys/objections.ts'
import { scaOf, type TrustedKey } from '../keys/trusted-key.ts'
import type { BatchStore } from '../revocation/gateway/batch-store.ts'
import type { RevocationContent } from '../revocation/revocation-content.ts'
import type { ListEnvironment } from './did-document.ts'
import type { GatewayDownloads } from './gateway-source.ts'

/** Kinds of trust source. */
export const trustSourceKinds = [
  'did-v2',
  'jwks',
  'certificates',
  'distrusted',
  'revocation',
  'gateway',
  'gateway-revocation',
  'issuers',
  'icao-master-list',
  'ldif',
] as const
/** Kind of a trust source. */
export type TrustSourceKind = (typeof trustSourceKinds)[number]

/** One configured trust source. */
export interface TrustSource {
  /** Unique; appears in `issuer.trustList` of replies. */
  name: string
  kind: TrustSourceKind
  /** File, folder, or https URL; of a gateway its id in the configuration. */
  location: string
  /**
   * `did-v2`: file with the pinned signing key (DID document or JWK), or several. `icao-master-list`, `ldif`: certificates of who may
   * sign a master list, or of the authority that issued his.
   */
  key?: string[]
  /** `did-v2`: the DID that the document must have. */
  id?: string
  /**
   * `jwks`, `certificates`: whom all keys are bound to, whatever they say of themselves: an address or a participant. `revocation`: the
   * address of the issuer whose SMART Health Cards the lists are about.
   */
  issuer?: string
  /** Whose keys all are; one that names another participant is left out. */
  participant?: string
  /** Domain and usage of all keys (`certificates`: of those that `trust.json` does not describe). */
  domain?: string
  usage?: string
  /** A key of any list counts only if it stands in this one, too. */
  required?: boolean
  /** `did-v2`, `jwks`: file that stands in for a remote location until it was fetched once. */
  firstCopy?: string
  /**
   * A list that was last confirmed longer ago than this, in seconds, is remarked upon; default a week for remote locations and
   * revocation lists, none for other files.
   */
  maxAgeSeconds?: number
  /** `gateway`, `issuers`: rows that come from other gateways count, too. */
  withFederation?: boolean
  /** `gateway`, `issuers`: files with the trust anchors of those, by the name that rows give them. */
  anchors?: Readonly<Record<string, readonly string[]>>
  /** `gateway`: its rows stand beside those of other gateways, or in their place; default APPEND. */
  mode?: 'APPEND' | 'OVERRIDE'
  /** A list that was last confirmed longer ago than this, in seconds, gives no keys; what it withdraws stays withdrawn. */
  rejectAgeSeconds?: number
  /** How often a server reads the source again, in seconds; without, a file is read at the start alone, and a remote location each hour. */
  refreshSeconds?: number
}

/** Whether a location is asked for over the network. */
export const isUrl = (location: string): boolean => /^https?:/i.test(location)

/** Kinds whose location is a gateway of the configuration. */
const gatewayKinds: readonly TrustSourceKind[] = ['gateway', 'gateway-revocation', 'issuers']

/** Whether the location of a source is the id of a gateway. */
export const isOfGateway = ({ kind }: { kind?: unknown }): boolean => gatewayKinds.some((each) => each === kind)

/** Whether a source is asked for over the network. */
export const isRemote = (source: TrustSource): boolean => isUrl(source.location) || isOfGateway(source)

/** An entry of a list that does not count, and why. */
export interface LeftOut {
  /** Which: usage, key id and participant, or its place in the file. */
  entry: string
  reason: string
  /** The key, where it could be read: a withdrawal that stands in it holds for the same key elsewhere. */
  key?: TrustedKey
}

/** What reading a source yields. */
export interface SourceContent {
  keys: TrustedKey[]
  /** When the list was made, where it says so. */
  created?: string
  /** When each signed document that it is made of was made, by DID: none is ever replaced by an older one. */
  createdOf?: Readonly<Record<string, string>>
  /** Environment of the network that a list of it is of. */
  environment?: ListEnvironment
  /** How many references lead out of the list; they are never followed. */
  foreignReferences?: number
  /** What is unusual about the list as a whole. */
  warnings: string[]
  leftOut: LeftOut[]
  /** Keys about which the source says something that is not understood. They count nowhere. */
  suspended?: Suspension[]
  /** What the source withdraws by name: all that one of kind `distrusted` says, and keys of a JWK set that cannot be read. */
  distrust?: Distrust
  /** `gateway`: the participant that we are there. */
  ownParticipant?: string
  /** Its keys by the part of the source that they come from, for one whose parts can fail one by one. */
  parts?: ReadonlyMap<string, readonly TrustedKey[]>
  /** Revocation lists of credentials. */
  revocation?: RevocationContent
}

/** A source cannot be used, with a reason for the administrator. */
export class UnusableSource extends Error {
  /** Marks it as a message to a person, and no fault of the program. */
  readonly code = 'TRUST_LIST'
  /** Keys about which the source says something that cannot be read. They count nowhere. */
  readonly suspended: Suspension[]
  /** Whether it withdraws keys that are not known, so that none can be told to be good. */
  readonly withdrawsUnknown: boolean

  constructor(message: string, unread: { suspended?: Suspension[]; withdrawsUnknown?: boolean } = {}) {
    super(message)
    this.name = 'UnusableSource'
    this.suspended = unread.suspended ?? []
    this.withdrawsUnknown = unread.withdrawsUnknown ?? false
  }
}

/** A source is not there, or did not arrive whole: nothing new is known of what it says. */
export class UndeliveredSource extends UnusableSource {}

/** What another server answered. */
interface FetchedDocument {
  status: number
  /** By name in lower case. */
  headers: Readonly<Record<string, string>>
  body: Buffer
}

/** How files are read; the network comes behind the same functions. */
export interface TrustReaders {
  /** Bytes of a file. Rejects when there is none. */
  readFile(path: string): Promise<Buffer>
  /** Names in a folder, or undefined when the path is a file. Rejects when there is neither. */
  listFolder(path: string): Promise<string[] | undefined>
  /** When a file was last written; absent or undefined: nobody knows. Rejects when there is no such file. */
  modified?(path: string): Promise<Date | undefined>
  /** GET of an https address through the guarded client; absent when the network is off. Rejects with an error whose message may be told. */
  fetch?(asked: { url: string; headers?: Record<string, string>; maxBytes: number }): Promise<FetchedDocument>
  /**
   * A document of a source that comes otherwise than by file or address: loaded now and kept with the last good copy, or, while the
   * copy is read, what was kept. `place` names it within the source. Rejects when nothing was kept. Use {@link keptDocument}.
   */
  keep?(place: string, load: () => Promise<Buffer>): Promise<Buffer>
  /** What a configured gateway offers; undefined: none of that name is configured. */
  gateway?(id: string): GatewayDownloads | undefined
  /** Where the batches of a source are written down, by its name; absent: nothing outlives the process. */
  batches?(name: string): BatchStore
}

/** A document that comes otherwise than by file or address, kept with the last good copy of its source. */
export const keptDocument = (readers: TrustReaders, place: string, load: () => Promise<Buffer>): Promise<Buffer> =>
  readers.keep ? readers.keep(place, load) : load()

/** How an entry is named to an administrator. */
export function entryName({ usage, keyId, participant, issuer }: TrustedKey): string {
  return `${usage || 'key'} ${keyId} of ${participant || issuer || 'nobody'}`
}

/** Whom the keys of a source are bound to, whatever they say of themselves. */
export interface SourceBinding {
  /** Address of the only issuer. */
  address?: string
  /** Code of the only participant, as configured. */
  participant?: string
  /** Why what an entry says of itself contradicts the configuration; undefined when it does not. */
  fault(entry: { issuer?: string | undefined; participant?: string | undefined }): string | undefined
}

/** The binding of a source: an issuer that is a code is a participant, any other an address. */
export function bindingOf({ issuer, participant }: TrustSource): SourceBinding {
  const isCode = issuer !== undefined && participantCode(issuer) !== undefined
  const code = participant ?? (isCode ? issuer : undefined)
  const address = isCode ? undefined : issuer
  const contradiction = (named: string | undefined, own: string | undefined) =>
    named === undefined || own === undefined || named === own || (own === code && sameParticipant(named, own))
      ? undefined
      : `it names ${named}, and the source is bound to ${own}`
  return {
    ...(address === undefined ? {} : { address }),
    ...(code === undefined ? {} : { participant: participantCode(code) ?? code }),
    fault: (entry) => contradiction(entry.issuer, address ?? code) ?? contradiction(entry.participant, code),
  }
}

/** Why an entry is of another domain or usage than its source is configured with; undefined when it is not. */
export function scopeFault(
  { domain, usage }: Pick<TrustedKey, 'domain' | 'usage'>,
  source: TrustSource,
): string | undefined {
  if (source.domain !== undefined && domain !== source.domain) return `it is of another domain than ${source.domain}`
  if (source.usage !== undefined && usage !== scaOf(source.usage)) return `its usage is another than ${source.usage}`
  return undefined
}
