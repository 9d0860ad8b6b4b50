/**
 * `Signature-Input` and `Signature` (RFC 9421, 4), each with one member in the one spelling in which structured fields are written (RFC
 * 8941, 4.1): what could be read in two ways is not read.
 */

/** A signature, taken apart; nothing of it is proven. */
export interface ReadSignature {
  /** Identifiers of the covered components, in their order. */
  components: readonly string[]
  /** The parameters as they are signed: `("@method" …);created=…`. */
  parameters: string
  created: number
  expires: number | undefined
  nonce: string
  keyId: string
  algorithm: string
  signature: Buffer
}

const LABEL = '[a-z*][a-z0-9_.*-]{0,63}'
const INPUT = new RegExp(`^(${LABEL})=(\\(([^()]*)\\)(;.*))$`)
const SIGNATURE = new RegExp(`^(${LABEL})=:([A-Za-z0-9+/]+={0,2}):$`)
/** Lower-case names of fields and derived components, without parameters of their own. */
const COMPONENTS = /^"@?[a-z0-9-]{1,60}"(?: "@?[a-z0-9-]{1,60}")*$/
const PARAMETER = /;([a-z]{1,20})=(-?\d{1,15}|"(?:[ !#-[\]-~]|\\["\\])*")/y
/** RFC 9421, 2.3. */
const KNOWN = ['created', 'expires', 'nonce', 'keyid', 'alg', 'tag']
const LONGEST = 4_000
const MOST_COMPONENTS = 20
const NONCE = /^[ -~]{8,200}$/

/** Reads both headers as they were sent; a text says what is wrong with them. */
export function readSignature(input: string, signature: string): ReadSignature | string {
  if (input.length > LONGEST || signature.length > LONGEST) return 'its headers are too long'
  const [, label, parameters = '', list = '', tail = ''] = INPUT.exec(input) ?? []
  const [, signedLabel, base64 = ''] = SIGNATURE.exec(signature) ?? []
  if (label === undefined || signedLabel === undefined)
    return 'Signature-Input and Signature must each have one member, spelt as RFC 8941 writes it'
  if (label !== signedLabel) return 'Signature-Input and Signature have different labels'
  const bytes = Buffer.from(base64, 'base64')
  if (bytes.toString('base64') !== base64) return 'Signature is not spelt as base64 is written'
  const components = COMPONENTS.test(list) ? list.split(' ').map((each) => each.slice(1, -1)) : []
  if (components.length === 0 || components.length > MOST_COMPONENTS)
    return 'its components are not understood: names without parameters are wanted'
  if (new Set(components).size < components.length) return 'a component is covered twice'
  const read = readParameters(tail)
  if (typeof read === 'string') return read
  const { created, expires, nonce, keyid, alg } = Object.fromEntries(read)
  if (typeof created !== 'number') return 'it does not say when it was made (created)'
  if (expires !== undefined && typeof expires !== 'number') return 'its time (expires) is no number'
  if (typeof nonce !== 'string' || !NONCE.test(nonce)) return 'it needs a nonce of 8 to 200 characters'
  if (typeof keyid !== 'string' || keyid === '') return 'it names no key (keyid)'
  if (typeof alg !== 'string') return 'it names no algorithm (alg)'
  return { components, parameters, created, expires, nonce, keyId: keyid, algorithm: alg, signature: bytes }
}

/** Parameters by name: texts and whole numbers. */
function readParameters(tail: string): Map<string, string | number> | string {
  const found = new Map<string, string | number>()
  PARAMETER.lastIndex = 0
  while (PARAMETER.lastIndex < tail.length) {
    const [, name = '', value = ''] = PARAMETER.exec(tail) ?? []
    if (!KNOWN.includes(name)) return 'it has a parameter that is not understood'
    if (found.has(name)) return 'it has a parameter twice'
    found.set(name, value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, '$1') : Number(value))
  }
  return found
}

/** `sha-256` of `Content-Digest` (RFC 9530, 2), when it stands there once and nothing else does. */
export function readDigest(header: string): Buffer | undefined {
  const [, base64 = ''] = /^sha-256=:([A-Za-z0-9+/]{43}=):$/.exec(header) ?? []
  const bytes = Buffer.from(base64, 'base64')
  return bytes.length === 32 && bytes.toString('base64') === base64 ? bytes : undefined
}
