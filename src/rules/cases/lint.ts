/** What is not wrong in rules, and most likely not meant: what nobody uses, asks for or says. */
import { isJsonObject } from '../../base/json.ts'
import type { Json } from '../../base/json-value.ts'
import { FhirError } from '../../fhir/error.ts'
import type { PlanDefinition } from '../../fhir/types.ts'
import { isCertLogic } from '../certlogic/certlogic.ts'
import { definitions, visit } from '../cql/translate/elm.ts'
import type { CompiledLibrary } from '../cql/translate/libraries.ts'
import { libraryCanonical } from '../cql/translate/library-text.ts'
import { everyAction, isOutOfUse, readPlan } from '../read-plan.ts'
import type { RuleWorkshop } from '../rules.ts'
import type { Fault } from './notes.ts'
import { placeOf, reachOf } from './sites.ts'
import { type Artefacts, planCanonical, rootsIn } from './subject.ts'

/** A remark, and on what: a library by `url|version`, or a rule set. */
export interface Remark extends Fault {
  of: { library: string } | { plan: PlanDefinition }
}

/** Looks at the rules of a folder, as they are now. A library that cannot be compiled is told of elsewhere. */
export async function lintRules(artefacts: Artefacts, { expressions }: RuleWorkshop, now: Date): Promise<Remark[]> {
  const remarks: Remark[] = []
  const compiled: CompiledLibrary[] = []
  for (const each of artefacts.libraries) {
    if (isCertLogic(each)) continue
    const library = await expressions.libraries.compile(libraryCanonical(each)).catch((error: unknown) => {
      if (error instanceof FhirError && error.status < 500) return undefined
      throw error
    })
    if (library) compiled.push(library)
  }
  for (const library of compiled) remarks.push(...unused(library, { artefacts, compiled }), ...withoutDefault(library))
  for (const plan of artefacts.plans) remarks.push(...untold(plan), ...neverAsked(plan, now))
  return remarks
}

const at = (locator: Json | undefined): Pick<Fault, 'place'> => {
  const place = placeOf(locator)
  return place ? { place: `line ${place.line}, column ${place.column}` } : {}
}

/** Defines and functions to which neither a rule, nor what it tells of itself, nor another library leads. */
function unused(
  library: CompiledLibrary,
  { artefacts, compiled }: { artefacts: Artefacts; compiled: CompiledLibrary[] },
): Remark[] {
  const roots = [...rootsIn(library, artefacts.plans), ...usedByOthers(library, compiled)]
  // A library without rules is there for others, and says by itself what is for them.
  if (roots.length === 0) return unoffered(library, { artefacts, compiled })
  const told = roots.flatMap((name) => [name, `${name} Reasons`, `${name} Missing`])
  const beyond = new Set(reachOf(library, told).beyond)
  return definitions(library.elm, 'statements')
    .filter(({ name }) => beyond.has(String(name)))
    .map((each) => ({
      of: { library: library.canonical },
      text: `${each.type === 'FunctionDef' ? 'function' : 'define'} ${JSON.stringify(each.name)} is used by no rule`,
      ...at(each.locator),
    }))
}

/** A library that no rule set of the folder offers and no other library of it includes. */
function unoffered(
  { canonical, identifier }: CompiledLibrary,
  { artefacts, compiled }: { artefacts: Artefacts; compiled: CompiledLibrary[] },
): Remark[] {
  const isNamed = artefacts.plans.some(({ library = [] }) => library.includes(canonical))
  const isIncluded = compiled.some(({ elm }) =>
    definitions(elm, 'includes').some(({ path }) => String(path).split('/').at(-1) === identifier.id),
  )
  if (isNamed || isIncluded) return []
  const text = 'no rule set (PlanDefinition) of this folder names it: $evaluate runs it only where a request does'
  return [{ of: { library: canonical }, text }]
}

/** Why `$evaluate` does not select a rule set by itself. */
function neverAsked(plan: PlanDefinition, now: Date): Remark[] {
  const { type, period } = readPlan(plan)
  const remark = (place: string, text: string): Remark => ({ of: { plan }, place: `PlanDefinition.${place}`, text })
  const { until } = period.value
  return [
    ...(type === 'other'
      ? [remark('type', 'its type is not eca-rule: $evaluate never runs it, $apply alone does')]
      : []),
    ...(until !== undefined && until <= now.getTime()
      ? [remark('effectivePeriod', 'its effectivePeriod has ended: it runs for no question about now')]
      : []),
    ...(isOutOfUse(plan)
      ? [remark('status', `its status is ${plan.status}: it runs only where a request names it`)]
      : []),
  ]
}

function usedByOthers(library: CompiledLibrary, compiled: CompiledLibrary[]): string[] {
  const names = new Set<string>()
  for (const other of compiled) {
    const include = definitions(other.elm, 'includes').find(
      ({ path, version }) =>
        String(path).split('/').at(-1) === library.identifier.id &&
        (version === undefined || version === library.identifier.version),
    )
    if (!include || other === library) continue
    visit(other.elm.library.statements, ({ libraryName, name }) => {
      if (libraryName === include.localIdentifier) names.add(String(name))
    })
  }
  return [...names]
}

function withoutDefault(library: CompiledLibrary): Remark[] {
  return definitions(library.elm, 'parameters')
    .filter((each) => each.default === undefined)
    .map((each) => ({
      of: { library: library.canonical },
      text: `parameter ${JSON.stringify(each.name)} has no default: without a value it is null`,
      ...at(each.locator),
    }))
}

const translation = 'http://hl7.org/fhir/StructureDefinition/translation'

/** Rules without a message, and those that are told in fewer languages than others of their rule set. */
function untold(plan: PlanDefinition): Remark[] {
  const remarks: Remark[] = []
  const actions = everyAction(plan).filter(({ action }) => (action.condition ?? []).length > 0)
  const languages = new Set(actions.flatMap(({ action }) => languagesOf(action._textEquivalent)))
  for (const language of languagesOf(isJsonObject(plan) ? plan._title : undefined)) languages.add(language)
  for (const { action, path } of actions) {
    const name = JSON.stringify(action.title ?? path)
    if (action.textEquivalent === undefined) {
      const text = `rule ${name} of ${planCanonical(plan)} has no message (textEquivalent) for whoever does not meet it`
      remarks.push({ of: { plan }, place: path, text })
      continue
    }
    const own = new Set(languagesOf(action._textEquivalent))
    const lacking = [...languages].filter((each) => !own.has(each))
    if (lacking.length > 0)
      remarks.push({
        of: { plan },
        place: path,
        text: `the message of rule ${name} is not translated: ${lacking.join(', ')}`,
      })
  }
  return remarks
}

function languagesOf(element: unknown): string[] {
  const extensions = isJsonObject(element) && Array.isArray(element.extension) ? element.extension : []
  return extensions.flatMap((each) => {
    if (!isJsonObject(each) || each.url !== translation || !Array.isArray(each.extension)) return []
    return each.extension.flatMap((part) =>
      isJsonObject(part) && part.url === 'lang' && typeof part.valueCode === 'string' ? [part.valueCode] : [],
    )
  })
}
