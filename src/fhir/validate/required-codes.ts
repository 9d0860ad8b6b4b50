/** What of a resource would make it unreadable to everybody else, and is told before it is stored: codes that must be there and are none. */
import { isJsonObject } from '../../base/json.ts'
import type { JsonObject } from '../../base/json-value.ts'
import { FhirError } from '../error.ts'
import { asJson } from '../json.ts'
import type { Issue, Resource } from '../types.ts'
import { narrativeFindings } from '../xml/xhtml.ts'
import { type CodeTest, judgeAsks } from './bindings.ts'
import { propertyItems } from './items.ts'
import { createReport } from './report.ts'
import { memberOf } from './shapes.ts'
import type { Ask } from './walk.ts'

/** Most codes that are looked at: a table of a thousand wrong ones needs no more to be understood. */
const mostCodes = 20_000

/**
 * Codes of elements that R4 requires and binds to a value set: `ValueSet.status`, `ConceptMap.group.element.target.equivalence`.
 * @returns an error for each that the value set does not have; what is not known now is passed over
 */
export async function requiredCodeFaults(
  resource: Resource,
  membership: (valueSet: string) => Promise<CodeTest>,
): Promise<Issue[]> {
  const asks: Ask[] = []
  collect(asJson(resource), resource.resourceType, { asks, path: resource.resourceType })
  const report = createReport()
  for (const [valueSet, group] of Map.groupBy(asks, ({ binding }) => binding.valueSet)) {
    const test = await known(valueSet, membership)
    if (test) for (const _ of judgeAsks(distinct(group), test, report));
  }
  return report.issues()
}

async function known(
  valueSet: string,
  membership: (valueSet: string) => Promise<CodeTest>,
): Promise<CodeTest | undefined> {
  try {
    return await membership(valueSet)
  } catch (error) {
    if (error instanceof FhirError) return undefined
    throw error
  }
}

/** One code is asked once: where it stands first. */
const distinct = (asks: Ask[]): Ask[] => [...new Map(asks.map((each) => [each.codes[0]?.code, each])).values()]

interface Collecting {
  asks: Ask[]
  path: string
}

function collect(object: JsonObject, type: string, { asks, path }: Collecting): void {
  for (const name of Object.keys(object)) {
    if (asks.length >= mostCodes) return
    const member = memberOf(type, name)
    if (!member || (member.isPrimitive && !isRequired(member))) continue
    for (const { value, segment, type: itemType } of propertyItems(object, name, member.element)) {
      const expression = `${path}.${segment}`
      if (typeof value === 'string') {
        for (const binding of member.rules.bindings)
          asks.push({ binding, codes: [{ code: value }], isWords: false, isBare: true, expression, by: '' })
      } else if (isJsonObject(value) && !member.isResource) collect(value, itemType, { asks, path: expression })
    }
  }
}

const isRequired = ({ element, rules }: NonNullable<ReturnType<typeof memberOf>>) =>
  element.min > 0 && element.childType === 'code' && rules.bindings.some(({ strength }) => strength === 'required')

/** What in the narratives of a resource, contained ones included, is not allowed (txt-1, txt-2). */
export function narrativeFaults(resource: Resource): Issue[] {
  const root = asJson(resource)
  const type = resource.resourceType
  const contained = Array.isArray(root.contained) ? root.contained : []
  return [
    ...faultsOf(root, type),
    ...contained.flatMap((each, index) => (isJsonObject(each) ? faultsOf(each, `${type}.contained[${index}]`) : [])),
  ]
}

function faultsOf({ text }: JsonObject, path: string): Issue[] {
  if (!isJsonObject(text) || typeof text.div !== 'string') return []
  return narrativeFindings(text.div).map(({ severity, text: what }) => ({
    severity,
    code: 'invariant',
    details: { text: what },
    expression: [`${path}.text.div`],
  }))
}
