/**
 * Straight-line JavaScript for a program that has been compiled: the same rules without the closures, where an instance is as its
 * definitions have it. Whatever is odd – a value that FHIR would refuse, an extension of a primitive, another shape, a construct
 * that nothing is generated for – goes to the closure of that rule, target or call, before anything of it has had an effect; so
 * errors, remarks and results are theirs.
 *
 * Code has no text of a map: what a map says enters as numbered constants, and as names of members that are letters and digits.
 */

import { createConstants, type GeneratedCode, preamble } from '../../base/code/generated-code.ts'
import type { Steps } from '../../workers/budget.ts'
import { allRules } from '../compile/load-terminology.ts'
import type { CompiledGroup, Program } from '../compile/program.ts'
import type { Type } from '../model/types.ts'
import { closuresOf, ruleCode } from './generate-rule.ts'
import { STEP, stepsCode } from './generate-target.ts'
import { type Held, justMade, type Known } from './held.ts'
import { type FunctionCode, nodeOf, type ProgramCode } from './program-code.ts'
import { RUNTIME } from './runtime.ts'

/** Characters of code of one program after which rules and calls stay with the closures. */
const LONGEST = 400_000
/** Characters after which a group goes on in another function: longer ones are not optimised by the engine. */
const LONGEST_FUNCTION = 25_000

/** A function that is still to be made. */
interface Wanted {
  name: string
  group: CompiledGroup
  args: Known[]
}

/**
 * The code of a group for arguments of these types, in steps: a map may have thousands of rules. Undefined when the group is one of
 * those that are left to the closures.
 */
export function* generateSteps(
  program: Program,
  group: CompiledGroup,
  types: { source: Type; target: Type },
): Steps<GeneratedCode | undefined> {
  const wanted: Wanted[] = []
  const functions: string[] = []
  const code = programCode(program, wanted)
  const given: Record<'source' | 'target', Known> = {
    source: { value: 'source', type: types.source, json: 'object' },
    target: { value: 'target', node: 'target', type: types.target, json: 'object', loose: true, made: emptyInstance },
  }
  const entry = code.functionOf(
    group,
    group.inputs.map(({ mode }) => given[mode]),
  )
  if (entry === undefined) return undefined
  let length = 0
  for (let next = wanted.shift(); next; next = wanted.shift()) {
    const made = length > LONGEST ? [callOf(next, code)] : yield* functionSteps(next, code, LONGEST - length)
    functions.push(...made)
    for (const each of made) length += each.length
  }
  const { values } = code.constants
  const args = group.inputs.map(({ mode }) => (mode === 'source' ? 'source.value' : 'target')).join(', ')
  const text = `${preamble(RUNTIME, values)}${functions.join('\n')}
return (source, target, r) => ${entry}(${args}, r, 1);`
  return { text, constants: values }
}

/** The target as it is given: nothing but what says what it is. */
const emptyInstance = justMade({ loop: {}, block: {} }, ['resourceType'])

function programCode(program: Program, wanted: Wanted[]): ProgramCode {
  const names = new Map<string, string>()
  const numberOfType = numbers<Type>()
  const numberOfGroup = numbers<CompiledGroup>()
  let variables = 0
  let functions = 0
  return {
    program,
    constants: createConstants(),
    fresh: () => `v${variables++}`,
    freshFunction: () => `g${functions++}`,
    setsWholes: setsWholes(program),
    functionOf(group, args) {
      const kinds = args.map((each) => {
        const { json, listed, loose, node, made } = each
        const members = made?.members && [...made.members].join()
        return `${numberOfType(each.type)} ${json} ${listed} ${loose} ${node !== undefined} ${members}`
      })
      const key = [numberOfGroup(group), ...kinds].join('|')
      const known = names.get(key)
      if (known !== undefined) return known
      if (group.group.extends) return undefined
      const name = `g${functions++}`
      names.set(key, name)
      wanted.push({ name, group, args })
      return name
    },
  }
}

/** Numbers objects in the order in which they are asked for. */
function numbers<T>(): (of: T) => number {
  const known = new Map<T, number>()
  return (of) => {
    const number = known.get(of) ?? known.size
    known.set(of, number)
    return number
  }
}

