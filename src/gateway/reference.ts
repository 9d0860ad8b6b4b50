/** Trusted references as a gateway takes and gives them. */

/** What is sent of a trusted reference; every member is always sent. */
export interface ReferenceContent {
  /** 1 to 100 characters (UTF-16 code units, as all lengths). */
  url: string
  /** ISO 3166-1 alpha-2, that of the client certificate. */
  country: string
  type: 'DCC' | 'FHIR'
  /** Free text, e.g. `ValueSet`. */
  service: string
  /** SHA-256 of what stands at the address, hexadecimal in lower case. */
  thumbprint: string
  name: string
  /** Base64 of the DER of the host's certificate, or of its public key (SubjectPublicKeyInfo). */
  sslPublicKey: string
  contentType: string
  signatureType: 'CMS' | 'JWS' | 'NONE'
  /** May be empty. */
  referenceVersion: string
  domain: string
}

/** A row of a gateway's list. What others sent is theirs: nothing of it is certain but its form. */
export interface GatewayReference
  extends Omit<ReferenceContent, 'type' | 'signatureType' | 'thumbprint' | 'sslPublicKey'> {
  uuid: string
  type: string
  signatureType: string
  /** Rows from other gateways may lack both. */
  thumbprint: string | undefined
  sslPublicKey: string | undefined
  /** The gateway that this one has the row from. */
  sourceGateway: string | undefined
}

/** Members in the order in which they are sent, with their bounds. */
const lengths: Record<keyof ReferenceContent, { least: number; most: number }> = {
  url: { least: 1, most: 100 },
  country: { least: 2, most: 2 },
  type: { least: 1, most: 4 },
  service: { least: 1, most: 1024 },
  thumbprint: { least: 1, most: 64 },
  name: { least: 1, most: 512 },
  sslPublicKey: { least: 1, most: 2048 },
  contentType: { least: 1, most: 512 },
  signatureType: { least: 1, most: 4 },
  referenceVersion: { least: 0, most: 256 },
  domain: { least: 1, most: 32 },
}

const isMemberOfContent = (name: string): name is keyof ReferenceContent => Object.hasOwn(lengths, name)

/** Names of what is sent. */
export const contentMembers: readonly (keyof ReferenceContent)[] = Object.keys(lengths).filter(isMemberOfContent)

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/

/** Whether a text is a uuid as a gateway spells it, in lower case. */
export const isUuid = (text: string): boolean => UUID.test(text)

/**
 * What a gateway would refuse, some of it with a fault of its own that stands for ever: told here before anything is sent.
 * @param country of the certificates
 */
export function contentProblems(content: ReferenceContent, country: string): string[] {
  const problems = contentMembers.flatMap((name) => {
    const { least, most } = lengths[name]
    const { length } = content[name]
    if (length < least) return [`${name} is empty`]
    return length > most ? [`${name} has ${length} characters, and may have ${most}`] : []
  })
  if (content.country !== country)
    problems.push(`country is ${content.country}, and the certificates are of ${country}`)
  if (!/^[0-9a-f]{64}$/.test(content.thumbprint)) problems.push('thumbprint is no SHA-256 in lower-case hexadecimal')
  if (!/^https:\/\/[^/]/.test(content.url)) problems.push('url is no https address: others fetch it from there')
  for (const name of contentMembers)
    if (!content[name].isWellFormed()) problems.push(`${name} has half a character (a lone surrogate)`)
  return problems
}

/** The members in which a row of the list differs from what is wanted. */
export function differences(row: GatewayReference, content: ReferenceContent): (keyof ReferenceContent)[] {
  return contentMembers.filter((name) => row[name] !== content[name])
}
