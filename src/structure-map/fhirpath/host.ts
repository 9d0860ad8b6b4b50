import { isJsonObject } from '../../base/json.ts'
import type { Json, JsonObject } from '../../base/json-value.ts'
import { keepPerObject } from '../../base/keep.ts'
import type { FhirPathFunctions } from '../../fhir/fhirpath/fhirpath.ts'
import { findReferenced } from '../../fhir/resolve.ts'
import { inferType, isJson, type Node } from '../model/nodes.ts'
import type { TypeTable } from '../model/type-table.ts'
import { isA, plainTypeName } from '../model/types.ts'
import type { Run } from '../run/run.ts'
import { codesOf } from '../run/translate.ts'
import type { ExpressionHost } from './expression-types.ts'

/** The host of all expressions of a program; `functions` are the same answers for the full FHIRPath engine. */
export interface ProgramHost extends ExpressionHost {
  functions: FhirPathFunctions
}

type Membership = (code: string, system?: string) => boolean

/** A host over the types and value sets that were loaded for a program. */
export function createHost(types: TypeTable, memberships: ReadonlyMap<string, Membership>): ProgramHost {
  const host: ProgramHost = {
    run: undefined,
    memberOf(node, valueSet) {
      const isMember = memberships.get(valueSet)
      return isMember && codesOf(node).some(({ code, system }) => isMember(code, system))
    },
    conformsTo: (node, profile) => conformsTo(node, profile, types),
    resolve: (run, reference) => resolve(run, reference),
    findType: (name) => types.find(plainTypeName(name)),
    functions: {
      memberOf: (value, valueSet) => host.memberOf(nodeOf(value), valueSet),
      conformsTo: (value, profile) => host.conformsTo(nodeOf(value), profile),
      resolve: (reference) => (host.run ? host.resolve(host.run, reference)?.value : undefined),
    },
  }
  return host
}

function nodeOf(value: unknown): Node {
  const json = isJson(value) ? value : undefined
  return { value: json, type: inferType(json) }
}

/** By type and by `meta.profile`: there is no validator here. Undefined (empty) for a profile that neither settles. */
function conformsTo(node: Node, profile: string, types: TypeTable): boolean | undefined {
  const type = types.find(profile)
  const meta = isJsonObject(node.value) ? node.value.meta : undefined
  const claimed = isJsonObject(meta) ? meta.profile : undefined
  if (Array.isArray(claimed) && claimed.some((each) => each === profile || String(each).split('|')[0] === profile))
    return true
  if (!type || node.type.kind === 'unknown') return undefined
  if (type.url !== undefined && type.kind !== 'logical') return isA(node.type, type) ? undefined : false
  return isA(node.type, type)
}

/** References inside the source instance only; entries of a Bundle are indexed once per run. */
function resolve(run: Run, reference: string): Node | undefined {
  const root = run.root.value
  if (root === null || typeof root !== 'object' || Array.isArray(root)) return undefined
  const found = indexOf(root).get(reference) ?? findReferenced(reference, [root])
  return !isJson(found) ? undefined : { value: found, type: inferType(found) }
}

/** Entries of a Bundle by the references that lead to them. */
const indexOf = keepPerObject((root: JsonObject): Map<string, Json> => {
  const index = new Map<string, Json>()
  for (const entry of Array.isArray(root.entry) ? root.entry : []) {
    if (!isJsonObject(entry)) continue
    const { fullUrl, resource } = entry
    if (!isJsonObject(resource)) continue
    if (typeof fullUrl === 'string' && !index.has(fullUrl)) index.set(fullUrl, resource)
    const name = `${String(resource.resourceType)}/${String(resource.id)}`
    if (resource.id !== undefined && !index.has(name)) index.set(name, resource)
  }
  return index
})
