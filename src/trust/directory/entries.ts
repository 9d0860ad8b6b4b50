import type { X509Certificate } from 'node:crypto'
import { authorityKeyIdentifier, subjectKeyIdentifier } from '../../base/crypto/x509.ts'
import { type ChainEntry, checkChains, isSignedBy } from '../keys/chain.ts'
import type { KeyIndex } from '../keys/key-index.ts'
import { keyFault, type TrustedKey } from '../keys/trusted-key.ts'
import type { ListEnvironment } from '../lists/did-document.ts'
import { entryName } from '../lists/trust-source.ts'
import { makeTurns } from '../turns.ts'
import { publicJwk } from './public-jwk.ts'

/** A key that the directory publishes. */
export interface DirectoryEntry {
  keyId: string
  participant: string
  domain: string
  /** `SCA`, `DSC`, `DECA`, `DESC`, or `UP`. */
  usage: string
  thumbprint: string
  /** Leaf first, up to the authority of its participant. */
  certificates: X509Certificate[]
  /** DID of the list that it comes from, where that is known. */
  source?: string
  /** Names of the lists that vouch for it. */
  lists: readonly string[]
  validFrom: Date
  validTo: Date
}

/** A key that the directory does not publish, and why. */
export interface NotPublished {
  entry: string
  reason: string
}

/** What the directory knows of a trust source. */
export interface DirectorySource {
  name: string
  kind: string
  /** DID of the list, where it is one. */
  did?: string | undefined
  /** Its keys by thumbprint, each with the DIDs of the lists that it took it from. */
  origins?: ReadonlyMap<string, readonly string[]>
  /** Environment of the network that it is of, where it says so. */
  environment?: ListEnvironment | undefined
}

/** The keys of an index that are published, and those that are not. */
export interface Selection {
  entries: DirectoryEntry[]
  notPublished: NotPublished[]
  /** When the selection changes by itself: a key ends, or one whose list lets it begin later begins. */
  changesAt?: Date
}

/** What decides which keys are published, beside the index. */
export interface SelectionRules {
  now: Date
  sources: readonly DirectorySource[]
  /** DID of the directory itself: what comes from it is not given back as if somebody else had said it. */
  did: string
  /** Environment of the directory: keys of a test network are not published as those of the network. */
  environment: ListEnvironment
}

/** The sentence with which a key without certificate is refused. */
const BARE_JWK =
  'a bare JWK is refused: raw keys only inside a certificate under an SCA of the participant with usage 2022.1.20, 2022.1.21 or 2022.1.22'

/** Kind of source that upload keys are republished from: only there the anchor of a gateway vouches for them. */
const GATEWAY = 'gateway'
/** A code as a level of an address: nothing that a path or the wildcard means otherwise. */
const LEVEL = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/
const LONGEST_KEY_ID = 256
/** Signers and their authorities, and the usages under which the check of chains knows them. */
const CHAINED = [
  { authority: 'SCA', signer: 'DSC' },
  { authority: 'DECA', signer: 'DESC' },
]
/**
 * Chooses what is published of the keys that count: authorities, signers that verify under a listed authority of their participant, and
 * upload keys of gateways. Not what is revoked, terminated, expired or distrusted, and no bare key. A key whose certificate begins later
 * is published ahead, so that verifiers have it on its first day; one that its list lets begin later than its certificate is not, since
 * a list cannot say so.
 */
