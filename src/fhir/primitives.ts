/** Lexical rules of the R4 primitive types (https://hl7.org/fhir/R4/datatypes.html#primitive). */

const DATE = /^([1-9]\d{3}|0\d{3})(?:-(0[1-9]|1[0-2])(?:-(0[1-9]|[12]\d|3[01]))?)?$/
const TIME = /^(?:[01]\d|2[0-3]):[0-5]\d:(?:[0-5]\d|60)(?:\.\d+)?$/
const ZONE = /(?:Z|[+-](?:0\d:[0-5]\d|1[0-3]:[0-5]\d|14:00))$/
const STRING_BYTES = 1024 * 1024
// biome-ignore lint/suspicious/noControlCharactersInRegex: strings may have tab, line feed and carriage return only
const CONTROL = /[\u0000-\u0008\u000b\u000c\u000e-\u001f]/

/** Why a JSON value is not of that primitive type, as the end of a sentence; undefined when it is. */
export function primitiveFault(type: string, value: unknown): string | undefined {
  const check = CHECKS[type]
  return check ? check(value) : undefined
}

type Check = (value: unknown) => string | undefined

function text(fault: string, test: (value: string) => boolean): Check {
  return (value) => {
    if (typeof value !== 'string') return 'must be a JSON string'
    if (value === '') return 'must not be empty'
    return test(value) ? undefined : fault
  }
}

function wholeNumber(low: number, fault: string): Check {
  return (value) => {
    if (typeof value !== 'number') return 'must be a JSON number'
    return Number.isInteger(value) && value >= low && value <= 2_147_483_647 ? undefined : fault
  }
}

const string = text(
  'must not have control characters and not more than 1 MB',
  (value) => !CONTROL.test(value) && value.length <= STRING_BYTES,
)
const uri = text('must be a URI without spaces', (value) => !/\s/.test(value))

const CHECKS: Record<string, Check> = {
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
  id: text('must be 1 to 64 letters, digits, "-" or "."', (value) => /^[A-Za-z0-9\-.]{1,64}$/.test(value)),
  code: text('must be a code: no space at either end, no two in a row', (value) => /^\S+(?:\s\S+)*$/.test(value)),
  base64Binary: text('must be base64', (value) => isBase64(value)),
  date: text('must be a date such as 2024, 2024-05 or 2024-05-06', isDate),
  dateTime: text('must be a date, or a date and time with zone such as 2024-05-06T07:08:09Z', (value) => {
    return value.includes('T') ? isInstant(value) : isDate(value)
  }),
  instant: text('must be a date and time with zone such as 2024-05-06T07:08:09.123Z', isInstant),
  time: text('must be a time such as 07:08:09', (value) => TIME.test(value)),
}

function isDate(value: string): boolean {
  const [, year, month, day] = DATE.exec(value) ?? []
  if (year === undefined) return false
  return day === undefined || Number(day) <= new Date(Date.UTC(Number(year) || 4, Number(month), 0)).getUTCDate()
}

function isInstant(value: string): boolean {
  const zone = ZONE.exec(value)
  if (!zone || value[10] !== 'T' || value.length < 20) return false
  return isDate(value.slice(0, 10)) && TIME.test(value.slice(11, zone.index))
}

/** White space is allowed anywhere; what is left is whole groups of four. */
function isBase64(value: string): boolean {
  const bare = /\s/.test(value) ? value.replace(/\s+/g, '') : value
  return bare.length % 4 === 0 && /^[A-Za-z0-9+/]*={0,2}$/.test(bare)
}
