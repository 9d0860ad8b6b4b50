/** Whether a rule set can decide: its library is published, its conditions name Boolean defines. */

import { nearestName } from '../../base/nearest.ts'
import { artefactCanonical, statusOf } from '../../fhir/artefact.ts'
import { parseCanonical } from '../../fhir/canonical.ts'
import { isError, issue } from '../../fhir/error.ts'
import type { Issue, Library, PlanDefinition } from '../../fhir/types.ts'
import { actionFaults, everyAction, type LibraryInspector, planFaults, readPlan, unquote } from '../../rules/rules.ts'
import { type CheckEnvironment, librariesOf } from './environment.ts'

type Condition = NonNullable<NonNullable<PlanDefinition['action']>[number]['condition']>[number]

/** Everything that keeps a PlanDefinition of the type `eca-rule` from deciding; a plan of another type is no rule set. */
export async function checkPlan(
  plan: PlanDefinition,
  beside: Library[],
  environment: CheckEnvironment,
): Promise<Issue[]> {
  if (readPlan(plan).type === 'other') return []
  const inspector = environment.rules.inspector(beside)
  const looking: Looking = { plan, beside, environment, inspector, reports: new Map() }
  const issues = planFaults(plan).map(placed)
  for (const [index, canonical] of (plan.library ?? []).entries())
    issues.push(...(await libraryIssues(canonical, `PlanDefinition.library[${index}]`, looking)))
  for (const { action, path } of everyAction(plan)) {
    const faults = actionFaults(action, path)
    issues.push(...faults.map(placed))
    for (const [index, condition] of (action.condition ?? []).entries()) {
      const at = `${path}.condition[${index}]`
      const isUnderstood = !faults.some(({ expression }) => expression?.some((each) => each.startsWith(at)))
      if (isUnderstood) issues.push(...(await conditionIssues(condition, `${at}.expression`, looking)))
    }
  }
  return issues
}

/** A fault whose text goes on after the name of the plan, told for itself. */
const placed = (fault: Issue): Issue => ({
  ...fault,
  details: { ...fault.details, text: `${fault.expression?.[0] ?? 'PlanDefinition'}: ${fault.details?.text ?? ''}` },
})

interface Looking {
  plan: PlanDefinition
  beside: Library[]
  environment: CheckEnvironment
  inspector: LibraryInspector
  /** Libraries by canonical, each looked at once. */
  reports: Map<string, Promise<Found>>
}

/** A library that conditions may name; why it cannot be used otherwise. */
interface Found {
  library?: Library
  report?: Awaited<ReturnType<LibraryInspector['inspect']>>
  faults: string[]
}

async function libraryIssues(canonical: string, expression: string, looking: Looking): Promise<Issue[]> {
  const { faults } = await lookAt(canonical, looking)
  return faults.map((text) => issue('business-rule', { text: `${expression} ${text}`, expression }))
}

function lookAt(canonical: string, looking: Looking): Promise<Found> {
  const found = looking.reports.get(canonical) ?? find(canonical, looking)
  looking.reports.set(canonical, found)
  return found
}

async function find(canonical: string, { plan, beside, environment, inspector }: Looking): Promise<Found> {
  const { url, version } = parseCanonical(canonical)
  const fits = (each: Library) => {
    const own = artefactCanonical(each)
    return own?.url === url && (version === undefined || own.version === version)
  }
  const candidates = [...beside.filter(fits), ...librariesOf(await environment.find('Library', canonical)).filter(fits)]
  const library = candidates.find((each) => statusOf(each) === 'active') ?? candidates[0]
  const fault = (text: string) => `names ${canonical}, ${text}`
  if (!library) return { faults: [fault('which is not known to this server')] }
  const report = await inspector.inspect(library)
  const faults: string[] = []
  if (version === undefined)
    faults.push(fault('without a version: a later one of the library would change what this rule set decides'))
  if (statusOf(plan) === 'active' && statusOf(library) !== 'active')
    faults.push(fault(`which is ${statusOf(library) ?? 'without status'}, and not active: publish it first`))
  if (report.language === undefined) faults.push(fault('which holds no rules'))
  const [first] = report.issues.filter(isError)
  if (first) faults.push(fault(`which cannot be run: ${first.details?.text ?? first.code}`))
  return { library, report, faults }
}

async function conditionIssues(condition: Condition, at: string, looking: Looking): Promise<Issue[]> {
  const { expression = '', reference } = condition.expression ?? {}
  const own = looking.plan.library ?? []
  const canonical = reference ?? (own.length === 1 ? own[0] : undefined)
  if (canonical === undefined) {
    const text = `${at} names no library, and the PlanDefinition ${own.length === 0 ? 'none either' : 'several'}`
    return [issue('required', { text, expression: at })]
  }
  const { library, report } = await lookAt(canonical, looking)
  const told = reference === undefined ? [] : await libraryIssues(canonical, `${at}.reference`, looking)
  if (!library || !report || report.issues.some(isError)) return told
  const fault = (text: string, more: Partial<Issue> = {}): Issue => ({
    ...issue('business-rule', { text: `${at} ${text}`, expression: at }),
    ...more,
  })
  switch (languageOf(condition)) {
    case 'text/cql-identifier':
      return [...told, ...defineIssues(unquote(expression), report, fault)]
    case 'text/cql': {
      const inspected = await looking.inspector.inspectExpression(expression, library)
      const faults = inspected.issues.map((each) =>
        fault(each.details?.text ?? each.code, each.diagnostics ? { diagnostics: each.diagnostics } : {}),
      )
      if (inspected.type !== undefined && inspected.type !== boolean)
        faults.push(fault(`is ${inspected.type}, and not Boolean`))
      return [...told, ...faults]
    }
    case 'application/certlogic+json':
      if (report.language !== 'certlogic') return [...told, fault(`names ${canonical}, which is no CertLogic`)]
      return unquote(expression) === 'Logic'
        ? told
        : [...told, fault(`names '${expression}'; the one define of CertLogic is Logic`)]
    default:
      return told
  }
}

/** Codes that R4's binding is only an example of are languages, too. */
const languageOf = ({ expression }: Condition): string | undefined => expression?.language

const boolean = 'System.Boolean'

function defineIssues(
  name: string,
  { defines, language }: NonNullable<Found['report']>,
  fault: (text: string) => Issue,
): Issue[] {
  if (language === 'certlogic') return [fault(`is a define of CQL; the library is CertLogic`)]
  const define = defines.find((each) => each.name === name)
  if (!define) {
    const near = nearestName(
      name,
      defines.map((each) => each.name),
    )
    const hint = near === undefined ? '' : `; the nearest is "${near}"`
    return [fault(`names the define "${name}", which the library does not have${hint}`)]
  }
  if (define.type === boolean) return []
  // ELM that comes without types: a run can tell.
  if (define.type === undefined)
    return [{ ...fault(`names the define "${name}", whose type the ELM does not say`), severity: 'warning' }]
  return [fault(`names the define "${name}", which is ${define.type} and not Boolean`)]
}