export async function selectEntries(
  index: Pick<KeyIndex, 'find' | 'leftOut'>,
  rules: SelectionRules,
): Promise<Selection> {
  const selection: Selection = { entries: [], notPublished: [] }
  const leaveOut = (key: TrustedKey, reason: string) => selection.notPublished.push({ entry: entryName(key), reason })
  for (const { key, reason } of index.leftOut) leaveOut(key, reason)
  const changes: Date[] = []
  const sound: Candidate[] = []
  const seen = new Map<string, string>()
  const turn = makeTurns()
  // `find` leaves out the keys of lists that are too old to count.
  for (const key of index.find({})) {
    await turn()
    const candidate = candidateOf(key, rules)
    changes.push(...changesOf(key, rules.now))
    if (typeof candidate === 'string') leaveOut(key, candidate)
    else if (seen.has(placeOf(key)))
      leaveOut(key, `the same certificate is published under the key id ${seen.get(placeOf(key))}`)
    else {
      seen.set(placeOf(key), key.keyId)
      sound.push(candidate)
    }
  }
  const chained = await withChains(sound)
  for (const { key, entry } of chained) {
    if (typeof entry === 'string') leaveOut(key, entry)
    else selection.entries.push(entry)
  }
  selection.entries.sort(byOrder)
  const [next] = changes.sort((a, b) => a.getTime() - b.getTime())
  return { ...selection, ...(next ? { changesAt: next } : {}) }
}

/** One certificate stands once for a participant, domain and usage, whatever key ids lists give it. */
const placeOf = ({ thumbprint, participant, domain, usage }: TrustedKey): string =>
  [thumbprint, participant, domain, usage].join('|')

interface Candidate {
  key: TrustedKey
  certificate: X509Certificate
  source?: string
}

/** A key that may be published if its chain holds, or why it may not. */
function candidateOf(key: TrustedKey, rules: SelectionRules): Candidate | string {
  const { certificate } = key
  if (!certificate) return BARE_JWK
  const fault = statusFault(key, rules.now) ?? formFault(key) ?? keyFault(certificate.publicKey)
  if (fault !== undefined) return fault
  if (!publicJwk(certificate.publicKey)) return 'a list holds keys on elliptic curves and RSA keys alone'
  const sources = rules.sources.filter(({ name }) => key.lists.includes(name))
  const foreign = sources.filter((source) => vouches(source, key, rules))
  if (sources.length > 0 && foreign.length === 0) return ONLY_HANDED_ON
  const here = foreign.filter(({ environment = rules.environment }) => environment === rules.environment)
  const [another] = foreign
  if (another && here.length === 0)
    return `it is on a list of the environment ${another.environment} alone, and the directory is of ${rules.environment}`
  if (key.usage === 'UP' && !here.some(({ kind }) => kind === GATEWAY))
    return 'upload keys are republished from a gateway alone'
  const source = here.flatMap((each) => originsIn(each, key)).at(0)
  return { key, certificate, ...(source === undefined ? {} : { source }) }
}

const ONLY_HANDED_ON =
  'its lists only hand on what this directory says, or what a list says that is read here and no longer has it'

/** The lists that a source took a key from: where it does not say, itself. */
function originsIn({ did, origins }: DirectorySource, { thumbprint }: TrustedKey): string[] {
  const known = origins?.get(thumbprint) ?? []
  return known.length > 0 ? [...known] : did === undefined ? [] : [did]
}

/**
 * Whether a source vouches for a key itself. What it took from this directory, or from a list that is a source here too, is that
 * one's to say: two directories that read each other would else keep alive what its own list withdrew.
 */
function vouches(source: DirectorySource, key: TrustedKey, { sources, did: own }: SelectionRules): boolean {
  if (source.did !== undefined && isWithin(source.did, own)) return false
  const origins = originsIn(source, key)
  if (origins.length === 0) return true
  const others = sources.filter((each) => each !== source).flatMap(({ did }) => did ?? [])
  return origins.some(
    (origin) => isWithin(origin, source.did) || ![own, ...others].some((did) => isWithin(origin, did)),
  )
}

const isWithin = (did: string, own: string | undefined): boolean =>
  own !== undefined && (did === own || did.startsWith(`${own}:`))

function statusFault({ status, validFrom, validTo, certificate }: TrustedKey, now: Date): string | undefined {
  if (status !== 'current') return `it is ${status}`
  if (!validTo || validTo < now) return 'it is expired'
  if (!certificate || !validFrom) return BARE_JWK
  const isLater = validFrom > now && validFrom > certificate.validFromDate
  return isLater ? 'its list lets it begin later than its certificate says' : undefined
}

