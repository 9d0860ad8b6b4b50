/** Text of generated code. What a library says enters it as numbered constants, and as names of members of a form that cannot be anything else. */

import { createConstants } from '../../../../base/code/generated-code.ts'

/** A function of JavaScript under way, and all that its unit has so far. */
export interface Writing {
  /** The name of a constant. */
  constant(value: unknown): string
  /** A variable of the function. */
  variable(): string
  /** The variable of the function for what a key means: what is read once more is the same, and need not be read. */
  variableOf(key: string): string
  /** Adds a function of its own: its name, and the text of all of it but `function` and its name. */
  addFunction(textFor: (writing: Writing) => string): string
  /** The declaration of the variables, to stand before all else. */
  declarations(): string
  /** Counts a node. @throws TooLong */
  count(): void
}

/** A define or function is too long to be worth it. */
export class TooLong extends Error {}

/** Nodes of one define or function after which it is left as it is: the engine would not optimise it, and to write it takes time. */
const MOST_NODES = 5_000

/** An empty unit. */
export function createUnit(): { writing: Writing; constants: unknown[]; functions: string[] } {
  const constants = createConstants()
  const functions: string[] = []
  let variables = 0
  let numbered = 0
  let nodes = 0
  const writingOf = (): Writing => {
    const own: string[] = []
    const byKey = new Map<string, string>()
    const variable = () => {
      const name = `v${variables++}`
      own.push(name)
      return name
    }
    return {
      constant: constants.of,
      variable,
      variableOf(key) {
        const name = byKey.get(key) ?? variable()
        byKey.set(key, name)
        return name
      },
      addFunction(textFor) {
        const name = `g${numbered++}`
        functions.push(`function ${name}${textFor(writingOf())}`)
        return name
      },
      declarations: () => (own.length === 0 ? '' : `let ${own.join(', ')};\n`),
      count() {
        if (++nodes > MOST_NODES) throw new TooLong('a define has too many steps')
      },
    }
  }
  return { writing: writingOf(), constants: constants.values, functions }
}

const plain = /^[A-Za-z_][A-Za-z0-9_]{0,62}$/

/** Whether a name of a library may stand in code, between quotes: letters, digits and underscores, and nothing that every object has. */
export const isMemberName = (name: string): boolean => plain.test(name) && !(name in Object.prototype)
