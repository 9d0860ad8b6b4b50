import type { X509Certificate } from 'node:crypto'
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import type { Path } from '../../base/yaml.ts'
import { checkResource } from '../../fhir/check/resource.ts'
import { CREDENTIALS_V1 } from '../../json-ld/credential-contexts.ts'
import { type DemoIssuer, demoCardIssuer, demoCountry, demoDivocIssuer, demoDivocMethod } from '../demo-issuer.ts'
import { issueDivoc, VACCINATION_V2 } from '../issue-divoc.ts'
import { hcertClaims, issueHcert } from '../issue-hcert.ts'
import { issueSeal } from '../issue-icao-vds-nc.ts'
import { issueCard } from '../issue-shc.ts'
import { markers } from './mark.ts'
import { type Description, DescriptionError, type ReadDescription } from './read-description.ts'
import type { IssuedFormat } from './shapes.ts'

/** What a credential is issued with. */
export interface Issuing {
  issuer: DemoIssuer
  now: Date
}

/** A description with its times, its content marked as a test. */
interface Issued {
  issuedAt: Date
  expires: Date
  content: JsonObject
}

const DAY_MILLISECONDS = 86_400_000
/** So long does a test credential last whose description does not say it. */
const USUAL_DAYS = 180

/**
 * The text of the credential that a description asks for, signed by a test issuer, with TEST in it.
 * @throws DescriptionError for what cannot be issued as it is described
 */
export async function issueDescription(read: ReadDescription, { issuer, now }: Issuing): Promise<string> {
  const { description } = read
  const { format, issuedAt = now } = description
  const expires = description.expires ?? usualExpiry(issuedAt, issuer.certificate)
  const problems = [
    ...periodProblems(read, { issuedAt, expires, certificate: issuer.certificate }),
    ...(format === 'shc' ? resourceProblems(read) : []),
  ]
  if (problems.length > 0) throw new DescriptionError(problems)
  return writers[format]({ issuedAt, expires, content: markers[format](description.content) }, issuer)
}

function usualExpiry(issuedAt: Date, { validToDate }: X509Certificate): Date {
  return new Date(Math.min(issuedAt.getTime() + USUAL_DAYS * DAY_MILLISECONDS, validToDate.getTime()))
}

function periodProblems(
  { placeOf, description }: ReadDescription,
  { issuedAt, expires, certificate }: { issuedAt: Date; expires: Date; certificate: X509Certificate },
): string[] {
  const { validFromDate: from, validToDate: until } = certificate
  const problems: string[] = []
  const say = (member: keyof Description, problem: string) => problems.push(`${placeOf([member])}: ${problem}`)
  if (issuedAt < from) say('issuedAt', `issuedAt is before the signer's certificate begins (${from.toISOString()})`)
  if (issuedAt > until) say('issuedAt', `issuedAt is after the signer's certificate ends (${until.toISOString()})`)
  if (expires > until) say('expires', `expires is after the signer's certificate ends (${until.toISOString()})`)
  if (expires <= issuedAt) say('expires', 'expires is not after issuedAt')
  const lasts = ['icao-vds-nc']
  if (description.expires && lasts.includes(description.format)) say('expires', 'a seal does not expire')
  return problems
}

/** Faults of FHIR R4, with their places. */
function resourceProblems({ placeOf, description }: ReadDescription): string[] {
  const { resources } = description.content
  if (!Array.isArray(resources)) return [`${placeOf(['content'])}: resources is missing, or is no list`]
  return resources.flatMap((resource, at) =>
    checkResource(resource).map(({ expression, details, diagnostics, code }) => {
      const steps = stepsOf(expression?.[0] ?? '')
      return `${placeOf(['content', 'resources', at, ...steps])}: ${details?.text ?? diagnostics ?? code}`
    }),
  )
}

