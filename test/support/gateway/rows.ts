/** What the stand-in stores. Everything is open to tests, which may change a row to one that a gateway should not hold. */
import { createHash, randomUUID, X509Certificate } from 'node:crypto'
import { makeCms } from '../pki/cms.ts'
import type { OnboardingRecord, PkiKey, TestPki } from '../pki/pki.ts'
import { openUpload } from './open-upload.ts'

/** A trusted reference as it is listed. */
export interface ReferenceRow {
  uuid: string
  url: string
  country: string
  type: 'DCC' | 'FHIR'
  service: string
  thumbprint: string | null
  name: string
  sslPublicKey: string | null
  contentType: string
  signatureType: 'CMS' | 'JWS' | 'NONE'
  referenceVersion: string
  domain: string
  /** Never counted up. */
  version: number
  sourceGateway?: string
}

/** A certificate: of a participant's onboarding, or uploaded. */
export interface CertificateRow {
  uuid: string
  group: string
  country: string
  domain: string
  kid: string
  /** DER, base64. */
  certificate: string
  /** CMS over the DER, base64. */
  signature: string
  properties: Record<string, string>
  timestamp: string
  sourceGateway?: string
}

/** A trusted issuer as it is listed. */
export interface IssuerRow {
  uuid: string
  url: string
  type: 'HTTP' | 'DID'
  country: string
  name: string
  domain: string
  keyStorageType: string
  thumbprint: string | null
  sslPublicKey: string | null
  signature: string
  timestamp: string
  sourceGateway?: string
}

/** A batch of revocations. */
export interface BatchRow {
  batchId: string
  country: string
  changed: Date
  isDeleted: boolean
  /** The CMS as uploaded, base64. */
  cms: string
}

/** One version of a rule. */
export interface RuleRow {
  ruleId: string
  country: string
  version: string
  validFrom: string
  validTo: string
  cms: string
}

/** The whole. */
export interface Rows {
  references: ReferenceRow[]
  certificates: CertificateRow[]
  issuers: IssuerRow[]
  batches: BatchRow[]
  rules: RuleRow[]
  /** Raw text by id. */
  valueSets: Map<string, string>
}

/** Groups that the trust anchor signs; the others are signed by the UP of their country. */
const anchored = ['AUTHENTICATION', 'UPLOAD', 'CSCA', 'DECA', 'AUTHENTICATION_FEDERATION']

/** What a certificate is stored as. */
export interface CertificateOptions {
  country?: string
  domain?: string
  kid?: string
  /** Without the certificate inside. */
  isDetached?: boolean
  properties?: Record<string, string>
  sourceGateway?: string
  /** Signs instead of the anchor or the UP. */
  signer?: PkiKey
}

const domainOf = (group: string) => (group === 'DECA' || group === 'DESC' ? 'PH4H' : 'DCC')

/** A row of a certificate, signed as the gateway's groups are. */
export function certificateRow(
  pki: TestPki,
  group: string,
  key: Pick<PkiKey, 'certificate' | 'keyId' | 'country'>,
  options: CertificateOptions = {},
): CertificateRow {
  const country = options.country ?? key.country
  const signer = options.signer ?? (anchored.includes(group) ? pki.anchor : pki.of(country).up)
  const { raw } = key.certificate
  return {
    uuid: randomUUID(),
    group,
    country,
    domain: options.domain ?? domainOf(group),
    kid: options.kid ?? key.keyId,
    certificate: raw.toString('base64'),
    signature: makeCms(raw, signer, { isDetached: options.isDetached ?? false }).toString('base64'),
    properties: options.properties ?? {},
    timestamp: new Date().toISOString(),
    ...(options.sourceGateway ? { sourceGateway: options.sourceGateway } : {}),
  }
}

/**
 * A row of an onboarding record: the anchor's signature is checked when it is loaded.
 * @throws Error for a record that the anchor did not sign as it stands
 */
export async function onboardedRow(pki: TestPki, group: string, record: OnboardingRecord): Promise<CertificateRow> {
  const { trustAnchorSignature: signature, certificateRawData: certificate, country } = record
  const der = Buffer.from(certificate, 'base64')
  const { content, signer } = await openUpload(signature)
  const digest = createHash('sha256').update(der).digest()
  const isGood =
    content.equals(der) &&
    signer.raw.equals(pki.anchor.certificate.raw) &&
    digest.toString('hex') === record.certificateThumbprint &&
    new RegExp(`^C=${country}$`, 'm').test(new X509Certificate(der).subject)
  if (!isGood) throw new Error(`the anchor did not sign this record of ${country} (${group})`)
  return {
    uuid: randomUUID(),
    group,
    country,
    domain: domainOf(group),
    kid: digest.subarray(0, 8).toString('base64'),
    certificate,
    signature,
    properties: {},
    timestamp: new Date().toISOString(),
  }
}

/** Whether that certificate is onboarded for the country in this group. */
export function isOnboarded(rows: Rows, group: string, country: string, der: Uint8Array): boolean {
  const wanted = Buffer.from(der).toString('base64')
  const isIt = (row: CertificateRow) =>
    row.group === group && row.country === country && row.certificate === wanted && row.sourceGateway === undefined
  return rows.certificates.some(isIt)
}
