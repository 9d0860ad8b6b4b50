/** Whether a file holds rules of the EU, told by its first bytes and by names that stand in it. */
import { pastMark } from './text-place.ts'

/** The forms in which rules come; `message` is a signed one. */
export type EuRuleForm = 'list' | 'object' | 'lines' | 'message'

const SIGNED_DATA = Buffer.from('06092a864886f70d010702', 'hex')
const OPEN = { list: 0x5b, object: 0x7b }

/**
 * The form of a file of rules; undefined for any other file. What looks like rules and is broken is a file of rules: it is told to be
 * broken, and not left out.
 */
export function euRuleForm(name: string, bytes: Uint8Array): EuRuleForm | undefined {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length)
  if (messageBytes(buffer)) return 'message'
  const first = buffer[pastSpace(buffer, pastMark(buffer))]
  if (/\.(?:ndjson|jsonl)$/i.test(name))
    return first === OPEN.object && namesRules(firstLine(buffer)) ? 'lines' : undefined
  if (!/\.(?:json|txt)$/i.test(name)) return undefined
  if (first === OPEN.list) return namesRules(buffer) || namesHashes(buffer) ? 'list' : undefined
  return first === OPEN.object && !buffer.includes('"resourceType"') && namesRules(buffer) ? 'object' : undefined
}

// In another spelling, too: rules with misspelt members are refused, and not passed over.
const ruleNames = ['"Identifier"', '"Logic"', '"cms"', '"logic"', '"LOGIC"']
const namesRules = (text: Buffer) => ruleNames.some((each) => text.includes(each))
const namesHashes = (text: Buffer) => text.includes('"identifier"') && text.includes('"hash"')

function firstLine(text: Buffer): Buffer {
  const start = pastSpace(text, pastMark(text))
  const end = text.indexOf(0x0a, start)
  return text.subarray(start, end < 0 ? undefined : end)
}

function pastSpace(text: Buffer, from: number): number {
  let at = from
  while (at < text.length && [0x20, 0x0a, 0x0d, 0x09].includes(text[at] ?? 0)) at++
  return at
}

/** The bytes of a signed message (CMS): as DER, as base64 on one or more lines, or in PEM (RFC 7468, 8 and 9); undefined for what is none. */
export function messageBytes(text: Buffer): Buffer | undefined {
  if (isSignedData(text)) return text
  const start = pastSpace(text, pastMark(text))
  const head = text.subarray(start, start + 80).toString('latin1')
  const isPem = /^-----BEGIN (?:CMS|PKCS7)-----/.test(head)
  if (!isPem && !isSignedData(Buffer.from(/^[A-Za-z0-9+/]{24,}/.exec(head)?.[0] ?? '', 'base64'))) return undefined
  const body = text.subarray(start).toString('latin1')
  const base64 = (isPem ? pemBody(body) : body).replace(/[ \t\r\n]+/g, '')
  // What is no base64 from some place on is a broken message, which the reader of messages refuses.
  return /^[A-Za-z0-9+/]+={0,2}$/.test(base64) ? Buffer.from(base64, 'base64') : Buffer.alloc(0)
}

const pemBody = (text: string) => /^-----BEGIN (CMS|PKCS7)-----([^-]*)-----END \1-----\s*$/.exec(text)?.[2] ?? '!'

/** A SEQUENCE that begins with the identifier of SignedData (RFC 5652, 5.1). */
function isSignedData(bytes: Buffer): boolean {
  if (bytes[0] !== 0x30) return false
  const at = bytes.indexOf(SIGNED_DATA)
  return at >= 2 && at <= 6
}
