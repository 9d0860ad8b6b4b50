/** Lexical rules of the R4 primitive types (https://hl7.org/fhir/R4/datatypes.html#primitive). */

const DATE = /^\d{4}(?:-(?:0[1-9]|1[0-2])(?:-(?:0[1-9]|[12]\d|3[01]))?)?$/
const TIME = /^(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?$/
const INSTANT =
  /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?(?:Z|[+-](?:0\d:[0-5]\d|1[0-3]:[0-5]\d|14:00))$/
const STRING_CHARACTERS = 1024 * 1024
// biome-ignore lint/suspicious/noControlCharactersInRegex: what XML 1.0 cannot carry, escaped or not (production Char)
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/

const ID = /^[A-Za-z0-9\-.]{1,64}$/

/** Whether a resource can be stored under an id: `.` and `..` are of the form, and mean other places in an address (RFC 3986 §5.2.4). */
export function isResourceId(id: string): boolean {
  return ID.test(id) && !isDots(id)
}

/** Whether a part of a path means another place. */
export const isDots = (part: string): boolean => part === '.' || part === '..'

/** Why a JSON value is not of that primitive type, as the end of a sentence; undefined when it is. */
export function primitiveFault(type: string, value: unknown): string | undefined {
  return primitiveCheck(type)?.(value)
}

/**
 * What is wrong with the text of a number: `1.0`, `1e0` and `-0` have the value of an integer, and are none
 * (https://hl7.org/fhir/R4/datatypes.html#integer).
 * @param written as it stands in JSON, where JavaScript would write it otherwise
 */
export function numberFault(type: string, written: string | undefined): string | undefined {
  if (written === undefined || !integerTypes.has(type)) return undefined
  return 'must be written as a whole number, without point and exponent'
}

const integerTypes = new Set(['integer', 'positiveInt', 'unsignedInt'])

/** What {@link primitiveFault} answers for one type; undefined for what is no primitive type of R4. */
export function primitiveCheck(type: string): PrimitiveCheck | undefined {
  return Object.hasOwn(PRIMITIVES, type) ? PRIMITIVES[type] : undefined
}

/** Judges a JSON value: why it is not of the type, as the end of a sentence; undefined when it is. */
export type PrimitiveCheck = (value: unknown) => string | undefined

/** A type of text; `test` refuses control characters, which not every format can carry. */
function text(fault: string, test: (value: string) => boolean): PrimitiveCheck {
  return (value) => {
    if (typeof value === 'string' && value !== '' && test(value) && value.isWellFormed()) return undefined
    return textFault(value) ?? fault
  }
}

/** Why XML cannot carry a text, as the end of a sentence; undefined when it can. */
export function uncarried(value: string): string | undefined {
  if (CONTROL.test(value)) return 'must not have control characters'
  return value.isWellFormed() ? undefined : 'must not have half of a surrogate pair'
}

/** What is wrong with a text of whatever type. */
function textFault(value: unknown): string | undefined {
  if (typeof value !== 'string') return 'must be a JSON string'
  if (value === '') return 'must not be empty'
  return uncarried(value)
}

function wholeNumber(low: number, fault: string): PrimitiveCheck {
  return (value) => {
    if (typeof value !== 'number') return 'must be a JSON number'
    return Number.isInteger(value) && value >= low && value <= 2_147_483_647 ? undefined : fault
  }
}

const string = text(
  'must not have more than 1,048,576 characters',
  (value) => value.length <= STRING_CHARACTERS && !CONTROL.test(value),
)
// biome-ignore lint/suspicious/noControlCharactersInRegex: those that are no white space, too
const uri = text('must be a URI without spaces', (value) => !/[\s\u0000-\u001f\ufffe\uffff]/.test(value))
// biome-ignore lint/suspicious/noControlCharactersInRegex: those that are no white space, too
const CODE = /^[^\s\u0000-\u001f\ufffe\uffff]+(?:\s[^\s\u0000-\u001f\ufffe\uffff]+)*$/

const PRIMITIVES: Record<string, PrimitiveCheck> = {
  boolean: (value) => (typeof value === 'boolean' ? undefined : 'must be true or false'),
  integer: wholeNumber(-2_147_483_648, 'must be an integer of 32 bits'),
  unsignedInt: wholeNumber(0, 'must be an integer from 0 to 2,147,483,647'),
  positiveInt: wholeNumber(1, 'must be an integer from 1 to 2,147,483,647'),
  decimal: (value) => (typeof value === 'number' && Number.isFinite(value) ? undefined : 'must be a JSON number'),
  string,
  markdown: string,
  xhtml: string,
  uri,
  url: uri,
  canonical: uri,
  oid: text('must be an OID such as urn:oid:1.2.3', (value) => /^urn:oid:[0-2](?:\.(?:0|[1-9]\d*))+$/.test(value)),
  uuid: text('must be a UUID such as urn:uuid:c757873d-ec9a-4326-a141-556f43239520', (value) =>
    /^urn:uuid:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value),
  ),
  id: text('must be 1 to 64 letters, digits, "-" or "."', (value) => ID.test(value)),
  code: text('must be a code: no space at either end, no two in a row', (value) => CODE.test(value)),
  base64Binary: text('must be base64', (value) => isBase64(value)),
  date: text('must be a date such as 2024, 2024-05 or 2024-05-06', isDate),
  dateTime: text('must be a date, or a date and time with zone such as 2024-05-06T07:08:09Z', (value) =>
    value.length > 10 ? isInstant(value) : isDate(value),
  ),
  instant: text('must be a date and time with zone such as 2024-05-06T07:08:09.123Z', isInstant),
  time: text('must be a time such as 07:08:09', (value) => TIME.test(value)),
}

function isDate(value: string): boolean {
  return DATE.test(value) && isOnCalendar(value)
}

function isInstant(value: string): boolean {
  return INSTANT.test(value) && isOnCalendar(value)
}

/** Whether the month has the day, where one is named; there is no year 0. */
function isOnCalendar(date: string): boolean {
  if (date.startsWith('0000')) return false
  const day = Number(date.slice(8, 10))
  // The leap years of the first century are those of the twentieth, which JavaScript takes such numbers for.
  return day <= 28 || day <= new Date(Date.UTC(Number(date.slice(0, 4)), Number(date.slice(5, 7)), 0)).getUTCDate()
}

/** White space is allowed anywhere; what is left is whole groups of four. */
function isBase64(value: string): boolean {
  const bare = /\s/.test(value) ? value.replace(/\s+/g, '') : value
  return bare.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(bare)
}
