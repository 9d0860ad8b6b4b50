import type { X509Certificate } from 'node:crypto'
import path from 'node:path'
import { participantCode } from '../../base/participant-codes.ts'
import { type ChainEntry, checkChains, subjectCountries } from '../keys/chain.ts'
import {
  certificateMembers,
  derivedKeyId,
  keyFault,
  readCertificate,
  scaOf,
  type TrustedKey,
} from '../keys/trusted-key.ts'
import { parseJson } from './did-source.ts'
import { CERTIFICATE_FILE, SIDECAR, strangersIn } from './folder-entries.ts'
import { readSidecar, type Sidecar, type SidecarEntry } from './sidecar.ts'
import {
  bindingOf,
  entryName,
  type SourceContent,
  type TrustReaders,
  type TrustSource,
  UnusableSource,
} from './trust-source.ts'

/**
 * Reads a `certificates` source: a folder or a file of PEM or DER certificates. The sidecar `trust.json`
 * `[{file, keyId?, participant, domain, usage, status?, from?, until?}]` in the same folder says what each is for; without an
 * entry the source's own domain and usage hold, else the usage DSC or SCA. The participant is the configured one, else the
 * entry's, else the subject's country; an entry that contradicts the configuration is left out. What else stands in the folder and
 * may be a sidecar under another name makes the source unusable and suspends its certificates.
 */
export async function readCertificatesSource(source: TrustSource, readers: TrustReaders): Promise<SourceContent> {
  const files = await readCertificateFiles(source, readers)
  const sidecar = await readSidecarOf(files, source, readers)
  const content: SourceContent = { keys: [], warnings: [], leftOut: [] }
  for (const file of new Set(sidecar.map((entry) => entry.file))) {
    if (files.isFolder && !files.certificates.has(file)) content.warnings.push(`${file} is missing`)
  }
  for (const [file, certificates] of files.certificates) {
    if (certificates.length === 0) content.warnings.push(`${file} holds no readable certificate`)
    else if (files.broken.has(file)) content.warnings.push(`${file} holds a certificate that cannot be read`)
  }
  const candidates = candidateKeys(files, sidecar, source)
  if (candidates.length === 0) throw new UnusableSource(`${source.location} holds no certificate`)
  const sound: TrustedKey[] = []
  for (const { key, fault } of candidates) {
    if (fault === undefined) sound.push(key)
    else content.leftOut.push({ entry: entryName(key), reason: fault, key })
  }
  return addChained(content, sound)
}

interface CertificateFiles {
  folder: string
  /** Whether every certificate of the folder is meant, or one file. */
  isFolder: boolean
  hasSidecar: boolean
  /** One text for each entry of the folder that may be a sidecar under another name. */
  strangers: string[]
  /** By file name; empty for a file that holds none, or cannot be read. */
  certificates: Map<string, X509Certificate[]>
  /** Files of which not every certificate could be read. */
  broken: Set<string>
}

async function readCertificateFiles(source: TrustSource, readers: TrustReaders): Promise<CertificateFiles> {
  const inside = await readers.listFolder(source.location)
  const folder = inside ? source.location : path.dirname(source.location)
  const names = inside ?? (await readers.listFolder(folder)) ?? []
  const chosen = inside?.filter((name) => CERTIFICATE_FILE.test(name)).sort() ?? [path.basename(source.location)]
  const files: CertificateFiles = {
    folder,
    isFolder: inside !== undefined,
    hasSidecar: names.includes(SIDECAR),
    strangers: strangersIn(names, inside !== undefined),
    certificates: new Map(),
    broken: new Set(),
  }
  for (const file of chosen) {
    const bytes = readers.readFile(path.join(folder, file))
    // In a folder, one file that cannot be read is reported with those that hold no certificate.
    const read = splitCertificates(await (inside ? bytes.catch(() => Buffer.alloc(0)) : bytes))
    const readable = read.filter((each) => each !== undefined)
    files.certificates.set(file, readable)
    if (readable.length < read.length) files.broken.add(file)
  }
  return files
}

/** All certificates of a PEM bundle, or the one of a DER file; undefined for each that cannot be read. */
export function splitCertificates(bytes: Buffer): (X509Certificate | undefined)[] {
  const blocks = bytes.toString('latin1').split('-----BEGIN CERTIFICATE-----').slice(1)
  return blocks.length === 0 ? [readCertificate(bytes)] : blocks.map((each) => readCertificate(pemOf(each)))
}

const pemOf = (block: string): string => `-----BEGIN CERTIFICATE-----${block}`

