import type { X509Certificate } from 'node:crypto'
import path from 'node:path'
import { isJsonObject } from '../fhir/json-object.ts'
import type { JsonObject } from '../fhir/types.ts'
import { checkChains } from './chain.ts'
import { parseJson } from './did-source.ts'
import { participantCode } from './participant-codes.ts'
import { type SourceContent, type TrustReaders, type TrustSource, UnusableSource } from './trust-source.ts'
import { certificateMembers, derivedKeyId, readCertificate, type TrustedKey } from './trusted-key.ts'

const SIDECAR = 'trust.json'
const CERTIFICATE_FILE = /\.(pem|der|cer|crt)$/i

/**
 * Reads a `certificates` source: a folder or a file of PEM or DER certificates. The sidecar `trust.json`
 * `[{file, keyId?, participant, domain, usage, status?, from?, until?}]` in the same folder says what each is for; without an
 * entry the source's own participant, domain and usage hold, else the subject's country and the usage DSC or SCA.
 */
export async function readCertificatesSource(source: TrustSource, readers: TrustReaders): Promise<SourceContent> {
  const names = await readers.listFolder(source.location)
  const folder = names ? source.location : path.dirname(source.location)
  const files = names ? names.filter((name) => CERTIFICATE_FILE.test(name)).sort() : [path.basename(source.location)]
  const entries = await readSidecar(folder, readers, names)
  const warnings = [...entries.keys()]
    .filter((file) => names && !files.includes(file))
    .map((file) => `${file} is missing`)
  const keys: TrustedKey[] = []
  for (const file of files) {
    const certificates = splitCertificates(await readers.readFile(path.join(folder, file)))
    if (certificates.length === 0) warnings.push(`${file} holds no readable certificate`)
    for (const certificate of certificates) keys.push(keyOf(certificate, entries.get(file) ?? {}, source))
  }
  if (keys.length === 0) throw new UnusableSource(`${source.location} holds no certificate`)
  const chained = checkChains(keys)
  return { keys: chained.keys, warnings: [...warnings, ...chained.refused] }
}

async function readSidecar(
  folder: string,
  readers: TrustReaders,
  names: string[] | undefined,
): Promise<Map<string, JsonObject>> {
  const present = names ?? (await readers.listFolder(folder)) ?? []
  if (!present.includes(SIDECAR)) return new Map()
  const json = parseJson(await readers.readFile(path.join(folder, SIDECAR)), SIDECAR)
  const entries = Array.isArray(json) ? json.filter(isJsonObject) : []
  if (!Array.isArray(json) || entries.length < json.length || entries.some(({ file }) => typeof file !== 'string')) {
    throw new UnusableSource(
      `${SIDECAR} must be a list of {file, keyId?, participant, domain, usage, status?, from?, until?}`,
    )
  }
  return new Map(entries.map((entry) => [String(entry.file), entry]))
}

/** All certificates of a PEM bundle, or the one of a DER file. */
function splitCertificates(bytes: Buffer): X509Certificate[] {
  const text = bytes.toString('latin1')
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g)
  return (blocks ?? [bytes]).map(readCertificate).filter((each) => each !== undefined)
}

function keyOf(certificate: X509Certificate, entry: JsonObject, source: TrustSource): TrustedKey {
  const text = (member: string): string | undefined => {
    const value = entry[member]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const participant = text('participant') ?? source.participant ?? subjectCountry(certificate)
  const usage = text('usage') ?? source.usage ?? (certificate.ca ? 'SCA' : 'DSC')
  const status = (['current', 'terminated', 'revoked', 'expired'] as const).find((each) => each === entry.status)
  const from = date(text('from'))
  const until = date(text('until'))
  return {
    ...certificateMembers(certificate),
    keyId: text('keyId') ?? derivedKeyId(certificate),
    participant: participantCode(participant) ?? participant.toUpperCase(),
    domain: text('domain') ?? source.domain ?? '',
    usage: usage === 'CSCA' ? 'SCA' : usage,
    chain: [],
    ...(from && from > certificate.validFromDate ? { validFrom: from } : {}),
    ...(until && until < certificate.validToDate ? { validTo: until } : {}),
    lists: [source.name],
    status: status ?? 'current',
    warnings: [],
  }
}

function date(text: string | undefined): Date | undefined {
  const value = text === undefined ? undefined : new Date(text)
  return value && !Number.isNaN(value.getTime()) ? value : undefined
}

/** `C` of the subject; empty when it has none. */
function subjectCountry(certificate: X509Certificate): string {
  return /^C=(.+)$/m.exec(certificate.subject)?.[1]?.trim() ?? ''
}
