/** Instances of logical models as a rule retrieves them: found in what was given, held against their models, by class. */
import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { keepPerObject } from '../../base/keep.ts'
import { isResource } from '../../fhir/elements.ts'
import { FhirError, issue } from '../../fhir/error.ts'
import { asJson, parseJson } from '../../fhir/json.ts'
import type { Bundle, Issue } from '../../fhir/types.ts'
import type { FhirInstance, ReadScope } from '../cql/run/fhir-instance.ts'
import { instanceFaults, knowsAll } from './check-instance.ts'
import { type LogicalClass, type LogicalClasses, logicalClasses } from './classes.ts'
import type { LogicalModel } from './logical-model.ts'

/** An instance, and where it came from. */
interface Given {
  json: JsonObject
  /** Path of it, as an OperationOutcome tells it. */
  place: string
}

/** Instances of one request. */
export interface Instances {
  /** Whether there are any. */
  isEmpty: boolean
  /** Those of a type as ELM writes it, `{url}name`, and of what is derived from it; undefined for a type of no model that is in use. */
  ofType(type: string): FhirInstance[] | undefined
}

/** Instances where no library uses a model. */
const none: Instances = { isEmpty: true, ofType: () => undefined }

/**
 * Finds the instances in core data sets and in a Bundle: entries with the JSON of one as Binary, as `$evaluate` answers them, and
 * entries that are one. Without models in use nothing is looked at.
 * @throws FhirError 422 for an instance of no model that is in use, one that its model does not have so, and instances of several persons
 */
export function readInstances(
  models: readonly LogicalModel[],
  { coreDataSets, data }: { coreDataSets?: readonly JsonObject[] | undefined; data?: Bundle | undefined },
  scope: ReadScope,
): Instances {
  if (models.length === 0) return none
  const classes = classesOf(models)
  const faults: Issue[] = []
  const given: Given[] = []
  for (const json of coreDataSets ?? []) given.push({ json, place: `coreDataSet[${given.length}]` })
  if (data) addInBundle(given, data, faults)
  const found: { instance: FhirInstance; of: LogicalClass; owner: LogicalClasses }[] = []
  for (const each of given) {
    const read = classOf(each, classes, faults)
    if (read) found.push({ of: read.of, owner: read.owner, instance: read.of.wrap(each.json, scope) })
  }
  if (given.length > 1) faults.push(...personFaults(given))
  if (faults.length > 0) throw new FhirError(422, faults)
  return {
    isEmpty: given.length === 0,
    ofType(type) {
      const owner = classes.find(({ typePrefix }) => type.startsWith(typePrefix))
      if (!owner) return undefined
      const isPerson = type === owner.personType
      const records: FhirInstance[] = []
      for (const each of found)
        if (each.owner === owner && (isPerson || each.of.typeNames.includes(type))) records.push(each.instance)
      return isPerson
        ? personOf(
            records.map(({ _json }) => _json),
            owner,
            scope,
          )
        : records
    },
  }
}

/** Classes of the models of a library. */
const classesOf = keepPerObject((models: readonly LogicalModel[]) => models.map(logicalClasses))