function formFault({ participant, domain, usage, keyId, issuer, certificate }: TrustedKey): string | undefined {
  const isUpload = usage === 'UP'
  if (issuer !== undefined) return 'it is bound to the address of an issuer, which a list cannot say'
  if (participant === '') return 'it names no participant'
  if (usage === '') return 'it names no usage'
  if (!isUpload && !CHAINED.some(({ authority, signer }) => usage === authority || usage === signer))
    return `keys of usage ${usage} are not published`
  if (!LEVEL.test(participant)) return 'its participant is no code'
  if (domain === '' ? !isUpload : !LEVEL.test(domain))
    return domain === '' ? 'it names no domain: configure the domain of its source' : 'its domain is no code'
  if (keyId === '' || keyId.length > LONGEST_KEY_ID || !keyId.isWellFormed()) return 'its key id is empty or too long'
  if (certificate?.ca && CHAINED.every(({ authority }) => usage !== authority) && !isUpload)
    return 'it is a certificate authority, listed as a signer'
  return undefined
}

/** When a key that is in now will be out, or the other way round. */
function changesOf({ validFrom, validTo }: TrustedKey, now: Date): Date[] {
  const ends = validTo && new Date(validTo.getTime() + 1)
  return [validFrom, ends].filter((each) => each !== undefined).filter((each) => each > now)
}

/** The entry of each candidate, or why its chain does not hold. */
async function withChains(candidates: Candidate[]): Promise<{ key: TrustedKey; entry: DirectoryEntry | string }[]> {
  const made: { key: TrustedKey; entry: DirectoryEntry | string }[] = []
  for (const { authority, signer } of CHAINED) {
    const group = candidates.filter(({ key: { usage } }) => usage === authority || usage === signer)
    const { verdicts } = await checkChains(
      group.map(
        ({ key, certificate }): ChainEntry => ({
          participant: key.participant,
          usage: key.usage === authority ? 'SCA' : 'DSC',
          certificate,
        }),
      ),
      'network',
    )
    const authorities = group.filter(({ key }, at) => key.usage === authority && verdicts[at]?.fault === undefined)
    const turn = makeTurns()
    for (const [at, candidate] of group.entries()) {
      await turn()
      const fault = verdicts[at]?.fault?.replaceAll('SCA', authority)
      const above = candidate.key.usage === signer ? authorityOf(candidate, authorities) : undefined
      made.push({ key: candidate.key, entry: fault ?? entryOf(candidate, above) })
    }
  }
  const uploads = candidates.filter(({ key }) => key.usage === 'UP')
  return [...made, ...uploads.map((each) => ({ key: each.key, entry: entryOf(each, undefined) }))]
}

/** The authority that signed a certificate whose chain was found to hold. */
function authorityOf({ key, certificate }: Candidate, authorities: Candidate[]): X509Certificate | undefined {
  const named = authorityKeyIdentifier(certificate.raw)
  return authorities
    .filter((each) => each.key.participant === key.participant && each.certificate.subject === certificate.issuer)
    .map((each) => each.certificate)
    .find((authority) => {
      const own = subjectKeyIdentifier(authority.raw)
      return (!named || !own || Buffer.from(named).equals(own)) && isSignedBy(certificate, authority)
    })
}

function entryOf({ key, certificate, source }: Candidate, authority: X509Certificate | undefined): DirectoryEntry {
  const { keyId, participant, domain, usage, thumbprint, lists } = key
  return {
    keyId,
    participant,
    domain,
    usage,
    thumbprint,
    lists,
    certificates: authority ? [certificate, authority] : [certificate],
    ...(source === undefined ? {} : { source }),
    validFrom: certificate.validFromDate,
    validTo: certificate.validToDate,
  }
}

/** The order of a document does not depend on the order of the lists: the same keys are the same bytes. */
function byOrder(a: DirectoryEntry, b: DirectoryEntry): number {
  const [one, other] = [a, b].map(orderOf)
  return one === other ? 0 : (one ?? '') < (other ?? '') ? -1 : 1
}

const orderOf = ({ keyId, participant, domain, usage, thumbprint }: DirectoryEntry): string =>
  [keyId, participant, domain, usage, thumbprint].join('\n')
