import { parseCanonical } from '../../fhir/canonical.ts'
import type { OperationBudget } from '../../fhir/operation.ts'
import type { ConceptMap, Issue } from '../../fhir/types.ts'
import { implicitSystem } from '../code-system/implicit/implicit-systems.ts'
import type { Scope } from '../request/scope.ts'
import { fault, listed, remark } from './remark.ts'

type Group = NonNullable<ConceptMap['group']>[number]
type Target = NonNullable<NonNullable<Group['element']>[number]['target']>[number]

/** A map that can translate nothing, pairs that contradict each other, codes and systems that are not here. */
export async function checkConceptMap(
  map: ConceptMap,
  scope: Scope,
  budget: OperationBudget | undefined,
): Promise<Issue[]> {
  const groups = map.group ?? []
  if (!groups.some((group) => group.unmapped || group.element?.some((each) => each.code)))
    return [fault('ConceptMap.group', 'has no code: the concept map translates nothing', 'required')]
  const issues: Issue[] = []
  for (const [index, group] of groups.entries()) {
    const at = `ConceptMap.group[${index}]`
    const check = async () => [...checkPairs(group, at), ...(await checkCodes(at, group, scope))]
    for (const each of await (budget ? budget.runAsync(check) : check())) issues.push(each)
  }
  return issues
}

/** One code with several elements: all of them answer, unless they say different things of one pair. */
function checkPairs(group: Group, at: string): Issue[] {
  const issues: Issue[] = []
  const seen = new Map<string, { index: number; said: Map<string, string> }>()
  const nameless: number[] = []
  for (const [index, { code, target = [] }] of (group.element ?? []).entries()) {
    if (!code) {
      nameless.push(index)
      continue
    }
    const earlier = seen.get(code)
    const said = earlier?.said ?? new Map<string, string>()
    if (earlier) {
      const text = `maps '${code}' a second time (after element[${earlier.index}]); the targets of both count`
      issues.push(remark(`${at}.element[${index}]`, text, 'duplicate'))
    } else seen.set(code, { index, said })
    for (const [number, each] of target.entries()) {
      const key = pairKey(each)
      const { equivalence = 'equivalent' } = each
      const other = said.get(key)
      if (other !== undefined && other !== equivalence) {
        const text = `calls '${code}' and '${each.code ?? ''}' ${equivalence}, and ${other} elsewhere in the group`
        issues.push(fault(`${at}.element[${index}].target[${number}]`, text, 'conflict'))
      }
      said.set(key, equivalence)
    }
  }
  if (nameless.length > 0)
    issues.push(remark(`${at}.element[${nameless[0]}]`, 'has no code and is never found', 'required'))
  return issues
}

/** Targets that depend on something, or yield something more, are answers to other questions. */
const pairKey = ({ code, dependsOn, product }: Target) => JSON.stringify([code ?? null, dependsOn ?? [], product ?? []])

/** Codes that a complete system does not have, and systems that are not here. */
async function checkCodes(at: string, group: Group, scope: Scope): Promise<Issue[]> {
  const elements = group.element ?? []
  const sides = [
    { side: 'source', system: group.source, codes: elements.flatMap((each) => each.code ?? []) },
    {
      side: 'target',
      system: group.target,
      codes: elements.flatMap((each) => (each.target ?? []).flatMap((target) => target.code ?? [])),
    },
  ]
  const issues: Issue[] = []
  for (const { side, system, codes } of sides) {
    if (system === undefined) continue
    const { url } = parseCanonical(system)
    await scope.load([{ type: 'CodeSystem', url }])
    const [provider] = scope.systemsHere(url)
    if (!provider) await scope.load([{ type: 'ValueSet', url }])
    if (!provider && scope.isValueSet(url))
      issues.push(remark(`${at}.${side}`, `${system} is a value set, and no code system`, 'business-rule'))
    else if (!provider) issues.push(remark(`${at}.${side}`, `names the code system ${system}, which is not here`))
    else if (provider.head.content === 'complete' && implicitSystem(url) === undefined) {
      const unknown = [...new Set(codes)].filter((code) => provider.locate(code) === undefined)
      if (unknown.length > 0)
        issues.push(remark(`${at}.${side}`, `${system} does not have ${listed(unknown)}`, 'code-invalid'))
    }
  }
  return issues
}