function classOf(
  { json, place }: Given,
  all: readonly LogicalClasses[],
  faults: Issue[],
): { of: LogicalClass; owner: LogicalClasses } | undefined {
  const report = (text: string, path = '') =>
    void faults.push(issue('structure', { text: `${place}${path}: ${text}`, expression: `${place}${path}` }))
  const { resourceType } = json
  if (typeof resourceType !== 'string') {
    report('has no resourceType that would name its model')
    return undefined
  }
  let owner: LogicalClasses | undefined
  let named: LogicalClass | undefined
  let owners = 0
  for (const each of all) {
    const of = each.ofInstance(resourceType)
    if (!of) continue
    owner = each
    named = of
    owners++
  }
  if (!owner || !named || owners > 1) {
    report(
      owner
        ? 'its resourceType names models of the same name'
        : `its resourceType ${shown(resourceType)} names no model that the library uses (${all.map(({ model }) => `${model.name}|${model.version}`).join(', ')})`,
    )
    return undefined
  }
  const asNamed = instanceFaults(json, named, owner)
  if (asNamed.length === 0) return { of: named, owner }
  // Makers name the model that several share: which one it is, its elements tell.
  const narrower = knowsAll(json, named) ? [] : named.derived.filter((each) => knowsAll(json, each))
  const narrowest = narrower.filter((each) => !narrower.some((other) => other.derived.includes(each)))
  const [of = named, ...rivals] = narrowest
  if (rivals.length > 0) {
    report(`may be a ${[of, ...rivals].map(({ name }) => name).join(' or a ')}`)
    return undefined
  }
  const own = of === named ? asNamed : instanceFaults(json, of, owner)
  for (const { path, text } of own) report(text, `.${path}`)
  return own.length > 0 ? undefined : { of, owner }
}

/** A text of the data, as far as it helps. */
const shown = (text: string) => text.replace(/[^\w:/.|#-]/g, '?').slice(0, 120)

/** JSON of one is nested some five deep. */
const deepest = 50

function addInBundle(given: Given[], data: Bundle, faults: Issue[]): void {
  const { entry } = asJson(data)
  if (!Array.isArray(entry)) return
  for (let at = 0; at < entry.length; at++) {
    const each = entry[at]
    const resource = isJsonObject(each) ? each.resource : undefined
    if (!isJsonObject(resource)) continue
    const { resourceType } = resource
    if (typeof resourceType !== 'string') continue
    const isBinary = resourceType === 'Binary'
    if (isBinary ? !isJsonType(resource.contentType) : isResource(resourceType)) continue
    const place = `Bundle.entry[${at}].resource`
    if (isBinary) {
      const json = decoded(resource.data)
      if (json) given.push({ json, place })
      else faults.push(issue('structure', { text: `${place}: holds no JSON object`, expression: `${place}.data` }))
    } else given.push({ json: resource, place })
  }
}

const isJsonType = (type: Json | undefined) => typeof type === 'string' && /^application\/json\s*(?:;|$)/i.test(type)

function decoded(encoded: Json | undefined): JsonObject | undefined {
  if (typeof encoded !== 'string') return undefined
  try {
    const json = parseJson(Buffer.from(encoded, 'base64').toString('utf8'), { depth: deepest })
    return isJsonObject(json) ? json : undefined
  } catch (error) {
    if (error instanceof FhirError) return undefined
    throw error
  }
}

/** Days of birth that cannot be one person's, whatever their precision; names are compared by whoever knows how people write them. */
function personFaults(given: readonly Given[]): Issue[] {
  let longest = ''
  for (const { json, place } of given) {
    const { birthDate } = json
    if (typeof birthDate !== 'string') continue
    if (!birthDate.startsWith(longest) && !longest.startsWith(birthDate))
      return [
        issue('conflict', {
          text: `${place}: tells of another person than those before it`,
          expression: `${place}.birthDate`,
        }),
      ]
    if (birthDate.length > longest.length) longest = birthDate
  }
  return []
}

/** Whom the instances are about: of each element what the first says that has it, of a date the fullest. */
function personOf(instances: readonly JsonObject[], owner: LogicalClasses, scope: ReadScope): FhirInstance[] {
  const of = owner.find(owner.model.person)
  if (!of || instances.length === 0) return []
  const told: JsonObject = {}
  for (const { forms } of of.elements)
    for (const { property, type } of forms)
      for (const each of instances) {
        const value = each[property]
        if (value == null) continue
        const known = told[property]
        const isFuller = type === 'System.Date' && String(value).length > String(known).length
        if (known === undefined || isFuller) told[property] = value
      }
  return [of.wrap(told, scope)]
}
