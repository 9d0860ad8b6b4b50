import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from 'yaml'
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { nearestName } from '../../base/nearest.ts'
import { contentShapes, type IssuedFormat, type Shape } from './shapes.ts'

/** What a test credential is to say. */
export interface Description {
  format: IssuedFormat
  issuedAt?: Date
  expires?: Date
  /** In the format's own shape. */
  content: JsonObject
}

/** Steps from the root of a description to a place. */
export type Path = (string | number)[]

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
  const yaml = parseYaml(text)
  const { root, placeAt } = yaml
  const placeOf = (path: Path) => placeAt(nodeAt(root, path))
  const problems: string[] = []
  const say = (path: Path, problem: string) => problems.push(`${placeOf(path)}: ${problem}`)
  if (!isJsonObject(yaml.json))
    throw new DescriptionError([`${placeOf([])}: a map with ${MEMBERS.join(', ')} is wanted`])
  const { format: name, issuedAt, expires, content } = yaml.json
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
      `${placeAt(keyAt(root, path, member))}: unknown member ${member}; ${nearestName(member, names)} is the nearest`,
    )
  checkMembers(yaml.json, shape, { path: [], strange })
  if (!isJsonObject(content)) say(['content'], 'content is missing, or is no map')
  const dates = [readDate(issuedAt), readDate(expires)]
  for (const [at, member] of ['issuedAt', 'expires'].entries())
    if (yaml.json[member] !== undefined && !dates[at])
      say([member], `${member} must be a date, or a date-time with an offset, that exists`)
  if (problems.length > 0 || !format || !isJsonObject(content)) throw new DescriptionError(problems)
  const [from, until] = dates
  const description = { format, content, ...(from ? { issuedAt: from } : {}), ...(until ? { expires: until } : {}) }
  return { description, placeOf }
}

const isFormat = (name: Json | undefined): name is IssuedFormat =>
  typeof name === 'string' && Object.hasOwn(contentShapes, name)

interface Yaml {
  root: Node | null
  json: Json
  placeAt(node: Node | undefined): string
}

/** Faults of the syntax: the first, since those after it mostly follow from it. */
function syntaxProblems({ errors, warnings }: Document, place: (offset: number) => string): string[] {
  const [first, ...others] = [...errors, ...warnings].sort((a, b) => a.pos[0] - b.pos[0])
  if (!first) return []
  const text =
    first.code === 'MULTIPLE_DOCS'
      ? 'a second description begins here; each stands in a file of its own'
      : first.message
  const more = others.length > 0 ? ` (it is no YAML from here on; ${others.length} more)` : ''
  return [`${place(first.pos[0])}: ${text}${more}`]
}

function parseYaml(text: string): Yaml {
  const lines = new LineCounter()
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return `line ${Math.max(1, line)}, column ${Math.max(1, col)}`
  }
  const placeAt = (node: Node | undefined) => place(node?.range?.[0] ?? 0)
  try {
    const document = parseDocument(text, { lineCounter: lines, version: '1.2', schema: 'core', prettyErrors: false })
    const problems = syntaxProblems(document, place)
    const root = document.contents
    visit(document, (_, node) => {
      if (isAlias(node)) problems.push(`${placeAt(node)}: aliases are not read; write it out`)
      else if (isScalar(node) && typeof node.value === 'number' && !Number.isFinite(node.value))
        problems.push(`${placeAt(node)}: no number of JSON`)
      else if (isMap(node) && node.items.some(({ key }) => !isScalar(key) || key.value === null))
        problems.push(`${placeAt(node)}: a member has no name`)
    })
    if (problems.length > 0) throw new DescriptionError(problems)
    return { root, json: document.toJS({ maxAliasCount: 0 }) as Json, placeAt }
  } catch (error) {
    if (error instanceof RangeError) throw new DescriptionError(['it is nested too deep'])
    throw error
  }
}

/** The node at a path, or the nearest above it. */
function nodeAt(root: Node | null, path: Path): Node | undefined {
  let node: Node | null = root
  for (const step of path) {
    const next = childOf(node, step)
    if (!next) break
    node = next
  }
  return node ?? undefined
}

function childOf(node: Node | null, step: string | number): Node | undefined {
  const child = isMap(node) || isSeq(node) ? node.get(step, true) : undefined
  return isMap(child) || isSeq(child) || isScalar(child) ? child : undefined
}

/** The name of a member, as it stands there. */
function keyAt(root: Node | null, path: Path, member: string): Node | undefined {
  const map = nodeAt(root, path)
  const pair = isMap(map) ? map.items.find(({ key }) => isScalar(key) && String(key.value) === member) : undefined
  return pair && isScalar(pair.key) ? pair.key : map
}

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
