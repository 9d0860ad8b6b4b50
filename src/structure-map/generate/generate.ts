/**
 * Straight-line JavaScript for a program that has been compiled: the same rules without the closures, where an instance is as its
 * definitions have it. Whatever is odd – a value that FHIR would refuse, an extension of a primitive, another shape, a construct
 * that nothing is generated for – goes to the closure of that rule, target or call, before anything of it has had an effect; so
 * errors, remarks and results are theirs.
 *
 * Code has no text of a map: what a map says enters as numbered constants, and as names of members that are letters and digits.
 */

import { allRules } from '../compile/load-terminology.ts'
import type { CompiledGroup, Program } from '../compile/program.ts'
import type { Type } from '../model/types.ts'
import { createConstants } from './code.ts'
import { ruleCode } from './generate-rule.ts'
import type { Held, Known } from './held.ts'
import type { FunctionCode, ProgramCode } from './program-code.ts'
import { RUNTIME } from './runtime.ts'

/** Text and constants of generated code. */
export interface GeneratedCode {
  /** Body of a function of the constants (`k`) and of {@link RUNTIME} (`h`), which gives the entry. */
  text: string
  constants: readonly unknown[]
}

/** Most characters of code that are made of one program: what is larger stays with the closures. */
const LONGEST = 2_000_000

/** The code of a group for arguments of these types; undefined when nothing of it can be generated. */
export function generateCode(
  program: Program,
  group: CompiledGroup,
  types: { source: Type; target: Type },
): GeneratedCode | undefined {
  const constants = createConstants()
  const functions: string[] = []
  const names = new Map<string, string>()
  let count = 0
  let length = 0
  const fresh = () => `v${count++}`
  const numbers = new Map<Type, number>()
  const numberOf = (type: Type) => numbers.get(type) ?? numbers.set(type, numbers.size).size - 1
  const groups = new Map<CompiledGroup, number>()
  const code: ProgramCode = {
    program,
    constants,
    fresh,
    texts: new Map(),
    setsWholes: setsWholes(program),
    functionOf(called, args) {
      if (called.group.extends || length > LONGEST) return undefined
      const number = groups.get(called) ?? groups.set(called, groups.size).size - 1
      const key = [
        number,
        ...args.map(
          (each) => `${numberOf(each.type)} ${each.json} ${each.listed} ${each.loose} ${each.node !== undefined}`,
        ),
      ].join('|')
      const known = names.get(key)
      if (known !== undefined) return known
      const name = `g${names.size}`
      names.set(key, name)
      const text = functionCode(name, called, { args, code })
      length += text.length
      functions.push(text)
      return name
    },
  }
  const given: Record<'source' | 'target', Known> = {
    source: { value: 'source', type: types.source, json: 'object' },
    target: { value: 'target', node: 'target', type: types.target, json: 'object', loose: true },
  }
  const entry = code.functionOf(
    group,
    group.inputs.map(({ mode }) => given[mode]),
  )
  if (entry === undefined) return undefined
  const runtime = Object.keys(RUNTIME).join(', ')
  const numbered = constants.values.map((_, index) => `k${index}`).join(', ')
  const args = group.inputs.map(({ mode }) => (mode === 'source' ? 'source.value' : 'target')).join(', ')
  const text = `"use strict";
const { ${runtime} } = h;
const [${numbered}] = k;
${functions.join('\n')}
return (source, target, r) => ${entry}(${args}, r, 1);`
  return { text, constants: constants.values }
}

/** The code of one group, called with these arguments. */
function functionCode(
  name: string,
  group: CompiledGroup,
  { args, code }: { args: Known[]; code: ProgramCode },
): string {
  const variables: string[] = []
  const places: object[] = []
  const own: FunctionCode = {
    ...code,
    map: group.map,
    declare() {
      const variable = code.fresh()
      variables.push(variable)
      return variable
    },
    placeOf: (place) => places.push(place) - 1,
  }
  const parameters = args.map(() => code.fresh())
  const holdings = new Map<number, Held>()
  const begin: string[] = []
  for (const [slot, arg] of args.entries()) {
    const parameter = parameters[slot] ?? ''
    if (arg.node === undefined) holdings.set(slot, { ...argument(arg), value: parameter })
    else {
      const value = own.declare()
      begin.push(`${value} = ${parameter}.value;`)
      holdings.set(slot, { ...argument(arg), value, node: parameter })
    }
  }
  const rules = group.rules.flatMap((rule) => ruleCode(rule, holdings, own))
  return `function ${name}(${[...parameters, 'r', 'd'].join(', ')}) {
if (d > r.limits.depth) throw tooDeep(r);
let at = 0${variables.map((each) => `, ${each}`).join('')};
try {
${[...begin, ...rules].filter((each) => each !== '').join('\n')}
} catch (error) {
throw relocate(error, ${code.constants.of(places)}[at]);
}
}`
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
