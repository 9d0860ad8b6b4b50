import { formatCanonical } from '../../fhir/canonical.ts'
import { isError } from '../../fhir/error.ts'
import type { OperationBudget } from '../../fhir/operation.ts'
import type { Issue, ValueSet } from '../../fhir/types.ts'
import { implicitSystem } from '../code-system/implicit/implicit-systems.ts'
import type { Scope } from '../request/scope.ts'
import { modifierIn } from '../request/understood.ts'
import { expansionGap } from '../request/usable.ts'
import { perform } from '../request/work.ts'
import type { Clause, CompiledSet } from '../value-set/clause.ts'
import { requireMembers } from '../value-set/clause-members.ts'
import { compileValueSet } from '../value-set/compile.ts'
import { knownOperators } from '../value-set/filters/filters.ts'
import { noDecisions, type ValueSetQuery } from '../value-set/query.ts'
import { asWarnings, fault, listed, refusalOf, remark } from './remark.ts'

type Include = NonNullable<ValueSet['compose']>['include'][number]

/** What a value set can never answer, or cannot answer yet: its own words first, then what it names. */
export async function checkValueSet(
  definition: ValueSet,
  scope: Scope,
  budget: OperationBudget | undefined,
): Promise<Issue[]> {
  const issues = checkDefinition(definition)
  if (issues.some(isError)) return issues
  let set: CompiledSet | undefined
  const refusal = await refusalOf(async () => {
    set = await perform(
      scope,
      compileValueSet(definition, { scope, valueSetRules: new Map(), supplements: [] }),
      budget,
    )
  })
  // What was refused for want of time says nothing of the value set.
  budget?.spend(() => undefined)
  if (!set) return [...issues, ...compileIssues(definition, refusal?.issues ?? [])]
  const query: ValueSetQuery = { scope, systemRules: new Map(), decided: noDecisions(), pass: () => false }
  for (const clause of [...set.includes, ...set.excludes]) {
    for (const canonical of clause.missing)
      issues.push(remark(`${clause.expression}.valueSet`, `names the value set ${canonical}, which is not here`))
    const { system } = clause
    if (system === undefined) continue
    const check = () => checkSystem(clause, system, query)
    issues.push(...(await (budget ? budget.runAsync(check) : check())))
  }
  return issues
}

/** What is wrong whatever else is stored. */
function checkDefinition(definition: ValueSet): Issue[] {
  const { compose, expansion } = definition
  const modifier = modifierIn(definition)
  if (modifier) return [fault(modifier, 'is not understood and may change what the value set means', 'not-supported')]
  const gap = !compose && expansion && expansionGap(expansion)
  if (gap) return [fault('ValueSet.expansion', `${gap}, and there is no definition beside it`, 'incomplete')]
  if (!compose && !expansion?.contains?.length)
    return [fault('ValueSet.compose', 'is absent, and there is no expansion: the value set names nothing', 'required')]
  return (['include', 'exclude'] as const).flatMap((kind) =>
    (compose?.[kind] ?? []).flatMap((each, index) => checkClause(each, `ValueSet.compose.${kind}[${index}]`)),
  )
}

function checkClause(clause: Include, at: string): Issue[] {
  const { system, valueSet, concept, filter = [] } = clause
  const issues: Issue[] = []
  if (!system && !valueSet?.length) issues.push(fault(at, 'has neither system nor valueSet (vsd-1)', 'required'))
  else if (!system && (concept?.length || filter.length > 0))
    issues.push(fault(at, 'lists or filters codes of no system (vsd-2)', 'required'))
  if (concept?.length && filter.length > 0)
    issues.push(remark(at, 'has both concepts and filters (vsd-3): only concepts that pass are meant', 'business-rule'))
  const open = filter.map((each, index) => ({ ...each, at: `${at}.filter[${index}]` }))
  for (const { op, value, property, at: place } of open) {
    if (op !== undefined && !knownOperators.includes(op))
      issues.push(fault(`${place}.op`, `'${op}' is unknown; known are ${knownOperators.join(', ')}`, 'not-supported'))
    if (!value) issues.push(fault(`${place}.value`, 'is absent: the filter would pass nothing', 'required'))
    if (!property) issues.push(fault(`${place}.property`, 'is absent', 'required'))
  }
  return issues
}

/** A circle is the set's own fault; what is wrong with an imported set may be put right there. */
function compileIssues(definition: ValueSet, found: Issue[]): Issue[] {
  const name = formatCanonical(definition.url, definition.version)
  const isCircle = found.some(({ details }) => /circular|cyclic/i.test(details?.text ?? ''))
  if (isCircle || !imports(definition)) return found
  const text = `of ${name} names a value set that cannot be used: ${found[0]?.details?.text ?? ''}`
  return [remark('ValueSet.compose', text, 'business-rule')]
}

const imports = ({ compose }: ValueSet) =>
  [...(compose?.include ?? []), ...(compose?.exclude ?? [])].some((each) => each.valueSet?.length)

/** What a clause names of its code system. */
async function checkSystem(clause: Clause, system: string, query: ValueSetQuery): Promise<Issue[]> {
  const { scope } = query
  const providers = scope.systemsHere(system)
  const isWhole = providers[0]?.head.content === 'complete'
  let found: ReturnType<typeof requireMembers> | undefined
  const refusal = await refusalOf(async () => {
    found = requireMembers(clause, query)
  })
  if (refusal) {
    if (providers.length === 0) await scope.load([{ type: 'ValueSet', url: system }])
    if (providers.length === 0 && scope.isValueSet(system))
      return [fault(`${clause.expression}.system`, `${system} is a value set; it belongs into valueSet`)]
    // What only a part of the system does not know may be known to the whole of it.
    return refusal.status === 422 && isWhole ? refusal.issues : asWarnings(refusal.issues)
  }
  if (!found || !clause.concepts || found.resolution.assumed) return []
  const { provider } = found
  const unknown = [...clause.concepts.keys()].filter((code) => provider.locate(code) === undefined)
  if (unknown.length === 0) return []
  const text = `has codes that are not in ${formatCanonical(system, provider.head.version)}: ${listed(unknown)}`
  const isStored = provider.head.content === 'complete' && implicitSystem(system) === undefined
  return [(isStored ? fault : remark)(`${clause.expression}.concept`, text, 'code-invalid')]
}
