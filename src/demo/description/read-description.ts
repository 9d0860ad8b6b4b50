import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { nearestName } from '../../base/nearest.ts'
import { type Path, readYaml, YamlError, type YamlText } from '../../base/yaml.ts'
import { contentShapes, type IssuedFormat, type Shape } from './shapes.ts'

/** What a test credential is to say. */
export interface Description {
  format: IssuedFormat
  issuedAt?: Date
  expires?: Date
  /** In the format's own shape. */
  content: JsonObject
}

/** A description that was read, and where its parts stand. */
export interface ReadDescription {
  description: Description
  /** `line 3, column 5` of a place, or of the nearest thing above it that is there. */
  placeOf(path: Path): string
}

/** A description is not understood: every problem with its place, one a line. */
export class DescriptionError extends Error {
  /** Marks it as a message to a person, and no fault of the program. */
  readonly code = 'DESCRIPTION'
  constructor(problems: string[]) {
    super(problems.join('\n'))
    this.name = 'DescriptionError'
  }
}

const MOST_CHARACTERS = 65_536
const MEMBERS = ['format', 'issuedAt', 'expires', 'content']

/**
 * Reads the description of a test credential in YAML 1.2 (so JSON, too): `format`, `issuedAt`, `expires`, and `content` in the format's
 * own shape. No anchors, tags or merging: what stands there is what is meant.
 * @throws DescriptionError with every problem
 */
export function readDescription(text: string): ReadDescription {
  if (text.length > MOST_CHARACTERS) throw new DescriptionError([`longer than ${MOST_CHARACTERS} characters`])
  return asDescription(parseYaml(text))
}

/**
 * The description that stands in a text that was read, or in a part of it with its places.
 * @throws DescriptionError with every problem
 */
export function asDescription({ json, placeOf, placeOfName }: YamlText): ReadDescription {
  const problems: string[] = []
  const say = (path: Path, problem: string) => problems.push(`${placeOf(path)}: ${problem}`)
  if (!isJsonObject(json)) throw new DescriptionError([`${placeOf([])}: a map with ${MEMBERS.join(', ')} is wanted`])
  const { format: name, issuedAt, expires, content } = json
  const formats = Object.keys(contentShapes)
  const format = isFormat(name) ? name : undefined
  if (name === undefined) say([], `format is missing; it is one of ${formats.join(', ')}`)
  else if (!format) {
    const nearest = typeof name === 'string' ? nearestName(name, formats) : undefined
    say(['format'], `no such format; ${nearest ? `${nearest} is the nearest` : `it is one of ${formats.join(', ')}`}`)
  }
  const shape = Object.fromEntries(
    MEMBERS.map((each) => [each, each === 'content' && format ? contentShapes[format] : null]),
  )
  const strange = (path: Path, member: string, names: string[]) =>
    problems.push(
      `${placeOfName(path, member)}: unknown member ${member}; ${nearestName(member, names)} is the nearest`,
    )
  checkMembers(json, shape, { path: [], strange })
  if (!isJsonObject(content)) say(['content'], 'content is missing, or is no map')
  const dates = [readDate(issuedAt), readDate(expires)]
  for (const [at, member] of ['issuedAt', 'expires'].entries())
    if (json[member] !== undefined && !dates[at])
      say([member], `${member} must be a date, or a date-time with an offset, that exists`)
  if (problems.length > 0 || !format || !isJsonObject(content)) throw new DescriptionError(problems)
  const [from, until] = dates
  const description = { format, content, ...(from ? { issuedAt: from } : {}), ...(until ? { expires: until } : {}) }
  return { description, placeOf }
}

function parseYaml(text: string): YamlText {
  try {
    return readYaml(text, { document: 'description' })
  } catch (error) {
    throw error instanceof YamlError ? new DescriptionError(error.problems) : error
  }
}

const isFormat = (name: Json | undefined): name is IssuedFormat =>
  typeof name === 'string' && Object.hasOwn(contentShapes, name)

interface MemberCheck {
  path: Path
  strange(path: Path, member: string, names: string[]): void
}

function checkMembers(json: Json, shape: Shape, check: MemberCheck): void {
  const { path, strange } = check
  if (shape === null) return
  if (Array.isArray(json)) {
    const [each = null] = isListShape(shape) ? shape : [shape]
    for (const [at, item] of json.entries()) checkMembers(item, each, { ...check, path: [...path, at] })
    return
  }
  const members = isListShape(shape) ? shape[0] : shape
  if (!isJsonObject(json) || members === null) return
  if (isListShape(members)) throw new TypeError('a list of lists is no shape')
  for (const [member, value] of Object.entries(json)) {
    const inner = Object.hasOwn(members, member) ? members[member] : undefined
    if (inner === undefined) strange(path, member, Object.keys(members))
    else checkMembers(value, inner, { ...check, path: [...path, member] })
  }
}

const isListShape = (shape: Shape): shape is readonly [Shape] => Array.isArray(shape)

/** A date is its first moment in UTC; a day that does not exist is none. */
function readDate(value: Json | undefined): Date | undefined {
  if (typeof value !== 'string') return undefined
  if (!/^\d{4}-\d\d-\d\d(?:T\d\d:\d\d(?::\d\d(?:\.\d{1,3})?)?(?:Z|[+-]\d\d:\d\d))?$/.test(value)) return undefined
  const day = new Date(`${value.slice(0, 10)}T00:00:00Z`)
  const date = new Date(value)
  const exists = !Number.isNaN(day.getTime()) && day.toISOString().startsWith(value.slice(0, 10))
  return exists && !Number.isNaN(date.getTime()) ? date : undefined
}