/** A folder that was meant for something else has hundreds of them: three tell the operator which folder it is. */
function firstOf(strangers: readonly string[], most = 3): string[] {
  const rest = strangers.length - most
  return [...strangers.slice(0, most), ...(rest > 0 ? [`and so with ${rest} more`] : [])]
}

/**
 * The sidecar's entries. One that is not understood to the last member makes the source unusable and suspends its certificates: no
 * list may tell that they are good, since the sidecar may have said that they are not. So does one that withdraws a certificate
 * that is not there: which key it means is unknown, and none can be told to be good. An entry of the folder that may be a sidecar
 * under another name counts as one that is not understood.
 */
async function readSidecarOf(
  files: CertificateFiles,
  source: TrustSource,
  readers: TrustReaders,
): Promise<SidecarEntry[]> {
  const { entries, problems, unread } = files.hasSidecar
    ? await parseSidecar(files, readers)
    : { entries: [], problems: [], unread: [] }
  const isAbsent = (file: string) => files.broken.has(file) || (files.isFolder && !files.certificates.get(file)?.length)
  const lost = entries.filter(({ file, status }) => status !== 'current' && isAbsent(file))
  for (const { file, status } of lost) {
    problems.push(`${file} is ${status} and cannot be read; name its thumbprint in a distrusted list`)
  }
  if (problems.length === 0 && files.strangers.length === 0) return entries
  const reason = `${source.name}: what ${SIDECAR} says of it cannot be read`
  const suspended = [...files.certificates.values()]
    .flat()
    .map((each) => ({ key: keyOf(each, undefined, source), reason }))
  const ofSidecar = problems.length > 0 ? [`${SIDECAR}: ${problems.join('; ')}`] : []
  throw new UnusableSource([...ofSidecar, ...firstOf(files.strangers)].join('; '), {
    suspended,
    withdrawsUnknown: lost.length > 0 || unread.some(isAbsent),
  })
}

async function parseSidecar(files: CertificateFiles, readers: TrustReaders): Promise<Sidecar> {
  try {
    return readSidecar(parseJson(await readers.readFile(path.join(files.folder, SIDECAR)), SIDECAR))
  } catch (error) {
    if (!(error instanceof Error)) throw error
    return { entries: [], problems: [error.message], unread: [] }
  }
}

/** One key per certificate and entry: a certificate may be described for two domains. */
function candidateKeys({ certificates }: CertificateFiles, entries: SidecarEntry[], source: TrustSource) {
  return [...certificates].flatMap(([file, found]) => {
    const own = entries.filter((entry) => entry.file === file)
    return found.flatMap((certificate) =>
      (own.length > 0 ? own : [undefined]).map((entry) => {
        const key = keyOf(certificate, entry, source)
        return { key, fault: bindingOf(source).fault(entry ?? {}) ?? keyFault(key.publicKey) }
      }),
    )
  })
}

function keyOf(certificate: X509Certificate, entry: Partial<SidecarEntry> = {}, source: TrustSource): TrustedKey {
  const { address, participant: bound } = bindingOf(source)
  const participant = bound ?? entry.participant ?? subjectCountries(certificate)[0] ?? ''
  const { from, until } = entry
  return {
    ...certificateMembers(certificate),
    keyId: entry.keyId ?? derivedKeyId(certificate),
    participant: participantCode(participant) ?? participant.toUpperCase(),
    ...(address === undefined ? {} : { issuer: address }),
    domain: entry.domain ?? source.domain ?? '',
    usage: entry.usage ?? scaOf(source.usage ?? (certificate.ca ? 'SCA' : 'DSC')),
    chain: [],
    ...(from && from > certificate.validFromDate ? { validFrom: from } : {}),
    ...(until && until < certificate.validToDate ? { validTo: until } : {}),
    lists: [source.name],
    status: entry.status ?? 'current',
    warnings: [],
  }
}

async function addChained(content: SourceContent, keys: TrustedKey[]): Promise<SourceContent> {
  const entries = keys.flatMap((key): ChainEntry[] =>
    key.certificate ? [{ ...key, certificate: key.certificate }] : [],
  )
  const { verdicts, warnings } = await checkChains(entries, 'local')
  for (const [at, key] of keys.entries()) {
    const { fault, warning } = verdicts[at] ?? {}
    const isUnbound = key.participant === '' && key.issuer === undefined
    const unbound = isUnbound
      ? `${entryName(key)}: it names no participant, and serves every country by its key id`
      : undefined
    if (fault !== undefined) content.leftOut.push({ entry: entryName(key), reason: fault, key })
    else content.keys.push({ ...key, warnings: [warning, unbound].filter((each) => each !== undefined) })
  }
  content.warnings.push(...warnings)
  return content
}
