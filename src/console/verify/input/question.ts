/** A question to $evaluate (docs/evaluate.md, In). */
import type { Expected } from '../reply/verdict.ts'

/** What verdicts can be for. */
export const uses = ['entry', 'transit', 'venue', 'care'] as const
/** One of them. */
type Use = (typeof uses)[number]

/** What holds for every question until it is changed. */
export interface AskingSettings {
  /** ISO 3166-1; empty: as the server is set. */
  jurisdiction: string
  uses: readonly Use[]
  /** Empty: any. */
  trustDomains: readonly string[]
  /** A FHIR instant; empty: now. */
  clock: string
}

/** The identity document of the person. */
export interface IdentityDocument {
  name: string
  birthDate: string
  mrz: string
}

/** One question. */
export interface Question {
  /** Texts of each credential, of one person when there are several; empty beside a picture. */
  credentials: readonly (readonly string[])[]
  picture?: { bytes: Uint8Array; contentType: string }
  identity?: IdentityDocument
  /** Fetch what a health link leads to. */
  link?: { passcode: string; recipient: string }
}

/** Whether something of a document is given. */
export const isGiven = ({ name, birthDate, mrz }: IdentityDocument): boolean =>
  [name, birthDate, mrz].some((each) => each.trim() !== '')

interface Parameter {
  name: string
  part?: Parameter[]
  [value: `value${string}`]: unknown
}

/** The question as Parameters. */
export function parametersOf(
  question: Question,
  settings: AskingSettings,
): { resourceType: 'Parameters'; parameter: Parameter[] } {
  const { credentials, picture, identity, link } = question
  const [first, ...others] = credentials
  const parameter: Parameter[] = []
  if (picture) {
    const data = base64(picture.bytes)
    const { contentType } = picture
    parameter.push({ name: 'credentialImage', valueAttachment: { ...(contentType && { contentType }), data } })
  } else parameter.push(...partsOf(first ?? []))
  for (const each of picture ? credentials : others) parameter.push({ name: 'furtherCredential', part: partsOf(each) })
  if (identity && isGiven(identity)) parameter.push({ name: 'identity', part: documentParts(identity) })
  if (settings.clock) parameter.push({ name: 'evaluationDateTime', valueDateTime: settings.clock })
  if (settings.jurisdiction) parameter.push({ name: 'jurisdiction', valueCode: settings.jurisdiction })
  for (const use of settings.uses) parameter.push({ name: 'useContext', valueUsageContext: contextOf(use) })
  for (const domain of settings.trustDomains) parameter.push({ name: 'trustDomain', valueCode: domain })
  if (link) {
    parameter.push({ name: 'followLinks', valueBoolean: true })
    for (const name of ['passcode', 'recipient'] as const)
      if (link[name]) parameter.push({ name, valueString: link[name] })
  }
  return { resourceType: 'Parameters', parameter }
}

/** What the reply must agree with. */
export function expectedOf({ credentials, picture, identity }: Question, { clock }: AskingSettings): Expected {
  const isSeveral = credentials.length > (picture ? 0 : 1)
  return {
    credentials: picture ? 'picture' : isSeveral ? credentials.length : 'text',
    ...(isSeveral && { together: true }),
    ...(identity && isGiven(identity) && { identity: true }),
    ...(clock && { clock }),
  }
}

const partsOf = (texts: readonly string[]): Parameter[] =>
  texts.map((text, at) => ({ name: at === 0 ? 'credential' : 'credentialPart', valueString: text }))

function documentParts({ name, birthDate, mrz }: IdentityDocument): Parameter[] {
  const parts: Parameter[] = []
  if (name.trim()) parts.push({ name: 'name', valueString: name.trim() })
  if (birthDate.trim()) parts.push({ name: 'birthDate', valueDate: birthDate.trim() })
  if (mrz.trim()) parts.push({ name: 'mrz', valueString: mrz.trim() })
  return parts
}

const contextOf = (code: Use) => ({
  code: { system: 'http://terminology.hl7.org/CodeSystem/usage-context-type', code: 'task' },
  valueCodeableConcept: { coding: [{ system: 'http://vidimus.org/fhir/CodeSystem/verdict-use', code }] },
})

/** In pieces: a picture has more bytes than a call may have arguments. */
function base64(bytes: Uint8Array): string {
  let text = ''
  for (let at = 0; at < bytes.length; at += 0x8000) text += String.fromCharCode(...bytes.subarray(at, at + 0x8000))
  return btoa(text)
}
