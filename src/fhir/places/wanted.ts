/** Elements whose places in a text are wanted, as a tree by names and indexes. */

/** One element; its children by name or `[index]`. */
export interface Wanted {
  children: Map<string, Wanted>
  /** Offset in the text, once it is met. */
  offset: number | undefined
}

/** A place in a text; both count from 1. */
export interface Place {
  line: number
  column: number
}

const empty = (): Wanted => ({ children: new Map(), offset: undefined })

/** `name[0].given` after the type of the resource: names and indexes. */
function stepsOf(expression: string): string[] {
  const dot = expression.indexOf('.')
  if (dot < 0) return []
  return expression
    .slice(dot + 1)
    .split(/\.|(?=\[)/)
    .filter((each) => each !== '')
}

/** The tree of what expressions name. */
export function wantedOf(expressions: Iterable<string>): Wanted {
  const root = empty()
  for (const expression of expressions) {
    let node = root
    for (const step of stepsOf(expression)) {
      const child = node.children.get(step) ?? empty()
      node.children.set(step, child)
      node = child
    }
  }
  return root
}

/** What is wanted of a member of that name: `value` is also what JSON and XML call `valueString`. */
export function wantedMember({ children }: Wanted, name: string): Wanted | undefined {
  if (children.size === 0) return undefined
  const exact = children.get(name)
  if (exact) return exact
  for (const [wanted, child] of children)
    if (name.startsWith(wanted) && /^[A-Z]/.test(name.slice(wanted.length))) return child
  return name.startsWith('_') ? wantedMember({ children, offset: undefined }, name.slice(1)) : undefined
}

/** Where an expression stands: the element itself, or the closest around it that is there. */
function offsetOf(root: Wanted, expression: string): number | undefined {
  let node: Wanted | undefined = root
  let offset = root.offset
  for (const step of stepsOf(expression)) {
    node = node?.children.get(step)
    if (!node) break
    offset = node.offset ?? offset
  }
  return offset
}

/** Lines and columns of expressions, after their offsets were found. */
export function placesIn(text: string, root: Wanted, expressions: Iterable<string>): Map<string, Place> {
  const offsets = [...new Set(expressions)].flatMap((expression) => {
    const offset = offsetOf(root, expression)
    return offset === undefined ? [] : [{ expression, offset }]
  })
  offsets.sort((a, b) => a.offset - b.offset)
  const places = new Map<string, Place>()
  let line = 1
  let start = 0
  let next = text.indexOf('\n')
  for (const { expression, offset } of offsets) {
    while (next >= 0 && next < offset) {
      line++
      start = next + 1
      next = text.indexOf('\n', start)
    }
    places.set(expression, { line, column: offset - start + 1 })
  }
  return places
}
