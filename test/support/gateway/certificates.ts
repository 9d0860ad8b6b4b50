/** Certificates: uploads of participants, and the lists of everybody's. */
import { createHash, randomUUID, X509Certificate } from 'node:crypto'
import {
  type Answer,
  type Asked,
  empty,
  internalError,
  json,
  problem,
  type Refusal,
  report,
  valuesOf,
  wantsFederation,
} from './answer.ts'
import { openUpload } from './open-upload.ts'
import { type CertificateRow, isOnboarded, type Rows } from './rows.ts'

const domains = ['DCC', 'IPS-PILGRIMAGE', 'DICVP', 'PH4H']
const uploadable = ['DSC', 'DESC', 'SIGN', 'AUTH', 'CUSTOM']

const unfit = (details: string): Refusal =>
  problem(
    400,
    '0x004',
    'Possible reasons: Wrong Format, no CMS, not the correct signing alg, certificate not signed by known CA',
    details,
  )

interface Wanted {
  cms: string
  kid?: string
  group: string
  domain: string
  properties: Record<string, string>
}

/** POST /trustedCertificate */
export async function uploadCertificate(rows: Rows, asked: Asked): Promise<Answer> {
  const sent = parseBody(asked)
  if (typeof sent.cms !== 'string') throw internalError()
  const der = await openCertificate(sent.cms, 'n/a', rows, asked)
  if (typeof sent.properties !== 'object' || sent.properties === null) throw internalError()
  const { group = 'DSC', domain = 'DDCC' } = sent
  if (typeof domain !== 'string' || !domains.includes(domain)) throw unfit(`domain ${String(domain)} is not known`)
  if (typeof group !== 'string' || !uploadable.includes(group)) throw unfit(`group ${String(group)} cannot be uploaded`)
  const kid = typeof sent.kid === 'string' ? { kid: sent.kid } : {}
  const properties = sent.properties as Record<string, string>
  return store(rows, asked, der, { cms: sent.cms, group, domain, properties, ...kid })
}

/** POST /signerCertificate: a DSC of the domain DCC. */
export async function uploadSigner(rows: Rows, asked: Asked): Promise<Answer> {
  const cms = asked.body.toString('utf8')
  const der = await openCertificate(cms, '0x003', rows, asked)
  return store(rows, asked, der, { cms, group: 'DSC', domain: 'DCC', properties: {} })
}

function store(rows: Rows, asked: Asked, certificate: X509Certificate, wanted: Wanted): Answer {
  if (!new RegExp(`^C=${asked.country}$`, 'm').test(certificate.subject)) throw unfit('country differs')
  const encoded = certificate.raw.toString('base64')
  if (!isUnderAuthority(rows, asked.country, certificate, wanted.group)) throw unfit('not signed by a known authority')
  if (rows.certificates.some((row) => row.certificate === encoded))
    throw problem(409, '0x002', 'You cant upload an existing certificate.', 'Uploaded certificate already exists')
  const digest = createHash('sha256').update(certificate.raw).digest()
  rows.certificates.push({
    uuid: randomUUID(),
    group: wanted.group,
    country: asked.country,
    domain: wanted.domain,
    kid: wanted.kid ?? digest.subarray(0, 8).toString('base64'),
    certificate: encoded,
    signature: wanted.cms,
    properties: wanted.properties,
    timestamp: new Date().toISOString(),
  })
  return empty(201)
}

/** A DSC must be under an onboarded CSCA of its country, a DESC under a DECA; others need none. */
function isUnderAuthority(rows: Rows, country: string, certificate: X509Certificate, group: string): boolean {
  const authority = { DSC: 'CSCA', DESC: 'DECA' }[group]
  if (!authority) return true
  return rows.certificates
    .filter((row) => row.group === authority && row.country === country)
    .map((row) => new X509Certificate(Buffer.from(row.certificate, 'base64')))
    .some((each) => certificate.checkIssued(each) && certificate.verify(each.publicKey))
}

