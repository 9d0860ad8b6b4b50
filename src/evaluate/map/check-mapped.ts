import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { checkResource } from '../../fhir/check/resource.ts'
import { isSound } from '../../fhir/check/sound.ts'
import { issue } from '../../fhir/error.ts'
import { asJson } from '../../fhir/json.ts'
import type { Bundle, Issue, Resource } from '../../fhir/types.ts'
import type { CompiledMap } from '../../structure-map/maps.ts'
import { personFaults, subjectOf } from '../person.ts'
import { impossibleContent } from './impossible-content.ts'
import type { Mapped } from './mapped.ts'

/** What is known beside the outcome of the maps. */
interface Expected {
  /** Certified events. */
  due: number
  /** Which map made each core data set. */
  makers: ReadonlyMap<JsonObject, CompiledMap>
  /** By which of several names the one in force is found. */
  clock: Date
  /** The resources are known to be R4. */
  isR4?: boolean
}

/**
 * Compares what the maps made with what was certified and with the models: what is missing, contradictory or not FHIR is an
 * obstacle; a primitive that FHIR would refuse is taken out and told. What is left tells whom it is about.
 */
export function checkMapped(mapped: Mapped, { due, makers, clock, isR4 = false }: Expected): void {
  const { obstacles, coreDataSets, bundle } = mapped
  if (!bundle) obstacles.push(issue('incomplete', 'The maps made no FHIR resources of the content'))
  checkCount(mapped, due)
  for (let index = 0; index < coreDataSets.length; index++) checkCoreDataSet(index, makers, mapped)
  if (bundle && !isR4) checkBundle(bundle, mapped)
  if (coreDataSets.length > 1) obstacles.push(...personFaults(coreDataSets))
  if (bundle && countOf(bundle, PATIENT) !== 1)
    obstacles.push(
      issue('conflict', 'The maps made no Patient of the content, or several: events are judged for one person'),
    )
  if (bundle) mapped.doubts.push(...impossibleContent(bundle, clock))
  mapped.subject = subjectOf(coreDataSets, bundle, clock)
}

/** Whether maps that the request chose tell the person that the default ones read; those that make no person do not. */
export function isSamePerson({ subject: chosen }: Mapped, { subject: expected }: Mapped): boolean {
  if (!chosen || !expected) return false
  return personFaults([chosen, expected].map(({ name = null, birthDate = null }) => ({ name, birthDate }))).length === 0
}

/**
 * Every certified event has a core data set, unless the maps make FHIR at once, and a resource that says what happened. None is due
 * of a summary without vaccinations.
 */
function checkCount({ coreDataSets, bundle, obstacles }: Mapped, due: number): void {
  const resources = bundle ? countOf(bundle, EVENT_TYPES) : 0
  if (due > 0 && coreDataSets.length === 0 && resources === 0)
    obstacles.push(issue('incomplete', 'The maps made no core data set of the content'))
  else if (coreDataSets.length > 0 && coreDataSets.length < due)
    obstacles.push(tooFew(due, coreDataSets.length, 'core data sets'))
  else if (bundle && resources < due) obstacles.push(tooFew(due, resources, 'resources that say what happened'))
}

const tooFew = (due: number, made: number, what: string) =>
  issue('incomplete', `${due} events are certified, and the maps made ${made} ${what} of them`)

const PATIENT = ['Patient']
/** Types of resources that say what happened to a person. */
const EVENT_TYPES = ['Immunization', 'Observation', 'Condition', 'DiagnosticReport', 'Procedure']

function countOf({ entry = [] }: Bundle, types: string[]): number {
  let count = 0
  for (const { resource } of entry) if (resource && types.includes(resource.resourceType)) count++
  return count
}