/** Steps of an expression like `Patient.name[0].family`, without the type. */
function stepsOf(expression: string): Path {
  const steps = expression.replace(/^[A-Za-z]+\.?/, '').match(/[^.[\]]+/g) ?? []
  return steps.map((step) => (/^\d+$/.test(step) ? Number(step) : step))
}

const seconds = (date: Date): number => Math.floor(date.getTime() / 1000)

const hcert =
  (key: number) =>
  async ({ issuedAt, expires, content }: Issued, { privateKey, keyId }: DemoIssuer): Promise<string> => {
    const times = { issuer: demoCountry, issuedAt: seconds(issuedAt), expires: seconds(expires) }
    const payload = hcertClaims({ ...times, certificate: [key, content] })
    return issueHcert(payload, { privateKey, keyId, algorithm: 'ES256' })
  }

/** A link with its label, in place of the content. */
const linkText = (scheme: string, content: JsonObject, expires: Date): string => {
  const payload = { ...content, exp: content.exp ?? seconds(expires) }
  return `${scheme}:/${Buffer.from(JSON.stringify(payload)).toString('base64url')}`
}

async function card({ issuedAt, expires, content }: Issued, issuer: DemoIssuer): Promise<string> {
  const { privateKey, certificate } = issuer
  const resources = Array.isArray(content.resources) ? content.resources : []
  const entry = resources.map((resource: Json, at) => ({ fullUrl: `resource:${at}`, resource }))
  const types = ['health-card', ...(Array.isArray(content.types) ? content.types : [])]
  const bundle = { resourceType: 'Bundle', type: 'collection', entry }
  const payload: JsonObject = {
    iss: demoCardIssuer,
    nbf: seconds(issuedAt),
    exp: seconds(expires),
    vc: {
      type: types.map((type) => `https://smarthealth.cards#${type}`),
      credentialSubject: { fhirVersion: '4.0.1', fhirBundle: bundle },
      ...(content.rid === undefined ? {} : { rid: content.rid }),
    },
  }
  const [text = ''] = issueCard(payload, { privateKey, publicKey: certificate.publicKey })
  return text
}

async function divoc({ issuedAt, expires, content }: Issued, { divocKey }: DemoIssuer): Promise<string> {
  const { credentialSubject, ...rest } = content
  const document: JsonObject = {
    '@context': [CREDENTIALS_V1, VACCINATION_V2],
    type: ['VerifiableCredential', 'ProofOfVaccinationCredential'],
    credentialSubject: isJsonObject(credentialSubject) ? { type: 'Person', ...credentialSubject } : {},
    issuer: demoDivocIssuer,
    issuanceDate: issuedAt.toISOString(),
    expirationDate: expires.toISOString(),
    ...rest,
  }
  return issueDivoc(document, { privateKey: divocKey, method: demoDivocMethod })
}

async function seal({ content }: Issued, { seal: { privateKey, certificate } }: DemoIssuer): Promise<string> {
  const type = 've' in content ? 'icao.vacc' : 'icao.test'
  return issueSeal(
    { hdr: { t: type, v: 1, is: demoCountry }, msg: content },
    { privateKey, certificate: certificate.raw },
  )
}

const writers: Record<IssuedFormat, (issued: Issued, issuer: DemoIssuer) => Promise<string>> = {
  'hcert-dcc': hcert(1),
  'hcert-ddcc-vs': hcert(3),
  'hcert-ddcc-tr': hcert(4),
  'hcert-dvc': hcert(-6),
  'hcert-icvp': hcert(-6),
  'hcert-link': async (issued, { privateKey, keyId }) => {
    const { issuedAt, expires, content } = issued
    const times = { issuer: demoCountry, issuedAt: seconds(issuedAt), expires: seconds(expires) }
    const payload = hcertClaims({ ...times, certificate: [5, linkText('vhlink', content, expires)] })
    return issueHcert(payload, { privateKey, keyId, algorithm: 'ES256' })
  },
  'smart-health-link': async ({ content, expires }) => linkText('shlink', content, expires),
  shc: card,
  divoc,
  'icao-vds-nc': seal,
}
