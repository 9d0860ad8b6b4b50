/** What the names in ELM stand for (https://cql.hl7.org/elm.html, references): definitions of the library and of those that it includes. */
import { isJsonObject, objectsIn } from '../../../base/json.ts'
import type { JsonObject } from '../../../base/json-value.ts'
import { operandType } from '../corrections/overloads.ts'
import { definitions, type Elm } from './elm.ts'

/** An included library by its alias: undefined where it is not known, about which others complain. */
export type Included = (alias: string) => Elm | undefined

/** Names of a library. */
export interface ElmNames {
  /** Definitions whose names cannot be told apart: what is wrong, path, locator. */
  faults: [text: string, path: string, locator: string | undefined][]
  /** What a reference leads to: a statement of this library, or what is wrong with it. Nothing of either for what is no reference. */
  find(node: JsonObject): { statement?: number; fault?: string }
  statementName(index: number): string
}

/** Sections by the step that refers to their definitions. */
const sectionOf: Record<string, string> = {
  ExpressionRef: 'statements',
  FunctionRef: 'statements',
  ParameterRef: 'parameters',
  ValueSetRef: 'valueSets',
  CodeSystemRef: 'codeSystems',
  CodeRef: 'codes',
  ConceptRef: 'concepts',
}

/** Members of steps that refer to a definition, and need not say by which step. */
const namedMembers: Record<string, [member: string, type: string]> = {
  InValueSet: ['valueset', 'ValueSetRef'],
  AnyInValueSet: ['valueset', 'ValueSetRef'],
  InCodeSystem: ['codesystem', 'CodeSystemRef'],
  AnyInCodeSystem: ['codesystem', 'CodeSystemRef'],
  Code: ['system', 'CodeSystemRef'],
}

/** Looks through the definitions of a library once. */
export function elmNames(elm: Elm, included: Included): ElmNames {
  const aliases = new Set(definitions(elm, 'includes').map((each) => String(each.localIdentifier)))
  const statements = definitions(elm, 'statements')
  const find = (node: JsonObject, type: string): { statement?: number; fault?: string } => {
    const section = sectionOf[type]
    if (section === undefined) return {}
    const { libraryName } = node
    if (libraryName !== undefined && !aliases.has(String(libraryName)))
      return { fault: `${type}: no library is included as ${String(libraryName)}` }
    const holder = libraryName === undefined ? elm : included(String(libraryName))
    // That an included library is not there is told where it is included.
    if (!holder) return {}
    const found = definitions(holder, section).filter((each) => isMeant(each, node, type))
    const [first] = found
    const name = `"${String(node.name)}"`
    if (!first) return { fault: `${type}: nothing is called ${name}${ofLibrary(libraryName)}` }
    if (libraryName !== undefined && first.accessLevel === 'Private')
      return { fault: `${type}: ${name}${ofLibrary(libraryName)} is private` }
    if (section === 'statements' && holder === elm && !isJsonObject(first.expression))
      return { fault: `${type}: ${name} has no expression` }
    // Of functions of one name the executor takes the one that the values fit: where a call leads is told when it is made.
    return section === 'statements' && libraryName === undefined && found.length === 1
      ? { statement: statements.indexOf(first) }
      : {}
  }
  return {
    faults: [...doubles(elm), ...undeclared(elm, (node, type) => find(node, type).fault)],
    statementName: (index) => String(statements[index]?.name),
    find(node) {
      const type = String(node.type)
      const named = Object.hasOwn(namedMembers, type) ? namedMembers[type] : undefined
      if (!named) return Object.hasOwn(sectionOf, type) ? find(node, type) : {}
      const [member, refersBy] = named
      const reference = node[member]
      if (isJsonObject(reference)) return find(reference, refersBy)
      return node[`${member}Expression`] === undefined ? { fault: `${type} has no ${member}` } : {}
    },
  }
}

const ofLibrary = (alias: unknown) => (alias === undefined ? '' : ` in ${String(alias)}`)

function isMeant(definition: JsonObject, node: JsonObject, type: string): boolean {
  if (definition.name !== node.name) return false
  if (type === 'ExpressionRef') return definition.type !== 'FunctionDef'
  if (type !== 'FunctionRef') return true
  const operands = objectsIn(definition.operand).length
  return definition.type === 'FunctionDef' && operands === objectsIn(node.operand).length
}

/** Definitions of one name: of two the executor would take one, and nobody could tell which. Functions may share theirs when their operands differ. */
function doubles(elm: Elm): ElmNames['faults'] {
  const faults: ElmNames['faults'] = []
  for (const section of ['includes', 'usings', ...new Set(Object.values(sectionOf))]) {
    const seen = new Set<string>()
    for (const [index, each] of definitions(elm, section).entries()) {
      const name = nameOf(each)
      const locator = typeof each.locator === 'string' ? each.locator : undefined
      if (seen.has(name)) faults.push([`"${name}" is there twice`, `${section}.def[${index}]`, locator])
      seen.add(name)
    }
  }
  return faults
}

/** The name of a definition; of a function with the types of its operands, by which a call chooses. */
function nameOf(definition: JsonObject): string {
  const name = String(definition.name ?? definition.localIdentifier)
  if (definition.type !== 'FunctionDef') return name
  const types = objectsIn(definition.operand).map((each) => JSON.stringify(operandType(each) ?? null))
  return `${name}(${types.join()})`
}

/** Members of declarations that refer to others, by section. */
const declaredMembers: [section: string, member: string, type: string][] = [
  ['valueSets', 'codeSystem', 'CodeSystemRef'],
  ['codes', 'codeSystem', 'CodeSystemRef'],
  ['concepts', 'code', 'CodeRef'],
]

/** Declarations that name what is not declared. */
function undeclared(elm: Elm, faultOf: (node: JsonObject, type: string) => string | undefined): ElmNames['faults'] {
  return declaredMembers.flatMap(([section, member, type]) =>
    definitions(elm, section).flatMap((each, index) =>
      [each[member] ?? []].flat().flatMap((reference): ElmNames['faults'] => {
        const text = isJsonObject(reference) ? faultOf(reference, type) : `${member} is no reference`
        const locator = typeof each.locator === 'string' ? each.locator : undefined
        return text === undefined ? [] : [[text, `${section}.def[${index}].${member}`, locator]]
      }),
    ),
  )
}
