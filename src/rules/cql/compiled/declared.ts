/** What a library declares, as the executor finds it; what could be found in two ways is left to it. */
import type { JsonObject } from '../../../base/json-value.ts'
import { isError } from '../../../fhir/error.ts'
import { namesOwnSystems } from '../corrections/executable-elm.ts'
import { definitions, includeDefinitions, visit } from '../translate/elm.ts'
import type { CompiledLibrary } from '../translate/libraries.ts'
import { objectsOf, optionalText, textOf } from './place.ts'
import { leave } from './step.ts'
import { refuseOwnNames } from './steps/plain.ts'

/** Refuses a library with errors, and one in which a parameter of two libraries would be bound as the executor finds it. */
export function checkWhole(library: CompiledLibrary): void {
  const all = [library, ...library.includes]
  if (all.some(({ issues }) => issues.some(isError))) leave('it has errors')
  const declared = all.flatMap((each) => definitions(each.elm, 'parameters').map(({ name }) => name))
  if (new Set(declared).size < declared.length) leave('a parameter is declared twice')
}

/** The one declaration of a name in a section. */
export function declaredIn({ elm }: CompiledLibrary, section: string, name: string): JsonObject {
  const [found, ...others] = definitions(elm, section).filter((each) => each.name === name)
  return found && others.length === 0 ? found : leave('a declaration is not there once')
}

/** The canonical of a value set that is declared. */
export function valueSetOf(library: CompiledLibrary, name: string): { id: string; version: string | undefined } {
  const found = declaredIn(library, 'valueSets', name)
  if (!namesOwnSystems(library.elm, found)) leave('a value set names a code system that its library does not have')
  return { id: textOf(found, 'id'), version: optionalText(found, 'version') }
}

/** The library that an alias means, as the executor finds it. */
export function includedAs(library: CompiledLibrary, alias: string): CompiledLibrary {
  const found = includeDefinitions(library.elm).filter((each) => each.alias === alias)
  const [only, ...others] = found
  if (!only || others.length > 0) return leave('an include is not there once')
  const id = only.path.slice(only.path.lastIndexOf('/') + 1)
  const included = library.includes.find(
    ({ identifier }) => identifier.id === id && (only.version === undefined || identifier.version === only.version),
  )
  return included ?? leave('an included library is not there')
}

/**
 * The executor looks for every name wherever it can stand, from the inside to the outside. Where a name is given twice in one library,
 * once for a define and once within one, it may find another thing than the author meant: such a library is left to it.
 */
export function checkNames({ elm }: CompiledLibrary): void {
  const within = new Set<string>()
  visit(elm.library.statements, (node) => {
    for (const member of ['alias', 'identifier'] as const) {
      const name = node[member]
      if (typeof name === 'string') within.add(name)
    }
    if (node.type === 'FunctionDef') for (const each of objectsOf(node, 'operand')) within.add(String(each.name))
  })
  const outside = [
    ...definitions(elm, 'statements').flatMap(({ name, type }) => (type === 'FunctionDef' ? [] : [String(name)])),
    ...includeDefinitions(elm).map(({ alias }) => alias),
  ]
  if (new Set(outside).size < outside.length) leave('a name is given twice')
  if (outside.some((each) => within.has(each))) leave('a name within a define is that of a define')
  const sections = ['statements', 'parameters', 'valueSets', 'codeSystems', 'codes', 'concepts']
  const declared = sections.flatMap((each) => definitions(elm, each).map(({ name }) => String(name)))
  refuseOwnNames([...within, ...outside, ...declared])
}