/** The functions of one group, called with these arguments: one, unless it is long. */
function* functionSteps({ name, group, args }: Wanted, code: ProgramCode, most: number): Steps<string[]> {
  const parameters = args.map(() => code.fresh())
  const given = [...parameters, 'r', 'd'].join(', ')
  const parts: string[] = []
  let part = createPart(group, { args, parameters, code })
  const calls: string[] = []
  let length = 0
  const end = () => {
    const own = code.freshFunction()
    calls.push(`${own}(${given});`)
    length += part.length()
    parts.push(`function ${own}(${given}) {\n${part.text()}\n}`)
  }
  for (const rule of group.rules) {
    if (part.length() > LONGEST_FUNCTION) {
      end()
      // What the first part has made of its arguments is not known to the next.
      const later = args.map(({ made: _, ...each }): Known => each)
      part = createPart(group, { args: later, parameters, code })
    }
    const isLong = length + part.length() > most
    part.add(isLong ? [closuresOf(rule, part.holdings, part.code)] : ruleCode(rule, part.holdings, part.code))
    yield
  }
  const guard = 'if (d > r.limits.depth) throw tooDeep(r);'
  if (parts.length === 0) return [`function ${name}(${given}) {\n${guard}\n${part.text()}\n}`]
  end()
  return [...parts, `function ${name}(${given}) {\n${[guard, ...calls].join('\n')}\n}`]
}

/** A function that calls the closures of a group. */
function callOf({ name, group, args }: Wanted, { constants, fresh }: ProgramCode): string {
  const parameters = args.map(fresh)
  const nodes = args.map((each, index) => {
    const parameter = parameters[index] ?? ''
    return each.node === undefined ? nodeOf({ ...argument(each), value: parameter }, constants) : parameter
  })
  const given = [...parameters, 'r', 'd'].join(', ')
  return `function ${name}(${given}) {\n${constants.of(group)}.call([${nodes.join(', ')}], r, d);\n}`
}

/** A function under way. */
function createPart(
  group: CompiledGroup,
  { args, parameters, code }: { args: Known[]; parameters: string[]; code: ProgramCode },
) {
  const variables: string[] = []
  const places: object[] = []
  const own: FunctionCode = {
    ...code,
    map: group.map,
    loop: {},
    block: {},
    atRule: '',
    declare() {
      const variable = code.fresh()
      variables.push(variable)
      return variable
    },
    placeOf: (place) => places.push(place) - 1,
  }
  const holdings = new Map<number, Held>()
  const lines: string[] = []
  for (const [slot, arg] of args.entries()) {
    const parameter = parameters[slot] ?? ''
    const known = { ...argument(arg), ...(arg.made ? { made: justMade(own, [...(arg.made.members ?? [])]) } : {}) }
    if (arg.node === undefined) holdings.set(slot, { ...known, value: parameter })
    else {
      const value = own.declare()
      lines.push(`${value} = ${parameter}.value;`)
      holdings.set(slot, { ...known, value, node: parameter })
    }
  }
  let length = 0
  return {
    code: own,
    holdings,
    length: () => length,
    add(added: string[]) {
      for (const line of countedTogether(added)) {
        lines.push(line)
        length += line.length
      }
    },
    /** What goes wrong is told with the place of the rule at which it stands. */
    text: () => `let at = 0${variables.map((each) => `, ${each}`).join('')};
try {
${lines.join('\n')}
} catch (error) {
throw relocate(error, ${code.constants.of(places)}[at]);
}`,
  }
}

/** Statements after which a step can be counted as well as before them: nothing is seen of them where it is one too many. */
const QUIET =
  /^(?:v\d+(?:\["\w+"\])?(?: = v\d+\["\w+"\])? = (?:v\d+|k\d+|\{\}|\[v\d+\]|\{(?: \w+: [kv]\d+,?)+ \})|addObject\(v\d+, k\d+, v\d+\));$/

/** Lines of which steps with nothing but such statements between them are counted at once. */
function countedTogether(lines: string[]): string[] {
  const made: string[] = []
  let steps = 0
  const count = () => {
    if (steps > 0) made.push(stepsCode(steps))
    steps = 0
  }
  for (const line of lines) {
    if (line === STEP) steps++
    else if (line !== '') {
      if (!QUIET.test(line)) count()
      made.push(line)
    }
  }
  count()
  return made
}

/** What is known of a parameter: not what its value is. */
function argument({ type, json, listed, loose }: Known): Omit<Known, 'value' | 'node'> {
  return { type, json, ...(listed ? { listed } : {}), ...(loose === undefined ? {} : { loose }) }
}

/** Whether a rule of some map sets a variable as a whole, and not an element of it. */
function setsWholes(program: Program): boolean {
  for (const { target = [] } of allRules(program.scopes.map(({ map }) => map)))
    for (const { context, element, transform } of target)
      if (context !== undefined && element === undefined && transform !== undefined) return true
  return false
}