function checkCoreDataSet(index: number, makers: Expected['makers'], mapped: Mapped): void {
  const data = mapped.coreDataSets[index]
  const faults = data && makers.get(data)?.judge(data)
  if (faults && faults.missing.length === 0 && faults.misshapen.length === 0) return
  const which = mapped.coreDataSets.length > 1 ? `core data set ${index + 1}` : 'core data set'
  const report = (code: Issue['code'], text: string, expression?: string) =>
    mapped.obstacles.push(issue(code, expression === undefined ? text : { text, expression }))
  if (!faults) {
    report('not-found', `The model of the ${which} is not known to this server: nobody can tell what is missing of it`)
    return
  }
  const root = typeof data.resourceType === 'string' ? data.resourceType : 'CoreDataSet'
  for (const path of faults.missing)
    report('required', `The ${which} lacks ${path}, which its model ${faults.model} requires`, `${root}.${path}`)
  for (const path of faults.misshapen)
    report('structure', `The ${which} has ${path} in another form than its model ${faults.model}`, `${root}.${path}`)
}

/** Most rounds of taking out what is wrong: each may show more, for the list of faults is cut. */
const ROUNDS = 10

/** Takes out primitives that are not FHIR; anything else that is not is an obstacle. Nearly always there is neither. */
function checkBundle(bundle: Bundle, mapped: Mapped): void {
  if (isSound(bundle)) return
  let faults = errorsOf(bundle)
  for (let round = 0; round < ROUNDS && faults.some(isValue); round++) {
    for (const { expression: [expression = ''] = [] } of faults.filter(isValue)) {
      if (!removeAt(bundle, expression)) continue
      const text = `${expression} is not what FHIR allows and was left out`
      if (!mapped.leftOut.includes(text)) mapped.leftOut.push(text)
    }
    faults = errorsOf(bundle)
  }
  // Where the core data set lacks something, its resources lack the same.
  if (mapped.obstacles.length > 0) return
  for (const each of faults) {
    const text = `The content is not FHIR R4: ${each.details?.text ?? each.code}`
    mapped.obstacles.push(issue(each.code, { text, ...(each.expression ? { expression: each.expression } : {}) }))
  }
}

const errorsOf = (bundle: Bundle) => checkResource(bundle).filter(({ severity }) => severity === 'error')
const isValue = ({ code }: Issue) => code === 'value'

/** One step of a path: the name of an element, without the type of a choice, and the index in a list. */
interface Step {
  name: string
  index: number | undefined
}

/**
 * Takes an element out of a resource, given the path that a check of its structure reports, and what is left empty by that.
 * Answers whether there was such an element.
 */
export function removeAt(resource: Resource, expression: string): boolean {
  const steps = expression.split('.').slice(1).map(readStep)
  return steps.length > 0 && remove(asJson(resource), steps)
}

function readStep(text: string): Step {
  const [, name = text, index] = /^([^[]+)\[(\d+)\]$/.exec(text) ?? []
  return { name, index: index === undefined ? undefined : Number(index) }
}

function remove(holder: JsonObject, [step, ...rest]: Step[]): boolean {
  const property = step && propertyOf(holder, step.name)
  if (!step || property === undefined) return false
  const { index } = step
  const found = holder[property]
  const value = index === undefined ? found : Array.isArray(found) ? found[index] : undefined
  if (value === undefined) return false
  if (rest.length > 0) {
    if (!isJsonObject(value) || !remove(value, rest)) return false
    if (Object.keys(value).length > 0) return true
  }
  if (index === undefined || !Array.isArray(found)) delete holder[property]
  else removeItem(holder, property, { list: found, index })
  return true
}

/** The property of an element; a choice has the name of its type behind its own. */
function propertyOf(holder: JsonObject, name: string): string | undefined {
  if (Object.hasOwn(holder, name)) return name
  return Object.keys(holder).find((each) => each.startsWith(name) && /^[A-Z]/.test(each.slice(name.length)))
}

/** Values and what comes with them are lists of one length: null keeps the place. */
function removeItem(holder: JsonObject, property: string, { list, index }: { list: Json[]; index: number }): void {
  if (holder[`_${property}`] !== undefined) list[index] = null
  else list.splice(index, 1)
  if (list.length === 0) delete holder[property]
}
