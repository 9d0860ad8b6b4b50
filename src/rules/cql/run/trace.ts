/** What every step of a library gave while a define was evaluated: for reasons of a null, explanations and coverage. */
import { PatientContext } from 'cql-execution'
import type { JsonObject } from '../../../base/json-value.ts'
import { keepPerObject } from '../../../base/keep.ts'
import { visit } from '../translate/elm.ts'
import { helpers } from '../translate/elm-scope.ts'
import { type CompiledLibrary, link } from '../translate/libraries.ts'

/** Results kept for one step at most: an explanation may be short, never costly. */
const mostResults = 100

/** Step → what it gave, every time that it ran. */
export type StepResults = Map<string, unknown[]>

/** The executor keeps one result of every step in each library's context; all of them are needed here. */
export function traceInto(results: StepResults, context: PatientContext): void {
  tellSteps(context, (step, value) => {
    const known = results.get(step)
    if (!known) results.set(step, [value])
    else if (known.length < mostResults) known.push(value)
  })
}

/** Told of a step that has a `localId`, and what it gave, every time that it ran; what it throws ends the run. */
export type StepListener = (step: string, value: unknown) => void

/** Tells the steps of a library and of all that it includes, from now on. */
export function tellSteps(context: PatientContext, listener: StepListener): void {
  const recorded = new WeakSet<object>()
  const attach = (each: PatientContext) => {
    if (recorded.has(each)) return
    recorded.add(each)
    const open = each.getLibraryContext.bind(each)
    each.setLocalIdWithResult = listener
    each.getLibraryContext = (name: string) => {
      const made = open(name)
      if (made instanceof PatientContext) attach(made)
      return made
    }
  }
  attach(context)
}

/** A library with all it includes in which every step has a `localId` of its own: the library's canonical and a number. Made once for each. */
export const tracedCopy = keepPerObject((library: CompiledLibrary): CompiledLibrary => {
  // Conversions of FHIRHelpers explain nothing, and it is large.
  const includes = library.includes.map((each) => (each.identifier.id === helpers ? each : tracedCopy(each)))
  const elm = structuredClone(library.elm)
  let step = 0
  visit(elm.library.statements, (node) => {
    if (isExpression(node)) node.localId = `${library.canonical} ${++step}`
  })
  const { canonical, identifier } = library
  return link({ text: { canonical, identifier }, elm, issues: [], includes })
})

const isExpression = (node: JsonObject) => typeof node.type === 'string' && !node.type.endsWith('TypeSpecifier')
