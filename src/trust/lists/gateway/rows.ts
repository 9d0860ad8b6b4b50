import type { X509Certificate } from 'node:crypto'
import type { Json, JsonObject } from '../../../base/json-value.ts'
import { participantCode } from '../../../base/participant-codes.ts'
import { subjectCountries } from '../../keys/chain.ts'
import { certificateMembers, derivedKeyId, keyFault, type TrustedKey } from '../../keys/trusted-key.ts'
import { readExactCertificate } from '../../messages/open-messages.ts'
import { entryName, type LeftOut } from '../trust-source.ts'

/** What the groups of a gateway's rows are, and who signs a row of each: the gateway's trust anchor, or the country's upload certificate. */
const GROUPS: Readonly<Record<string, { usage: string; signedBy: 'anchor' | 'upload' }>> = {
  AUTHENTICATION: { usage: 'TLS', signedBy: 'anchor' },
  UPLOAD: { usage: 'UP', signedBy: 'anchor' },
  CSCA: { usage: 'SCA', signedBy: 'anchor' },
  DECA: { usage: 'DECA', signedBy: 'anchor' },
  DSC: { usage: 'DSC', signedBy: 'upload' },
  DESC: { usage: 'DESC', signedBy: 'upload' },
}

/** A row of a gateway's trust list that is in itself as it should be; its signature has not been looked at. */
export interface GatewayRow {
  key: TrustedKey & { certificate: X509Certificate }
  /** Alpha-2, as listed. */
  country: string
  signedBy: 'anchor' | 'upload'
  /** Base64 of CMS. */
  message: string
  /** The gateway that it comes from; undefined: the one that listed it. */
  sourceGateway: string | undefined
}

/** Longest texts of a row: a certificate of 8 kB, a message with two of them. */
const CERTIFICATE_CHARACTERS = 16_384
const MESSAGE_CHARACTERS = 65_536
const SHORT_TEXT = /^[^\s\p{C}]{1,100}$/u

/**
 * Reads a row `{certificate, signature, kid, group, country, domain[, sourceGateway]}`, or the same as `{rawData, signature, kid,
 * certificateType, country, thumbprint}`, which gateways list elsewhere. What is not as it should be is left out, with the reason.
 */
export function readGatewayRow(row: Json, at: number, listName: string): GatewayRow | LeftOut {
  const entry = `row ${at + 1}`
  const read = readFields(row)
  if (typeof read === 'string') return { entry, reason: read }
  const { group, country, der, kid, domain, sourceGateway, message } = read
  const kind = Object.hasOwn(GROUPS, group) ? GROUPS[group] : undefined
  if (!kind) return { entry: `${entry} (${group} of ${country})`, reason: 'certificates of its group are not used' }
  const certificate = readExactCertificate(der)
  if (!certificate) return { entry: `${entry} (${group} of ${country})`, reason: 'its certificate cannot be read' }
  const derived = derivedKeyId(certificate)
  const key: GatewayRow['key'] = {
    ...certificateMembers(certificate),
    certificate,
    keyId: kid ?? derived,
    participant: participantCode(country) ?? country,
    domain,
    usage: kind.usage,
    chain: [],
    lists: [listName],
    ...(sourceGateway === undefined ? {} : { sourceGateways: [sourceGateway] }),
    status: 'current',
    warnings:
      kid === undefined || kid === derived ? [] : [`key id ${kid} is not derived from the certificate (${derived})`],
  }
  const fault = certificateFault(key, read)
  if (fault !== undefined) return { entry: entryName(key), reason: fault, key }
  return { key, country, signedBy: kind.signedBy, message, sourceGateway }
}

interface Fields {
  group: string
  country: string
  der: Buffer
  message: string
  kid: string | undefined
  domain: string
  sourceGateway: string | undefined
  thumbprint: string | undefined
}

/** The members that count, or what is wrong with one. */
function readFields(row: Json): Fields | string {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) return 'it is no object'
  const group = oneOf(row, 'group', 'certificateType')
  if (group === undefined) return 'it has no group'
  const { country, signature } = row
  if (typeof country !== 'string' || !/^[A-Z]{2}$/.test(country)) return 'its country is no code of two capital letters'
  const certificate = oneOf(row, 'certificate', 'rawData')
  const der = certificate === undefined ? undefined : bytesOf(certificate)
  if (!der) return 'its certificate is not base64'
  if (typeof signature !== 'string' || signature === '' || signature.length > MESSAGE_CHARACTERS)
    return 'it has no signature'
  const texts = [row.kid, row.domain, row.sourceGateway, row.thumbprint].map(shortText)
  if (texts.includes(null)) return 'its kid, domain, sourceGateway or thumbprint is no short text'
  const [kid, domain = '', sourceGateway, thumbprint] = texts.map((each) => each ?? undefined)
  return { group, country, der, message: signature, kid, domain, sourceGateway, thumbprint }
}

/** A member that goes by two names. With both, they must agree. */
function oneOf(row: JsonObject, name: string, other: string): string | undefined {
  const [value, ...more] = [row[name], row[other]].filter((each) => each !== undefined && each !== null)
  return typeof value === 'string' && more.every((each) => each === value) ? value : undefined
}

/** Undefined when it is absent, null when it is none. */
function shortText(value: Json | undefined): string | undefined | null {
  if (value === undefined || value === null || value === '') return undefined
  return typeof value === 'string' && SHORT_TEXT.test(value) ? value : null
}

function bytesOf(text: string): Buffer | undefined {
  if (text.length > CERTIFICATE_CHARACTERS) return undefined
  const bytes = Buffer.from(text, 'base64')
  return bytes.length > 0 && bytes.toString('base64') === text ? bytes : undefined
}

function certificateFault({ certificate, thumbprint, publicKey }: GatewayRow['key'], row: Fields): string | undefined {
  if (row.thumbprint !== undefined && row.thumbprint.toLowerCase() !== thumbprint)
    return 'its thumbprint is that of another certificate'
  const countries = subjectCountries(certificate)
  if (countries.length === 0 || countries.some((each) => each !== row.country))
    return `it is listed for ${row.country}, and the country of its subject is ${countries.join(' and ') || 'not there'}`
  return keyFault(publicKey)
}

/** Whether a row was left out. */
export const isLeftOut = (read: GatewayRow | LeftOut): read is LeftOut => 'reason' in read