/** DELETE /trustedCertificate and /signerCertificate */
export async function deleteCertificate(rows: Rows, asked: Asked): Promise<Answer> {
  const certificate = await openCertificate(asked.body.toString('utf8'), '0x003', rows, asked)
  const encoded = certificate.raw.toString('base64')
  const isIt = (row: CertificateRow) =>
    row.certificate === encoded && row.country === asked.country && uploadable.includes(row.group)
  const at = rows.certificates.findIndex(isIt)
  if (at < 0)
    throw problem(
      404,
      '0x005',
      "The certificate doesn't exist in the database.",
      'Uploaded certificate does not exists',
    )
  rows.certificates.splice(at, 1)
  return empty(204)
}

async function openCertificate(cms: string, code: string, rows: Rows, asked: Asked): Promise<X509Certificate> {
  const opened = await openUpload(cms).catch(() => undefined)
  if (!opened) throw problem(400, code, 'Invalid CMS', 'CMS could not be decrypted.')
  if (!isOnboarded(rows, 'UPLOAD', asked.country, opened.signer.raw)) throw unfit('upload certificate is not valid')
  try {
    return new X509Certificate(opened.content)
  } catch {
    throw problem(400, code, 'Invalid CMS', 'The payload is no certificate.')
  }
}

function parseBody({ body, path }: Asked): Record<string, unknown> {
  try {
    const read: unknown = JSON.parse(body.toString('utf8'))
    if (typeof read === 'object' && read !== null && !Array.isArray(read)) return read as Record<string, unknown>
  } catch {
    // said below
  }
  throw report(400, 'Failed to read request', path)
}

/** GET /trustList/certificate */
export function listCertificates(rows: Rows, asked: Asked): Answer {
  const [groups, countries, wanted] = ['group', 'country', 'domain'].map((name) => valuesOf(asked.query, name))
  const withFederation = wantsFederation(asked)
  const fits = (values: string[] = [], value: string) => values.length === 0 || values.includes(value)
  const found = rows.certificates.filter(
    (row) =>
      (withFederation || row.sourceGateway === undefined) &&
      fits(groups, row.group) &&
      fits(countries, row.country) &&
      fits(wanted, row.domain),
  )
  return json(found.map(({ timestamp: _, ...row }) => ({ ...row, version: 1 })))
}

const types = ['AUTHENTICATION', 'UPLOAD', 'CSCA', 'DSC', 'TRUSTANCHOR', 'DECA', 'DESC']

/** GET /trustList[/{type}[/{country}]] */
export function listTrust(rows: Rows, asked: Asked): Answer {
  const [, , type = '', country] = asked.path.split('/').map(decodeURIComponent)
  const wanted = type.toUpperCase()
  if (type !== '' && !types.includes(wanted))
    throw report(400, `Failed to convert 'type' with value: '${type}'`, asked.path)
  if (country !== undefined && country.length !== 2)
    throw problem(400, '0x001', 'Validation Error', 'country: size must be between 2 and 2')
  if (wanted === 'DECA' || wanted === 'DESC') throw internalError()
  const found = rows.certificates.filter(
    (row) =>
      row.sourceGateway === undefined &&
      ['AUTHENTICATION', 'UPLOAD', 'CSCA', 'DSC', 'TRUSTANCHOR'].includes(row.group) &&
      (wanted === '' || row.group === wanted) &&
      (country === undefined || row.country === country.toUpperCase()),
  )
  return json(
    found.map((row) => ({
      kid: row.kid,
      timestamp: row.timestamp,
      country: row.country,
      certificateType: row.group,
      thumbprint: createHash('sha256').update(Buffer.from(row.certificate, 'base64')).digest('hex'),
      signature: row.signature,
      rawData: row.certificate,
    })),
  )
}

/** GET /countrylist */
export function listCountries(rows: Rows): Answer {
  const own = rows.certificates.filter(({ group, sourceGateway }) => group === 'AUTHENTICATION' && !sourceGateway)
  return json([...new Set(own.map(({ country }) => country))].sort())
}

/** GET /trustList/issuers */
export function listIssuers(rows: Rows, asked: Asked): Answer {
  const [countries, wanted] = ['country', 'domain'].map((name) => valuesOf(asked.query, name))
  const withFederation = wantsFederation(asked)
  const fits = (values: string[] = [], value: string) => values.length === 0 || values.includes(value)
  return json(
    rows.issuers.filter(
      (row) =>
        (withFederation || row.sourceGateway === undefined) && fits(countries, row.country) && fits(wanted, row.domain),
    ),
  )
}
