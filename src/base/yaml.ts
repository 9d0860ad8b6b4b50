/** YAML 1.2 as a person writes data in it: one document, JSON values, each with its place; nothing that stands for something else. */
import { type Document, isAlias, isMap, isScalar, isSeq, LineCounter, type Node, parseDocument, visit } from 'yaml'
import type { Json } from './json-value.ts'

/** Steps from the root to a place. */
export type Path = (string | number)[]

/** A text that was read. */
export interface YamlText {
  json: Json
  /** `line 3, column 5` of a place, or of the nearest thing above it that is there. */
  placeOf(path: Path): string
  /** The same of the name of a member, or else of the map that has it. */
  placeOfName(path: Path, member: string): string
}

/** A text is no YAML that is read: every problem with its place, one a line. */
export class YamlError extends Error {
  readonly problems: string[]
  constructor(problems: string[]) {
    super(problems.join('\n'))
    this.problems = problems
    this.name = 'YamlError'
  }
}

/** Names of what is read, for the messages. */
interface YamlNames {
  /** One document, such as `description`. */
  document: string
}

/**
 * Reads a text: no anchors, aliases, tags or merging (what stands there is what is meant, and is no larger than it looks), no second
 * document, no numbers that JSON does not have, no members without name or twice.
 * @throws YamlError
 */
export function readYaml(text: string, { document: name }: YamlNames): YamlText {
  const lines = new LineCounter()
  const place = (offset: number) => {
    const { line, col } = lines.linePos(offset)
    return `line ${Math.max(1, line)}, column ${Math.max(1, col)}`
  }
  const placeAt = (node: Node | undefined) => place(node?.range?.[0] ?? 0)
  try {
    const document = parseDocument(text, { lineCounter: lines, version: '1.2', schema: 'core', prettyErrors: false })
    const problems = syntaxProblems(document, { place, name })
    const root = document.contents
    visit(document, (_, node) => {
      if (isAlias(node)) problems.push(`${placeAt(node)}: aliases are not read; write it out`)
      else if (isScalar(node) && typeof node.value === 'number' && !Number.isFinite(node.value))
        problems.push(`${placeAt(node)}: no number of JSON`)
      else if (isMap(node) && node.items.some(({ key }) => !isScalar(key) || key.value === null))
        problems.push(`${placeAt(node)}: a member has no name`)
    })
    if (problems.length > 0) throw new YamlError(problems)
    return {
      json: document.toJS({ maxAliasCount: 0 }) as Json,
      placeOf: (path) => placeAt(nodeAt(root, path)),
      placeOfName: (path, member) => placeAt(keyAt(root, path, member)),
    }
  } catch (error) {
    if (error instanceof RangeError) throw new YamlError(['it is nested too deep'])
    throw error
  }
}

/** Faults of the syntax: the first, since those after it mostly follow from it. */
function syntaxProblems(
  { errors, warnings }: Document,
  { place, name }: { place: (offset: number) => string; name: string },
): string[] {
  const [first, ...others] = [...errors, ...warnings].sort((a, b) => a.pos[0] - b.pos[0])
  if (!first) return []
  const text =
    first.code === 'MULTIPLE_DOCS' ? `a second ${name} begins here; each stands in a file of its own` : first.message
  const more = others.length > 0 ? ` (it is no YAML from here on; ${others.length} more)` : ''
  return [`${place(first.pos[0])}: ${text}${more}`]
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
