import { SaxesParser } from 'saxes'
import { isResource } from '../elements.ts'
import { type Place, placesIn, type Wanted, wantedMember, wantedOf } from '../places/wanted.ts'

/** One open element: what is wanted of what is in it, and how often each name has come. */
interface Open {
  wanted: Wanted | undefined
  counts: Map<string, number>
  /** The element that holds a resource is passed: what it holds stands in its place. */
  isHolder: boolean
}

const holders = new Set(['contained', 'resource', 'outcome'])

/**
 * Where elements of a resource stand in its XML text.
 * @param text that was read without fault
 * @param expressions FHIRPath with indexes; of an element that is absent the place is that of what it is missing in
 */
export function xmlPlaces(text: string, expressions: readonly string[]): Map<string, Place> {
  const steps = xmlPlacesSteps(text, expressions)
  for (;;) {
    const step = steps.next()
    if (step.done) return step.value
  }
}

/** Characters after which others have a turn. */
const slice = 20_000

/** The same in steps. */
export function* xmlPlacesSteps(
  text: string,
  expressions: readonly string[],
): Generator<void, Map<string, Place>, void> {
  const root = wantedOf(expressions)
  const open: Open[] = []
  const parser = new SaxesParser({ xmlns: false })
  parser.on('opentagstart', ({ name }) => {
    const offset = text.lastIndexOf('<', parser.position - 1)
    const parent = open.at(-1)
    const isInHolder = parent?.isHolder === true && isResource(name)
    const wanted = !parent ? root : isInHolder ? parent.wanted : childOf(parent, name, offset)
    if (!parent) root.offset = offset
    open.push({ wanted, counts: new Map(), isHolder: holders.has(name) })
  })
  parser.on('closetag', () => void open.pop())
  for (let at = 0; at < text.length; at += slice) {
    parser.write(text.slice(at, at + slice))
    yield
  }
  parser.close()
  return placesIn(text, root, expressions)
}

/** Lists have indexes in an expression, and nothing in XML says what is one. */
function childOf({ wanted, counts }: Open, name: string, offset: number): Wanted | undefined {
  if (!wanted) return undefined
  const member = wantedMember(wanted, name)
  if (!member) return undefined
  const index = counts.get(name) ?? 0
  counts.set(name, index + 1)
  member.offset ??= offset
  const item = member.children.get(`[${index}]`)
  if (item) item.offset ??= offset
  return item ?? member
}
